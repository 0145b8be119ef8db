"""qmpd and a real QEMU side by side: the same random requests to both, every answer compared, byte for byte.

The rules say what may be asked, one class for each subject; a further kind of device is one more class among the bases
of ``SideBySide``. What an answer should be is nowhere said: QEMU says it.

``python -m tests.conformance.differential [--seconds N] [--sequences N] [--seed N] [--self-test]``
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from . import runner
from .pair import Difference, Pair, reduced
from .runner import Launch

MIB = 1 << 20
GIB = 1 << 30
EXAMPLES = 2  # sequences for one seed, between two looks at the time
STEPS = 100
REDUCING_SECONDS = 30.0

# Asked after every step: together, the whole state that memory devices have.
STATE = (
    "query-memory-devices",
    "query-memory-size-summary",
    "query-memdev",
    "query-acpi-ospm-status",
    "qom-list /machine/peripheral",
    "qom-list /machine/peripheral-anon",
    "qom-list /objects",
)

# Values that some property does not take. Nothing of which QEMU 10.0.2 dies: no size close to 2^64, no realized=true.
JUNK = st.sampled_from([None, False, "", "x", "1", 1.5, 1.0, [], [1], {}, {"a": 1}, 7, 2**31, 2**32, 2**63 - 1, 2**64])


def request_line(text: str) -> bytes:
    """``COMMAND`` or ``COMMAND PATH`` as a request."""
    command, _, path = text.partition(" ")
    return json.dumps({"execute": command, "arguments": {"path": path} if path else {}}).encode() + b"\n"


# hypothesis likes the ends of a list best: the usual stands there, the odd in the middle.
MACHINES = [*["q35", "pc"] * 3, "q35,acpi=off", "isapc", "pc-q35-2.10", "pc-i440fx-4.2", *["q35", "pc"] * 3]


COLD_PLUGGED = st.sampled_from(
    [
        *("pci-bridge,id=cb,chassis_nr=9", "pci-bridge,id=cc,chassis_nr=8,shpc=off", "virtio-net-pci,id=cn"),
        *("virtio-balloon-pci,id=cv", "e1000,id=ce,addr=1a.0,multifunction=on", "qemu-xhci", "virtio-scsi-pci"),
        *("virtio-rng-pci,id=cr,addr=1b", "lsi53c895a", "ich9-ahci,id=ca", "e1000,mac=52:54:00:12:34:57"),
    ]
)


@st.composite
def machine_args(draw: st.DrawFn) -> str:
    """A machine that starts: of either kind, with or without a region, slots and nodes."""
    machine = draw(st.sampled_from(MACHINES))
    ram = draw(st.sampled_from([1024, 128, 2816, 3072, 3584, 4096, 5000]))
    if machine == "isapc":
        return f"-machine isapc -m {min(ram, 1024)}M"
    room = draw(st.sampled_from([4096, 65536, 3000, 1024, 512, 0, 2, 2048, 6000, 8192]))
    slots = draw(st.sampled_from([4, 8, 256, 1, 6, 0, 2, 32, 12, 16]))
    memory = f"-m {ram}M" + f",slots={slots},maxmem={ram + room}M" * bool(room)
    nodes = draw(st.integers(0, 3))
    sizes = [ram - ram // 4 * (nodes - 1), *[ram // 4] * (nodes - 1)][:nodes]
    backends = "".join(
        f" -object memory-backend-ram,id=r{node},size={size}M -numa node,memdev=r{node}"
        for node, size in enumerate(sizes)
    )
    nvdimm = ",nvdimm=on" * draw(st.sampled_from([True, True, False]))
    ports = "".join(f" -device pcie-root-port,id=rp{port},slot={port}" for port in range(3) if "q35" in machine)
    cold = "".join(f" -device {device}" for device in draw(st.lists(COLD_PLUGGED, max_size=4, unique=True)))
    return f"-machine {machine}{nvdimm} {memory}{backends}{ports}{cold}"


class Base(RuleBasedStateMachine):
    """The two emulators, and the comparison of their state after each step."""

    ours: Launch
    theirs: Launch
    pair: Pair | None = None

    def ask(self, command: str, **arguments: Any) -> bool:
        assert self.pair is not None
        return self.pair.ask(command, **arguments)

    @invariant()
    def the_whole_state_is_the_same(self) -> None:
        if self.pair is not None:
            self.pair.tell(b"".join(map(request_line, STATE)), changes=False)

    def teardown(self) -> None:
        if self.pair is not None:
            self.pair.close()


SIZES = st.sampled_from([128, 256, 128, 256, 64, 2, 4, 130, 512, 1024, 3072]).map(lambda size: size * MIB)


class BackendRules(Base):
    """The machine, and memory backends: made, changed, removed."""

    backends = Bundle("backends")

    @initialize(target=backends, args=machine_args(), sizes=st.lists(SIZES, min_size=4, max_size=4))
    def start(self, args: str, sizes: list[int]) -> Any:
        self.pair = Pair(args, type(self).ours, type(self).theirs)
        for number, size in enumerate(sizes):
            self.ask("object-add", qom_type="memory-backend-ram", id=f"m{number}", size=size)
        return multiple(*(f"m{number}" for number in range(len(sizes))))

    @rule(
        target=backends,
        id=st.sampled_from(["m4", "m5", "m6", "m7", "m8", "m9", "m0", "m1", "m2", "d0"]),
        size=SIZES | st.sampled_from([0, 1, 4096, 3 * MIB, 2 * MIB + 1]),
        options=st.fixed_dictionaries(
            {}, optional={"share": st.booleans(), "merge": st.booleans(), "prealloc_threads": st.integers(0, 3)}
        ),
    )
    def add_backend(self, id: str, size: int, options: dict[str, Any]) -> Any:
        added = self.ask("object-add", qom_type="memory-backend-ram", id=id, size=size, **options)
        return id if added else multiple()

    @rule(id=st.sampled_from(["pc.ram", "type", "0", "a b", "", "/m0", "m0"]), size=st.sampled_from([0, 2 * MIB]))
    def add_backend_of_an_odd_name(self, id: str, size: int) -> None:
        self.ask("object-add", qom_type="memory-backend-ram", id=id, size=size)

    @rule(
        property=st.sampled_from(["size", "merge", "share", "policy", "host-nodes", "qom-type", "id", "x", "reserve"]),
        value=JUNK,
    )
    def add_wrong_backend(self, property: str, value: Any) -> None:
        arguments = {"qom-type": "memory-backend-ram", "id": "w0", "size": 2 * MIB} | {property: value}
        if self.ask("object-add", **arguments):
            self.ask("object-del", id="w0")

    @rule(id=st.sampled_from(["m3", "m4", "m5", "m6", "f0", "f1", "nope", "pc.ram", "r0", "/objects/m0", "d0", ""]))
    def remove_backend(self, id: str) -> None:
        self.ask("object-del", id=id)

    @rule(
        id=backends,
        property=st.sampled_from(["size", "merge", "dump", "share", "reserve", "prealloc-threads", "nope", "type"]),
        value=JUNK,
    )
    def change_backend(self, id: str, property: str, value: Any) -> None:
        self.ask("qom-set", path=f"/objects/{id}", property=property, value=value)


ADDRESSES = (
    st.integers(0, 48).map(lambda step: 4 * GIB + step * 128 * MIB)
    | st.integers(0, 24).map(lambda step: 4 * GIB + step * 130 * MIB)
    | st.integers(4 * GIB // MIB, 16 * GIB // MIB).map(lambda size: size * MIB)
    | st.sampled_from([0, 1, 2 * MIB, 4 * GIB - 2 * MIB, 5 * GIB + 4096, 1 << 40, -1, -2 * MIB, 2**63])
)
DEVICE_IDS = st.sampled_from(
    ["d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "m0", "", "a b", "a/b", "type"]
)


LEAVERS = """
    nope m0 /machine /objects/m0 /machine/peripheral/d0 d1/ //d1 a/b /machine/peripheral-anon/device[0]
    /machine/peripheral-anon/device[1] /machine/peripheral-anon/device[2] device[0]
