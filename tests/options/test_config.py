"""What a command line becomes."""

from __future__ import annotations

import io
import os
import re
import shlex

import pytest

from qmpd.config import FdConfig, MonitorConfig, Phase, VmConfig
from qmpd.errors import StartupError
from qmpd.options.report import Report, StartupExit
from qmpd.qemu_argv import main, parse

from .command_lines import DATA

GIB = 1 << 30

# As libvirt 11.3 gives it, with less of everything.
LIBVIRT = """
-name guest=vm1,debug-threads=on -S
-object '{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/run/master-key.aes"}'
-machine pc-q35-10.0,usb=off,dump-guest-core=off,nvdimm=on,hpet=off,acpi=on -accel tcg -cpu qemu64
-m size=1048576k,slots=8,maxmem=16777216k -overcommit mem-lock=off -smp 2,sockets=2,cores=1,threads=1
-object '{"qom-type":"memory-backend-ram","id":"ram-node0","size":1073741824}'
-numa node,nodeid=0,cpus=0-1,memdev=ram-node0 -uuid 550E8400-e29b-41d4-a716-446655440000
-display none -no-user-config -nodefaults
-chardev socket,id=charmonitor,fd=21,server=on,wait=off -mon chardev=charmonitor,id=monitor,mode=control
-rtc base=utc -no-shutdown -boot strict=on
-device '{"driver":"pcie-root-port","port":8,"chassis":1,"id":"pci.1","bus":"pcie.0","multifunction":true,"addr":"0x1"}'
-device '{"driver":"pc-dimm","node":0,"memdev":"memdimm0","id":"dimm0","slot":0}'
-audiodev '{"id":"audio1","driver":"none"}' -global ICH9-LPC.noreboot=off -watchdog-action reset
-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -msg timestamp=on
"""


def config_of(command_line: str) -> VmConfig:
    return parse(shlex.split(command_line))


def failure_at(config: VmConfig, phase: Phase) -> str:
    with pytest.raises(StartupError) as failed:
        config.raise_problems(phase)
    return failed.value.errors[0].desc


class TestALibvirtDomain:
    @pytest.fixture
    def config(self) -> VmConfig:
        return config_of(LIBVIRT)

    def test_has_its_names(self, config: VmConfig) -> None:
        assert (config.name, config.uuid) == ("vm1", "550e8400-e29b-41d4-a716-446655440000")

    def test_has_its_machine(self, config: VmConfig) -> None:
        assert config.machine == "pc-q35-10.0"
        assert config.machine_options == {
            "usb": "off",
            "dump-guest-core": "off",
            "nvdimm": "on",
            "hpet": "off",
            "acpi": "on",
        }
        assert ([entry.values["accel"] for entry in config.accels], config.cpu) == (["tcg"], "qemu64")
        assert config.smp == {"cpus": 2, "sockets": 2, "cores": 1, "threads": 1}
        assert config.boot == {"strict": True}

    def test_has_its_memory(self, config: VmConfig) -> None:
        assert (config.memory_size, config.memory_slots, config.memory_max) == (GIB, 8, 16 * GIB)
        assert [entry.values for entry in config.numa] == [
            {"type": "node", "nodeid": 0, "cpus": [0, 1], "memdev": "ram-node0"}
        ]

    def test_has_its_objects_and_devices(self, config: VmConfig) -> None:
        assert [entry.values["id"] for entry in (*config.early_objects, *config.objects)] == ["masterKey0", "ram-node0"]
        assert [entry.values["id"] for entry in config.devices] == ["pci.1", "dimm0"]
        assert all(entry.typed for entry in (*config.early_objects, *config.objects, *config.devices))
        assert config.globals == [("ICH9-LPC", "noreboot", "off")]

    def test_has_its_monitor(self, config: VmConfig) -> None:
        (chardev,) = config.chardevs
        assert (chardev.id, chardev.backend, chardev.fd) == ("charmonitor", "socket", 21)
        assert (chardev.server, chardev.wait) == (True, False)
        (monitor,) = config.monitors
        assert (monitor.chardev, monitor.control, monitor.pretty) == ("charmonitor", True, False)

    def test_has_its_actions(self, config: VmConfig) -> None:
        assert config.actions == {"shutdown": "pause", "watchdog": "reset"}

    def test_starts_stopped_and_bare_with_times_in_its_messages(self, config: VmConfig) -> None:
        assert config.stopped
        assert not config.default_devices
        assert config.message_timestamp

    def test_notes_what_means_nothing_here(self, config: VmConfig) -> None:
        assert [origin.split()[0] for origin in config.ignored] == ["-overcommit", "-sandbox"]

    def test_has_nothing_wrong_with_it(self, config: VmConfig) -> None:
        assert config.problems == []


