"""Random requests about what the host lends a machine: memslots of KVM and of vhost backends, enclave memory, and the
interrupt controller that an hv-balloon needs. QEMU is shown such hosts by ``host.c``.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule

from . import runner
from .rules_memory import (
    BUSES,
    DEVICE_IDS,
    GIB,
    JUNK,
    MIB,
    PCI_ADDRESSES,
    BackendRules,
    DimmRules,
    Host,
    KindRules,
    machines,
)

NO_HOST, NO_KVM = (runner.no_simulated_host(kvm=kvm) for kvm in (False, True))
"""Why no host can be simulated for QEMU, or none with KVM; empty if it can."""

_SOCKETS = "".join(f" -chardev socket,id=c{number},path=<tmp>/vhost-user" for number in range(10))
_BACKENDS = (
    " -object memory-backend-ram,id=hm,size=4G,reserve=off -object memory-backend-ram,id=hl,size=40G,reserve=off"
    " -object memory-backend-ram,id=hd,size=256M"
)
_EPCS = " -object memory-backend-epc,id=e0,size=64M -object memory-backend-epc,id=e1,size=32M"

# How many memslots there are beyond the least; from 509 on, virtio-mem and hv-balloon have something to decide.
_MORE = st.sampled_from([0, 1, 2, 3, 5, 8, 500, 509, 512, 600, 30000])
_VHOST_MEMSLOTS = st.sampled_from([2, 3, 4, 5, 6, 8, 64, 508, 509, 512, 1000, 1])
_MOSTLY = st.sampled_from([True, False, True])


def _one_of(usual: str, odd: str = "") -> st.SearchStrategy[str]:
    return st.sampled_from([*usual.split(), *odd.split(), *usual.split() * 2])


_SECTION = _one_of(
    "memdev=e0,node=0 memdev=e1,node=0", "memdev=e1,node=1 memdev=e0,node=7 memdev=hd,node=0 memdev=x,node=0"
)
_HYPERV = _one_of(",hv-vpindex,hv-synic", ",hv-vpindex")
_BALLOON = _one_of(
    """
    hv-balloon,id=hb hv-balloon,id=hb,status-report=on hv-balloon,id=hb,memdev=hm,status-report=on
    hv-balloon,id=hb,memdev=hm hv-balloon,memdev=hl hv-balloon,id=hb,memdev=hd,addr=0x1000000000
    """,
    """
    hv-balloon,id=hb,memdev=hm,addr=0x12345000 hv-balloon,id=hb,addr=4096 hv-balloon,memdev=hd,instanceid=x
    hv-balloon,memdev=pc.ram virtio-balloon-pci vmbus-bridge
    """,
)
_NOT_IN_A_NODE = ("hv-balloon", ".node=1", ".node=7")
_COLD_MEMORY = """
    pc-dimm,id=d9,memdev=hd virtio-mem-pci,id=d8,memdev=hm,dynamic-memslots=on virtio-mem-pci,id=d7,memdev=hl
"""
_COLD_VHOST = """
    vhost-vsock-pci,id=d6,guest-cid=3 vhost-scsi-pci,id=d5,wwpn=naa.5001405bd4e9476d vhost-user-rng-pci,id=d4,chardev=c9
"""


@st.composite
def hosts(draw: st.DrawFn, boot_memslots: int) -> Host:
    """A simulated host, and what a machine makes of it. Some of the machines do not start."""
    settings, machine, args, devices, cold = [], "", _BACKENDS, [], _COLD_MEMORY
    if draw(_MOSTLY):
        settings.append("sgx=64G")
        args += _EPCS
        for number, section in enumerate(draw(st.lists(_SECTION, max_size=2, unique=True))):
            machine += "".join(f",sgx-epc.{number}.{setting}" for setting in section.split(","))
    if draw(_MOSTLY):
        settings.append(f"vhost-memslots={draw(_VHOST_MEMSLOTS)}")
        args += _SOCKETS
        cold += _COLD_VHOST
    devices = draw(st.lists(st.sampled_from(cold.split()), max_size=2, unique=True))
    if draw(_MOSTLY) and not NO_KVM:
        # QEMU 10.0.2 dies where the boot memory, or what is cold-plugged next to it, finds no slot.
        least = boot_memslots + machine.count("memdev") + sum("memdev" in device for device in devices)
        machine += ",smm=off"  # not every host's KVM has it
        settings += draw(st.lists(_MORE.map(lambda more: f"kvm-memslots={least + more}"), max_size=1))
        args += " -accel kvm -cpu qemu64"
        if draw(_MOSTLY):
            settings.append("synic=on")
            args += draw(_HYPERV)
            devices = [
                "vmbus-bridge",
                draw(_BALLOON),
                *devices,
                *([draw(_BALLOON)] if draw(st.integers(0, 5)) == 3 else []),
            ]
    return Host(",".join(settings), machine, args + "".join(f" -device {device}" for device in devices))


_KINDS = """
    vsock scsi user-blk user-fs user-scsi user-vsock user-rng user-gpio user-i2c user-input user-snd user-rng vsock scsi