"""


# Where a PCI device may go: most machines have only some of these buses.
BUSES = st.sampled_from([{}, *({"bus": bus} for bus in ["rp0", "rp1", "rp2", "pci.0", "rp0", "rp1", "nope", "pcie.0"])])
PCI_ADDRESSES = st.sampled_from(["0", "1", "2", "3.0", "4.1", "1f.7", "20", "x", "", -1, 0, 8, 255, 256, 1.5])


class DimmRules(BackendRules):
    """DIMMs: plugged in every way, asked to leave."""

    dimms = Bundle("dimms")
    filled = 0

    @rule(target=dimms, sizes=st.lists(SIZES, min_size=1, max_size=5))
    def fill(self, sizes: list[int]) -> Any:
        """Plugs some fresh backends, wherever there is room."""
        first, self.filled = self.filled, self.filled + len(sizes)
        for number, size in enumerate(sizes, first):
            self.ask("object-add", qom_type="memory-backend-ram", id=f"f{number}", size=size)
        ids = {number: f"e{number}" for number in range(first, self.filled)}
        return multiple(
            *(id for number, id in ids.items() if self.ask("device_add", driver="pc-dimm", id=id, memdev=f"f{number}"))
        )

    @rule(target=dimms, id=DEVICE_IDS, memdev=BackendRules.backends)
    def plug(self, id: str, memdev: str) -> Any:
        return id if self.ask("device_add", driver="pc-dimm", id=id, memdev=memdev) else multiple()

    @rule(
        target=dimms,
        id=DEVICE_IDS,
        memdev=BackendRules.backends,
        slot=st.integers(-1, 9),
        node=st.sampled_from([0, 0, 0, 1, 2]),
    )
    def plug_into_a_slot(self, id: str, memdev: str, slot: int, node: int) -> Any:
        plugged = self.ask("device_add", driver="pc-dimm", id=id, memdev=memdev, slot=slot, node=node)
        return id if plugged else multiple()

    @rule(target=dimms, id=DEVICE_IDS, memdev=BackendRules.backends, addr=ADDRESSES)
    def plug_at_an_address(self, id: str, memdev: str, addr: int) -> Any:
        plugged = self.ask("device_add", driver="pc-dimm", id=id, memdev=memdev, addr=addr)
        return id if plugged else multiple()

    @rule(memdev=BackendRules.backends, addr=st.none() | ADDRESSES)
    def plug_without_id(self, memdev: str, addr: int | None) -> None:
        self.ask("device_add", driver="pc-dimm", memdev=memdev, **({} if addr is None else {"addr": addr}))

    @rule(
        id=DEVICE_IDS,
        memdev=st.sampled_from(["", "nope", "pc.ram", "r0", "/objects/m0", "objects/m1", "d0", "/machine", "/"]),
    )
    def plug_an_odd_backend(self, id: str, memdev: str) -> None:
        self.ask("device_add", driver="pc-dimm", id=id, memdev=memdev)

    @rule(
        memdev=BackendRules.backends,
        wrong=st.dictionaries(
            st.sampled_from(["slot", "addr", "node", "memdev", "size", "foo", "bar", "bus", "driver", "hotplugged"]),
            JUNK,
            min_size=1,
            max_size=3,
        ),
    )
    def plug_with_wrong_values(self, memdev: str, wrong: dict[str, Any]) -> None:
        self.ask("device_add", **({"driver": "pc-dimm", "id": "w", "memdev": memdev} | wrong))

    @rule(id=dimms | st.sampled_from(LEAVERS.split()))
    def ask_to_leave(self, id: str) -> None:
        self.ask("device_del", id=id)

    @rule(
        id=dimms,
        property=st.sampled_from(["addr", "slot", "node", "size", "memdev", "type", "hotplugged", "nope"]),
        value=JUNK | st.sampled_from(["m0", "m1", 0]),
    )
    def change_dimm(self, id: str, property: str, value: Any) -> None:
        self.ask("qom-set", path=f"/machine/peripheral/{id}", property=property, value=value)


_PATHS = """
    / /machine machine /machine/ /objects /objects/ //objects//m0/ /machine/peripheral d0 m0 m1 d1 /objects/m0 pc.ram
    /machine/peripheral/d0 peripheral/d1 /nope nope /objects/m0/m0[0] /machine/peripheral-anon/device[0]
    /machine/device-memory[0] /machine/peripheral/d0/memdev