def test_the_probe_of_libvirt_daemonizes_with_a_pid_file() -> None:
    config = config_of(
        "-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:tcg"
        " -qmp unix:/run/qmp.monitor,server=on,wait=off -pidfile /run/qmp.pid -daemonize"
    )
    assert (config.machine, [entry.values["accel"] for entry in config.accels]) == ("none", ["kvm", "tcg"])
    assert (config.daemonize, config.pidfile) == (True, "/run/qmp.pid")
    assert [(chardev.id, chardev.path) for chardev in config.chardevs] == [("compat_monitor0", "/run/qmp.monitor")]
    origin = "-qmp unix:/run/qmp.monitor,server=on,wait=off"
    assert config.monitors == [MonitorConfig("compat_monitor0", origin, control=True, pretty=False)]
    assert config.problems == []


def test_memory_options_add_up_over_repetitions() -> None:
    config = config_of("-m 1G -m 512 -m slots=2,maxmem=8G")
    assert (config.memory_size, config.memory_slots, config.memory_max) == (512 << 20, 2, 8 * GIB)


def test_memory_not_mentioned_or_zero_is_not_given() -> None:
    assert config_of("").memory_size is None
    assert config_of("-m 0").memory_size is None


def test_a_backend_for_the_main_memory_is_no_property() -> None:
    config = config_of("-machine q35,memory-backend=m0")
    assert (config.memory_backend, config.machine_options) == ("m0", {})


def test_machine_options_keep_their_tree_and_lose_their_underscores() -> None:
    config = config_of("-machine q35,sgx-epc.0.memdev=e0,sgx-epc.0.node=0,max_ram_below_4g=1G")
    assert config.machine_options == {"sgx-epc": [{"memdev": "e0", "node": "0"}], "max-ram-below-4g": "1G"}


def test_options_for_the_firmware_are_properties_of_the_machine() -> None:
    config = config_of("-kernel k -initrd i -append 'a b' -bios b -usb -nographic -monitor none -serial none")
    assert config.machine_options == {
        "kernel": "k",
        "initrd": "i",
        "append": "a b",
        "firmware": "b",
        "usb": "on",
        "graphics": "off",
    }


def test_objects_stand_in_the_order_of_their_creation() -> None:
    config = config_of(
        "-object memory-backend-ram,id=m,size=1M -object iothread,id=i"
        " -object thread-context,id=t -object rng-egd,id=r,chardev=c"
    )
    assert [entry.values["id"] for entry in (*config.early_objects, *config.objects)] == ["t", "i", "m", "r"]


def test_members_of_an_object_have_their_types_in_either_syntax() -> None:
    short = config_of("-object memory-backend-ram,id=m,size=1M,share=on,host-nodes=0-1,host-nodes=3,policy=bind")
    json = config_of(
        """-object '{"qom-type":"memory-backend-ram","id":"m","size":1048576,"share":true,"""
        """"host-nodes":[0,1,3],"policy":"bind"}'"""
    )
    assert short.objects[0].values == json.objects[0].values
    assert short.objects[0].typed