"""
VHOST_TYPES = st.sampled_from(
    [
        *(f"vhost-{kind}-pci" for kind in _KINDS.split()),
        *("vhost-vsock-pci-non-transitional", "vhost-scsi-pci-transitional", "vhost-user-blk-pci-transitional"),
        *("vhost-user-device-pci", "vhost-user-fs-device"),
    ]
)
VHOST_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "addr": PCI_ADDRESSES,
        "guest_cid": st.sampled_from([2, 0, 2**32]),
        "wwpn": st.sampled_from(["", "x"]),
        "chardev": st.sampled_from(["nope", "", "c0", "m0"]),
        "tag": st.sampled_from(["", "x" * 37]),
        "num_queues": st.sampled_from([0, 1, 2, 1024, 1025]),
        "queue_size": st.sampled_from([0, 64, 100, 1024, 2048]),
        "vhostfd": st.sampled_from(["x", "-1"]),
        "packed": st.booleans(),
    },
)


def usual_options(driver: str, number: int) -> dict[str, Any]:
    """What ``driver`` must be told."""
    if "user" not in driver:
        return {"guest_cid": 3 + number} if "vsock" in driver else {"wwpn": f"naa.5001405bd4e9476{number}"}
    return {"chardev": f"c{number}"} | ({"tag": "t"} if "-fs-" in driver else {})


class HostRules(KindRules):
    """Memory devices among others that need memslots, enclave memory, and Hyper-V's balloon."""

    machines = machines(hosts, (65536, 4096, 400 << 10, 200 << 10, 0, 100 << 10, 65536))
    lent = 0

    def ask(self, command: str, **arguments: Any) -> bool:
        """As ever, less what QEMU 10.0.2 dies of with a memory device whose node may not be there."""
        assert self.pair is not None
        args = self.pair.section.headers["args"]
        if arguments.get("command_line") == "info numa" and any(word in args for word in _NOT_IN_A_NODE):
            return False
        return super().ask(command, **arguments)

    def plug_somewhere(self, driver: str, options: dict[str, Any]) -> list[str]:
        """The new id of a device on PCI, if there was room where it went."""
        assert self.pair is not None
        bus = {"bus": f"rp{self.lent % 3}"} if "id=rp0" in self.pair.section.headers["args"] else {}
        id = f"v{self.lent}"
        self.lent += 1
        return [id] if self.ask("device_add", driver=driver, id=id, **bus, **options) else []

    @rule(target=DimmRules.dimms, drivers=st.lists(VHOST_TYPES, min_size=1, max_size=4))
    def plug_vhost(self, drivers: list[str]) -> Any:
        ids = [id for driver in drivers for id in self.plug_somewhere(driver, usual_options(driver, self.lent % 10))]
        return multiple(*ids)

    @rule(
        target=DimmRules.dimms,
        sizes=st.lists(st.sampled_from([4 * GIB, 16 * GIB, 40 * GIB, GIB]), min_size=1, max_size=3),
        options=st.fixed_dictionaries({"dynamic_memslots": st.just(True)}, optional={"requested_size": st.just(GIB)}),
    )
    def plug_deciding_virtio_mem(self, sizes: list[int], options: dict[str, Any]) -> Any:
        ids: list[str] = []
        for size in sizes:
            memdev = f"l{self.lent}"
            self.ask("object-add", qom_type="memory-backend-ram", id=memdev, size=size, reserve=False)
            ids += self.plug_somewhere("virtio-mem-pci", {"memdev": memdev, **options})
        return multiple(*ids)

    @rule(
        target=DimmRules.dimms,
        driver=VHOST_TYPES,
        id=DEVICE_IDS,
        number=st.integers(0, 9),
        bus=BUSES,
        options=VHOST_OPTIONS,
    )
    def plug_odd_vhost(self, driver: str, id: str, number: int, bus: dict[str, str], options: dict[str, Any]) -> Any:
        options = usual_options(driver, number) | options
        return id if self.ask("device_add", driver=driver, id=id, **bus, **options) else multiple()

    @rule(
        target=BackendRules.backends,
        id=st.sampled_from(["h0", "h1", "h2"]),
        size=st.sampled_from([4 * GIB, 16 * GIB, 100 * GIB]),
        share=st.booleans(),
    )
    def add_large_backend(self, id: str, size: int, share: bool) -> Any:
        added = self.ask("object-add", qom_type="memory-backend-ram", id=id, size=size, share=share, reserve=False)
        return id if added else multiple()

    # Without share=off: the kernel's file refuses that, the one that host.c shows does not. Nor is anything allocated
    # beforehand: that one is empty.
    @rule(
        target=BackendRules.backends,
        id=st.sampled_from(["e0", "e1", "e2", "e3", "m9"]),
        size=st.sampled_from([64 * MIB, 2 * MIB, 128 * MIB, 4096, 1000, 0]),
        options=st.fixed_dictionaries({}, optional={"merge": st.booleans(), "dump": st.booleans()}),
    )
    def add_enclave_memory(self, id: str, size: int, options: dict[str, Any]) -> Any:
        added = self.ask("object-add", qom_type="memory-backend-epc", id=id, size=size, **options)
        return id if added else multiple()

    @rule(id=st.sampled_from(["e0", "e1", "e2", "e3", "hm", "hl", "hd", "h0", "l0"]))
    def remove_lent_memory(self, id: str) -> None:
        self.ask("object-del", id=id)

    @rule(
        driver=st.sampled_from(["hv-balloon", "sgx-epc", "vmbus-bridge"]),
        options=st.fixed_dictionaries(
            {},
            optional={
                "id": DEVICE_IDS,
                "memdev": st.sampled_from(["e0", "hm", "m0", "nope"]),
                "bus": st.sampled_from(["vmbus", "pci.0", "main-system-bus", "nope"]),
                "addr": st.sampled_from([0, 32 * GIB, "x"]),
                "node": st.sampled_from([0, 1, -1]),
                "status_report": st.booleans(),
            },
        ),
    )
    def plug_what_cannot_be_plugged(self, driver: str, options: dict[str, Any]) -> None:
        self.ask("device_add", driver=driver, **options)

    @rule(
        property=st.sampled_from(["addr", "memdev", "status-report", "instanceid", "legacy-memdev", "type", "nope"]),
        value=JUNK | st.sampled_from(["hm", "auto", True, 0]),
    )
    def change_hv_balloon(self, property: str, value: Any) -> None:
        self.ask("qom-set", path="/machine/peripheral/hb", property=property, value=value)

    @rule(
        path=st.sampled_from(
            ["/machine/peripheral/hb", "/machine", "e0", "hm", "/machine/peripheral/hb/hv-balloon[0]"]
        ),
        property=st.sampled_from(["addr", "memdev", "status-report", "size", "sgx-epc", "share", "type"]),
    )
    def get_property_of_what_is_lent(self, path: str, property: str) -> None:
        self.ask("qom-get", path=path, property=property)

    @rule(
        command=st.sampled_from(
            [
                *("query-sgx", "query-hv-balloon-status-report", "query-balloon", "query-kvm", "info sgx"),
                *("info balloon", "info kvm"),
            ]
        )
    )
    def ask_about_the_host(self, command: str) -> None:
        if command.startswith("info"):
            self.ask("human-monitor-command", command_line=command)
        else:
            self.ask(command)

    @rule(value=st.sampled_from([GIB, 64 * MIB, 1, 0, -1, 2**40, "x"]))
    def set_balloon(self, value: Any) -> None:
        self.ask("balloon", value=value)