"""
PATHS = st.sampled_from(["", *_PATHS.split()])


class QuestionRules(DimmRules):
    """Whatever can be asked and changes nothing; and a reset."""

    @rule(path=PATHS)
    def list_properties(self, path: str) -> None:
        self.ask("qom-list", path=path)

    @rule(
        path=PATHS,
        property=st.sampled_from(
            ["type", "size", "addr", "slot", "node", "memdev", "memory", "share", "realized", "nope"]
        ),
    )
    def get_property(self, path: str, property: str) -> None:
        self.ask("qom-get", path=path, property=property)

    @rule(
        line=st.sampled_from(
            ["info memory-devices", "info memory_size_summary", "info memdev", "info numa", "info status", "info nope"]
        )
    )
    def ask_in_words(self, line: str) -> None:
        self.ask("human-monitor-command", command_line=line)

    @rule(
        command=st.sampled_from(
            ["query-status", "query-hotpluggable-cpus", "query-cpus-fast", "stop", "nope", "system_reset"]
        )
    )
    def ask_something_else(self, command: str) -> None:
        self.ask(command)


class KindRules(QuestionRules):
    """NVDIMMs and memory devices on PCI."""

    @rule(
        target=DimmRules.dimms,
        id=DEVICE_IDS,
        memdev=BackendRules.backends,
        options=st.fixed_dictionaries(
            {},
            optional={
                "label_size": st.sampled_from([0, 1, 128 << 10, 2 * MIB, 128 * MIB]),
                "unarmed": st.booleans(),
                "slot": st.integers(-1, 4),
                "addr": ADDRESSES,
            },
        ),
    )
    def plug_nvdimm(self, id: str, memdev: str, options: dict[str, Any]) -> Any:
        plugged = self.ask("device_add", driver="nvdimm", id=id, memdev=memdev, **options)
        return id if plugged else multiple()

    @rule(
        target=DimmRules.dimms,
        id=DEVICE_IDS,
        memdev=BackendRules.backends,
        bus=BUSES,
        options=st.fixed_dictionaries(
            {},
            optional={
                "memaddr": ADDRESSES,
                "requested_size": st.sampled_from([0, 2 * MIB, 64 * MIB, MIB, GIB, -1]),
                "block_size": st.sampled_from([2 * MIB, 4 * MIB, MIB, 128 * MIB, 3 * MIB, 4096, 0]),
                "dynamic_memslots": st.booleans(),
                "unplugged_inaccessible": st.sampled_from(["on", "off", "auto"]),
                "node": st.sampled_from([0, 0, 1, 2]),
                "addr": PCI_ADDRESSES,
            },
        ),
    )
    def plug_virtio_mem(self, id: str, memdev: str, bus: dict[str, str], options: dict[str, Any]) -> Any:
        plugged = self.ask("device_add", driver="virtio-mem-pci", id=id, memdev=memdev, **bus, **options)
        return id if plugged else multiple()

    @rule(
        target=DimmRules.dimms,
        id=DEVICE_IDS,
        memdev=BackendRules.backends,
        bus=BUSES,
        options=st.fixed_dictionaries({}, optional={"memaddr": ADDRESSES, "addr": PCI_ADDRESSES}),
    )
    def plug_virtio_pmem(self, id: str, memdev: str, bus: dict[str, str], options: dict[str, Any]) -> Any:
        plugged = self.ask("device_add", driver="virtio-pmem-pci", id=id, memdev=memdev, **bus, **options)
        return id if plugged else multiple()

    @rule(
        id=DimmRules.dimms,
        size=st.sampled_from([0, 2 * MIB, 64 * MIB, MIB, 128 * MIB, GIB, -1]),
        inner=st.sampled_from(["", "", "/virtio-backend"]),
    )
    def request(self, id: str, size: int, inner: str) -> None:
        self.ask("qom-set", path=f"/machine/peripheral/{id}{inner}", property="requested-size", value=size)

    @rule(id=DimmRules.dimms, inner=st.sampled_from(["", "/virtio-backend", "/virtio-bus", "/memdev"]))
    def look_inside(self, id: str, inner: str) -> None:
        self.ask("qom-list", path=f"/machine/peripheral/{id}{inner}")


# Types that QEMU adds to a running machine when told no more than the type.
_ORDINARY = """
    virtio-rng-pci e1000 virtio-balloon-pci virtio-net-pci virtio-scsi-pci qemu-xhci AMDVI-PCI am53c974 bochs-display
    dc390 e1000-82544gc e1000e edu i6300esb i82550 ich9-ahci ich9-intel-hda igb intel-hda lsi53c810 lsi53c895a megasas
    megasas-gen2 mptsas1068 ne2k_pci nec-usb-xhci pci-serial pci-serial-2x pci-serial-4x pci-testdev pcnet
    piix3-usb-uhci piix4-usb-uhci pvpanic-pci pvscsi rtl8139 sdhci-pci secondary-vga tpci200 tulip ufs usb-ehci
    virtio-keyboard-pci virtio-mouse-pci virtio-serial-pci virtio-tablet-pci vmxnet3
    virtio-net-pci-transitional virtio-net-pci-non-transitional virtio-rng-pci-transitional
    virtio-balloon-pci-non-transitional virtio-scsi-pci-transitional virtio-serial-pci-non-transitional