def test_devices_given_as_json_come_after_the_others() -> None:
    config = config_of("""-device '{"driver":"pc-dimm","id":"j"}' -device pc-dimm,id=o,slot=1 -set device.o.slot=2""")
    assert [(entry.values, entry.typed) for entry in config.devices] == [
        ({"id": "o", "driver": "pc-dimm", "slot": "2"}, False),
        ({"driver": "pc-dimm", "id": "j"}, True),
    ]


def test_numa_nodes_that_are_wrong_say_so_when_their_turn_comes() -> None:
    config = config_of("-numa node -numa node,nodeid=x")
    config.numa[0].check()
    with pytest.raises(StartupError) as failed:
        config.numa[1].check()
    assert failed.value.origin == "-numa node,nodeid=x"
    assert failed.value.errors[0].desc == "Parameter 'nodeid' expects a uint64 value"


def test_globals_come_in_both_syntaxes() -> None:
    config = config_of("-global a.b=c.d=e -global driver=a,property=b,value=c")
    assert config.globals == [("a", "b", "c.d=e"), ("a", "b", "c")]


def test_accelerators_keep_their_properties_and_origins() -> None:
    config = config_of("-accel kvm -accel tcg,thread=single")
    assert [(entry.values, entry.origin) for entry in config.accels] == [
        ({"accel": "kvm"}, "-accel kvm"),
        ({"accel": "tcg", "thread": "single"}, "-accel tcg,thread=single"),
    ]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("-qmp unix:/a,,b,server=on", {"backend": "socket", "path": "/a,b", "server": True, "wait": True}),
        ("-qmp tcp:localhost:4444,server=on,wait=off", {"host": "localhost", "port": "4444", "wait": False}),
        ("-qmp tcp::4444", {"host": "", "port": "4444", "server": False}),
        ("-qmp unix:/a,reconnect=2", {"path": "/a", "reconnect_ms": 2000}),
        ("-qmp unix:/a,reconnect-ms=5", {"path": "/a", "reconnect_ms": 5}),
        ("-qmp stdio", {"backend": "stdio"}),
        ("-qmp pty", {"backend": "pty", "path": ""}),
        ("-qmp pty:/run/link", {"backend": "pty", "path": "/run/link"}),
        ("-qmp file:/dev/fdset/2", {"backend": "file", "path": "/dev/fdset/2"}),
        ("-chardev file,id=f,path=/x,append=on", {"backend": "file", "path": "/x", "append": True}),
        ("-chardev socket,id=c,host=h,port=1,telnet=on,server=on", {"host": "h", "telnet": True}),
    ],
)
def test_character_devices_are_read(option: str, expected: dict[str, object]) -> None:
    (chardev,) = config_of(f"-nodefaults {option}").chardevs
    assert {name: getattr(chardev, name) for name in expected} == expected


def test_each_short_monitor_gets_a_device_of_its_own() -> None:
    config = config_of("-nodefaults -qmp null -qmp-pretty null -monitor null")
    assert [(monitor.chardev, monitor.control, monitor.pretty) for monitor in config.monitors] == [
        ("compat_monitor0", True, False),
        ("compat_monitor1", True, True),
        ("compat_monitor2", False, False),
    ]


