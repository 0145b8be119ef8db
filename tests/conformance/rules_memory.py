"""Random requests about memory: machines with room for it, backends, DIMMs, NVDIMMs and memory devices on PCI.

One class for each subject; what an answer should be is nowhere said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from .pair import Pair, machine, refused_alike
from .runner import Launch, Refused
from .transcript import Section

MIB = 1 << 20
GIB = 1 << 30

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


class Host(NamedTuple):
    """What a machine has from the host below it: the host's settings, and options for ``-machine`` and after it."""

    settings: str = ""
    machine: str = ""
    args: str = ""


THIS_HOST = st.just(Host())


@st.composite
def machines(
    draw: st.DrawFn,
    host: Callable[[int], st.SearchStrategy[Host]] = lambda boot_memslots: THIS_HOST,
    rooms: Sequence[int] = (4096, 65536, 3000, 1024, 512, 0, 2, 2048, 6000, 8192),
) -> Section:
    """A machine: of either kind, with or without a region, slots and nodes.

    ``host`` is told how many memslots the boot memory takes at most; ``rooms``: in MiB, for memory devices.
    """
    machine_type = draw(st.sampled_from(MACHINES))
    ram = draw(st.sampled_from([1024, 128, 2816, 3072, 3584, 4096, 5000]))
    nodes = draw(st.integers(0, 3)) if machine_type != "isapc" else 0
    has = draw(host(4 + max(nodes, 1) + (ram >= 2816)))
    if machine_type == "isapc":
        return machine(f"-machine isapc{has.machine} -m {min(ram, 1024)}M{has.args}", has.settings)
    room = draw(st.sampled_from(rooms))
    slots = draw(st.sampled_from([4, 8, 256, 1, 6, 0, 2, 32, 12, 16]))
    memory = f"-m {ram}M" + f",slots={slots},maxmem={ram + room}M" * bool(room)
    sizes = [ram - ram // 4 * (nodes - 1), *[ram // 4] * (nodes - 1)][:nodes]
    backends = "".join(
        f" -object memory-backend-ram,id=r{node},size={size}M -numa node,memdev=r{node}"
        for node, size in enumerate(sizes)
    )
    nvdimm = ",nvdimm=on" * draw(st.sampled_from([True, True, False]))
    ports = "".join(f" -device pcie-root-port,id=rp{port},slot={port}" for port in range(3) if "q35" in machine_type)
    cold = "".join(f" -device {device}" for device in draw(st.lists(COLD_PLUGGED, max_size=4, unique=True)))
    args = f"-machine {machine_type}{nvdimm}{has.machine} {memory}{backends}{ports}{cold}{has.args}"
    return machine(args, has.settings)


_FRAGILE = ("virtio-mem", "virtio-pmem", "virtio-balloon", "pci-serial", "i82801b11")
_PEACEFUL = ("pc-dimm", "vhost-")


class Base(RuleBasedStateMachine):
    """The two emulators, and the comparison of their state after each step."""

    ours: Launch
    theirs: Launch
    machines: ClassVar[st.SearchStrategy[Section]] = machines()
    pair: Pair | None = None
    fragile = leaving = False

    def __init__(self) -> None:
        super().__init__()
        self.peaceful: set[Any] = set()

    def ask(self, command: str, **arguments: Any) -> bool:
        """Whether it went well. Not asked: a reset that completes a removal of which then QEMU 10.0.2 dies."""
        assert self.pair is not None
        args = self.pair.section.headers["args"]
        if command == "system_reset" and self.leaving and (self.fragile or any(name in args for name in _FRAGILE)):
            return False
        done = self.pair.ask(command, **arguments)
        driver, id = str(arguments.get("driver")), arguments.get("id")
        self.fragile |= done and driver.startswith(_FRAGILE)
        if done and driver.startswith(_PEACEFUL):
            self.peaceful.add(id)
        elif done and command == "device_add":
            self.peaceful.discard(id)
        self.leaving |= done and command == "device_del" and id not in self.peaceful
        return done

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

    @initialize(
        target=backends,
        chance=st.integers(0, 1 << 32),
        machine=st.runner().flatmap(lambda run: run.machines),
        sizes=st.lists(SIZES, min_size=4, max_size=4),
    )
    def start(self, chance: int, machine: Section, sizes: list[int]) -> Any:
        hypothesis.assume(
            chance
        )  # Where all is 0, the same thing is asked a hundred times; hypothesis begins with that.
        try:
            self.pair = Pair(machine, type(self).ours, type(self).theirs)
        except Refused:
            refused_alike(machine, type(self).ours, type(self).theirs)
            hypothesis.reject()
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