"""
# ... and types that want to be told more.
_NEEDY = """
    virtio-blk-pci vhost-vsock-pci vhost-user-fs-pci virtio-9p-pci virtio-crypto-pci nvme ivshmem-plain vfio-pci
    virtio-sound-pci VGA nonesuch pci-device virtio-net-device pxb-pcie i82801b11-bridge usb-kbd
"""
PCI_TYPES = st.sampled_from([*_ORDINARY.split(), *_ORDINARY.split(), *_NEEDY.split()])
PCI_IDS = st.sampled_from([*(f"p{number}" for number in range(10)), "d0", "d1", None, None])
BRIDGE_IDS = st.sampled_from([*(f"b{number}" for number in range(5)), "p0", None])
PCI_BUSES = st.sampled_from(
    [
        *[{}, {}, *({"bus": bus} for bus in ["rp0", "rp1", "rp2", "pci.0"] * 2)],
        *({"bus": bus} for bus in ["b0", "b1", "b2", "b3", "b4", "b0", "b1", "b2", "cb", "cp"]),
        *({"bus": bus} for bus in ["nope", "pcie.0", "p0", "p0.0", "ide.0", "main-system-bus", "pci.1", "/rp0", ""]),
    ]
)
PCI_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "addr": PCI_ADDRESSES,
        "multifunction": st.booleans(),
        "acpi_index": st.sampled_from([0, 1, 2, 3, 16383, 16384]),
        "rombar": st.sampled_from([0, 1, -1]),
        "romfile": st.sampled_from(["", "nope.rom"]),
        "mac": st.sampled_from(["52:54:00:12:34:57", "52:54:00:AB:CD:ef", "x", "0:1:2:3:4:5", "52-54-00-12-34-58"]),
        "vectors": st.sampled_from([0, 1, 3, 8, 130, 4000, 2**32 - 1]),
        "bootindex": st.sampled_from([-1, 0, 1, 2]),
    },
)
BRIDGE_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "chassis": st.integers(0, 4),
        "slot": st.integers(0, 3),
        "chassis_nr": st.sampled_from([1, 1, 0, 2]),
        "shpc": st.booleans(),
        "hotplug": st.sampled_from([True, False]),
        "addr": PCI_ADDRESSES,
        "multifunction": st.booleans(),
    },
)
BRIDGES = st.sampled_from(
    [
        *["pcie-root-port", "pci-bridge", "pcie-pci-bridge", "x3130-upstream", "xio3130-downstream"] * 2,
        *["ioh3420", "i82801b11-bridge"],
    ]
)
_FRAGILE = ("virtio-mem", "virtio-pmem", "virtio-balloon", "pci-serial", "i82801b11")
_INSIDE = ["", "", "", "/virtio-backend", "/virtio-bus", "/bus master[0]", "/msix-table[0]", "/nope"]


def known_options(driver: str, options: dict[str, Any]) -> dict[str, Any]:
    """``options`` less most of those that ``driver`` does not have."""
    kept = {"addr", "multifunction", "acpi_index", "rombar", "romfile"}
    kept |= {"mac", "bootindex"} if any(part in driver for part in ("e1000", "net", "8255", "rtl", "tulip")) else set()
    kept |= {"vectors"} if driver.startswith("virtio-") and driver.endswith("-pci") else set()
    kept |= {"chassis", "slot", "hotplug"} if any(p in driver for p in ("port", "ioh", "downstream")) else set()
    kept |= {"chassis_nr", "shpc"} if driver == "pci-bridge" else set()
    if driver.startswith("virtio-"):
        kept.discard("romfile")  # QEMU 10.0.2 dies of a virtio device whose romfile does not exist,
    if driver in ("virtio-keyboard-pci", "virtio-mouse-pci", "virtio-tablet-pci"):
        kept.discard("vectors")  # and of the memory that these take for each vector.
    return {name: value for name, value in options.items() if name in kept}


class PciRules(KindRules):
    """PCI devices and bridges of all types: plugged anywhere, looked into, asked to leave."""

    pci = Bundle("pci")

    def plug(self, driver: str, id: str | None, bus: dict[str, str], options: dict[str, Any]) -> Any:
        named = {} if id is None else {"id": id}
        added = self.ask("device_add", driver=driver, **named, **bus, **known_options(driver, options))
        return id if added and id is not None else multiple()

    @rule(target=pci, driver=PCI_TYPES, id=PCI_IDS, bus=PCI_BUSES, options=PCI_OPTIONS)
    def plug_pci(self, driver: str, id: str | None, bus: dict[str, str], options: dict[str, Any]) -> Any:
        return self.plug(driver, id, bus, options)

    @rule(target=pci, driver=PCI_TYPES, id=PCI_IDS, bus=PCI_BUSES)
    def plug_plain_pci(self, driver: str, id: str | None, bus: dict[str, str]) -> Any:
        return self.plug(driver, id, bus, {})

    @rule(target=pci, driver=BRIDGES, id=BRIDGE_IDS, bus=PCI_BUSES, options=BRIDGE_OPTIONS)
    def plug_bridge(self, driver: str, id: str | None, bus: dict[str, str], options: dict[str, Any]) -> Any:
        return self.plug(driver, id, bus, options)

    @rule(line=st.sampled_from(["info qtree", "info qtree -b", "info pci", "info qom-tree /machine/peripheral"]))
    def ask_for_the_trees(self, line: str) -> None:
        self.ask("human-monitor-command", command_line=line)

    @rule(id=pci | DimmRules.dimms)
    def walk(self, id: str) -> None:
        """Look at everything in a device. One with an empty id has no path: it would lead round and round."""
        assert self.pair is not None
        paths = [f"/machine/peripheral/{id}"] if id else []
        while paths:
            path = paths.pop()
            (answer,) = self.pair.tell(request_line(f"qom-list {path}"), changes=False)
            entries = json.loads(answer).get("return", [])
            requests = [
                {"execute": "qom-get", "arguments": {"path": path, "property": entry["name"]}} for entry in entries
            ]
            self.pair.tell(b"".join(json.dumps(line).encode() + b"\n" for line in requests), changes=False)
            paths += [f"{path}/{entry['name']}" for entry in entries if entry["type"].startswith("child<")]

    @rule(
        path=st.sampled_from(
            [
                *("/machine/q35/pcie.0", "/machine/i440fx/pci.0", "/machine/peripheral/rp0/rp0"),
                *("/machine/peripheral/b0/b0", "/machine/peripheral/b1/b1", "/machine/peripheral/cb/cb", "rp1/rp1"),
            ]
        )
    )
    def look_at_bus(self, path: str) -> None:
        self.ask("qom-list", path=path)

    @rule(id=pci, inside=st.sampled_from(_INSIDE), property=st.data(), value=JUNK)
    def change_pci(self, id: str, inside: str, property: st.DataObject, value: Any) -> None:
        assert self.pair is not None
        path = f"/machine/peripheral/{id}{inside}"
        (answer,) = self.pair.tell(request_line(f"qom-list {path}"), changes=False)
        names = [entry["name"] for entry in json.loads(answer).get("return", [])]
        name = property.draw(st.sampled_from([*names, "nope"]))
        if name != "realized":
            self.ask("qom-set", path=path, property=name, value=value)

    @rule(id=pci | st.sampled_from(["rp0", "rp1", "cb", "cp", "/machine/q35/mch", "/machine/peripheral/p1"]))
    def ask_pci_to_leave(self, id: str) -> None:
        self.ask("device_del", id=id)


class SideBySide(PciRules):
    """All the rules."""

    fragile = leaving = False

    def ask(self, command: str, **arguments: Any) -> bool:
        """As ever, less a reset that completes the removal of something of whose removal then QEMU 10.0.2 dies."""
        assert self.pair is not None
        if command == "system_reset" and self.leaving and (self.fragile or "balloon" in self.pair.args):
            return False
        done = super().ask(command, **arguments)
        self.fragile |= done and str(arguments.get("driver")).startswith(_FRAGILE)
        self.leaving |= done and command == "device_del"
        return done


def run(
    ours: Launch,
    theirs: Launch,
    *,
    rules: type[Base] = SideBySide,
    seed: int | None = None,
    seconds: float = math.inf,
    sequences: float = math.inf,
) -> int:
    """Random sequences from one seed, or from fresh ones until there was enough; how many there were.

    Raises Difference, with the shortest sequence found, where the two differ.
    """
    machine = type("Rules", (rules,), {"ours": staticmethod(ours), "theirs": staticmethod(theirs)})
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    end = time.monotonic() + seconds
    for played in count(EXAMPLES, EXAMPLES):
        now = random.SystemRandom().randrange(1 << 32) if seed is None else seed
        print(f"seed {now}", flush=True)
        try:
            run_state_machine_as_test(hypothesis.seed(now)(machine), settings=settings)
        except Difference as difference:
            shorter = reduced(difference, ours, theirs, REDUCING_SECONDS)
            shorter.add_note(f"to repeat it: python -m tests.conformance.differential --seed {now}")
            raise shorter from None
        if seed is not None or time.monotonic() > end or played >= sequences:
            return played
    raise AssertionError("unreachable")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.differential", description="Compare at random.")
    parser.add_argument("--seconds", type=float, default=math.inf, help="how long to go on with fresh seeds")
    parser.add_argument("--sequences", type=float, default=math.inf, help="how many sequences to play")
    parser.add_argument("--seed", type=int, help="only the sequences of this seed")
    parser.add_argument("--self-test", action="store_true", help="QEMU on both sides: tells chance from error")
    options = parser.parse_args(argv)
    if reason := runner.qemu_is_missing():
        print(reason, file=sys.stderr)
        return 2
    if options.self_test:
        ours: Launch = runner.qemu
    else:
        from .in_process import stand_in as ours
    played = run(ours, runner.qemu, seed=options.seed, seconds=options.seconds, sequences=options.sequences)
    print(f"no difference in {played} sequences of {STEPS} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