def test_a_monitor_shared_with_a_serial_port_sits_on_a_multiplexer() -> None:
    config = config_of("-nodefaults -serial mon:stdio")
    assert [(chardev.id, chardev.backend, chardev.base) for chardev in config.chardevs] == [
        ("serial0-base", "stdio", ""),
        ("serial0", "mux", "serial0-base"),
    ]
    assert [(monitor.chardev, monitor.control) for monitor in config.monitors] == [("serial0", False)]
    assert config.serials == ["serial0"]


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ("", {"compat_monitor0", "serial0", "parallel0"}),
        ("-qmp stdio", {"compat_monitor0", "serial0", "parallel0"}),
        ("-nodefaults", set()),
        ("-machine none -qmp stdio", {"compat_monitor0"}),
        ("-qmp stdio -serial null -parallel none", {"compat_monitor0", "serial0"}),
        ("-qmp stdio -chardev null,id=c -device isa-serial,chardev=c", {"c", "compat_monitor0", "parallel0"}),
        ("-nographic", {"serial0", "serial0-base", "parallel0"}),
        ("-nodefaults -debugcon null", {"debugcon"}),
    ],
)
def test_ports_that_nobody_mentions_are_connected_as_qemu_does(options: str, labels: set[str]) -> None:
    config = config_of(f"-display none {options}")
    assert {chardev.id for chardev in config.chardevs} == labels
    assert config.problems == []


def test_an_inherited_descriptor_is_kept_for_its_set() -> None:
    reader, writer = os.pipe()
    try:
        os.set_inheritable(reader, True)
        config = config_of(f"-add-fd fd={reader},set=7,opaque=serial0-source")
        assert config.fds == [FdConfig(reader, 7, "serial0-source")]
        with pytest.raises(StartupError, match="fd is not valid or already in use"):
            config_of(f"-add-fd fd={writer},set=7")
    finally:
        os.close(reader)
        os.close(writer)


def test_of_several_mistakes_the_earliest_phase_counts() -> None:
    config = config_of("-accel tcg -machine q35,accel=tcg -smp x -chardev nosuch,id=c -rtc clock=x -mon nosuch")
    assert failure_at(config, Phase.SETUP) == "invalid option value 'x'"
    config.problems = [problem for problem in config.problems if problem.phase > Phase.SETUP]
    config.raise_problems(Phase.SETUP)
    assert failure_at(config, Phase.LATE_BACKENDS) == "'nosuch' is not a valid char driver name"
    assert [problem.phase for problem in sorted(config.problems)] == [
        Phase.BACKENDS,
        Phase.ACCELERATORS,
        Phase.LATE_BACKENDS,
    ]


def test_a_configuration_file_says_the_same_as_options() -> None:
    config = config_of(f"-nodefaults -readconfig {DATA / 'good.cfg'}")
    assert (config.name, config.machine, config.machine_options) == ("from file", "q35", {"usb": "off"})
    assert (config.memory_size, config.memory_slots, config.memory_max) == (256 << 20, 2, GIB)
    assert config.smp == {"cpus": 2, "sockets": 2}
    assert config.objects[0].values == {"qom-type": "memory-backend-ram", "id": "m0", "size": 128 << 20}
    assert config.devices[0].values == {"id": "d0", "driver": "pc-dimm", "memdev": "m0"}
    assert re.fullmatch(r":.*/good\.cfg:\d+", config.devices[0].origin)
    assert config.monitors[0].chardev == "c0"


def test_messages_carry_the_time_once_asked_for() -> None:
    said = io.StringIO()
    report = Report("PROG", stream=said)
    with pytest.raises(StartupError) as failed:
        parse(["-msg", "timestamp=on", "-uuid", "x"], report)
    report.startup_error(failed.value)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z PROG: -uuid x: failed to parse UUID string: wrong format\n",
        said.getvalue(),
    )


def test_a_machine_reports_in_the_style_it_was_asked_for() -> None:
    config = config_of("-name abc -msg guest-name=on")
    report = Report.of(config)
    assert (report.shows_guest_name, report.guest_name, report.timestamp) == (True, "abc", False)


def test_the_version_is_qemus(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StartupExit):
        config_of("-version")
    assert capsys.readouterr().out == "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)\n"


def test_the_program_names_itself_by_the_last_part_of_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/usr/bin/qmpd-system-x86_64", "-foo"]) == 1
    assert capsys.readouterr().err == "qmpd-system-x86_64: -foo: invalid option\n"
