"""Virtual CPUs: their topology, their models' addressing, and what the queries tell of them. None executes anything."""

from __future__ import annotations

from math import prod
from typing import Any

from qmpd import errors
from qmpd.named import NamedTuple

_PC_LEVELS = ("sockets", "dies", "modules", "cores", "threads")
LEVELS = ("drawers", "books", "sockets", "dies", "clusters", "modules", "cores", "threads")
_UNSIGNED, _SIGN = (1 << 32) - 1, 1 << 31


class Smp(NamedTuple):
    """``cpus`` present at start of ``maxcpus``, the product of the levels (hw/core/machine-smp.c)."""

    cpus: int = 1
    maxcpus: int = 1
    drawers: int = 1
    books: int = 1
    sockets: int = 1
    dies: int = 1
    clusters: int = 1
    modules: int = 1
    cores: int = 1
    threads: int = 1

    def config(self) -> dict[str, int]:
        """As ``qom-get /machine smp`` shows it."""
        return self._asdict()


def complete_smp(given: dict[str, int], *, prefer_sockets: bool) -> Smp:
    """The topology that QEMU completes from the members given, as its C does: in 32 bits without a sign.

    A member left out or 0 is to be computed.
    """
    known = {name: count & _UNSIGNED for name, count in given.items() if count & _UNSIGNED}
    cpus, maxcpus = known.get("cpus", 0), known.get("maxcpus", 0)
    others = prod(known.get(level, 1) for level in LEVELS if level not in ("sockets", "cores", "threads"))
    sockets, cores, threads = (known.get(level, 0) for level in ("sockets", "cores", "threads"))

    def share(*levels: int) -> int:
        return maxcpus // (others * prod(levels) & _UNSIGNED or 1)

    if not cpus and not maxcpus:
        sockets, cores, threads = sockets or 1, cores or 1, threads or 1
    else:
        maxcpus = maxcpus or cpus
        if not sockets and (prefer_sockets or cores):
            cores, threads = cores or 1, threads or 1
            sockets = share(cores, threads)
        elif not cores:
            sockets, threads = sockets or 1, threads or 1
            cores = share(sockets, threads)
        threads = threads or share(sockets, cores)
    maxcpus = maxcpus or others * sockets * cores * threads & _UNSIGNED
    levels = {level: known.get(level, 1) for level in LEVELS} | {"sockets": sockets, "cores": cores, "threads": threads}
    return Smp(cpus=cpus or maxcpus, maxcpus=maxcpus, **levels)


def check_smp(given: dict[str, int], smp: Smp, machine: str, cpu_max: int) -> None:
    """Raise QEMU's text when the topology is impossible (hw/core/machine-smp.c)."""
    if any(count == 0 for count in given.values()):
        raise errors.machine.smp_zero()
    has_dies = machine.startswith(("pc-", "isapc"))
    for level in ("clusters", "books", "drawers") if has_dies else ("modules", "clusters", "dies", "books", "drawers"):
        if given.get(level, 0) > 1:
            raise errors.machine.smp_level_unsupported(level)
    shown = [level for level in _PC_LEVELS if has_dies or level not in ("dies", "modules")]
    product = " * ".join(f"{level} ({getattr(smp, level)})" for level in shown)
    total = prod(getattr(smp, level) for level in LEVELS) & _UNSIGNED
    if total != smp.maxcpus:
        raise errors.machine.smp_product_differs(product, smp.maxcpus)
    if smp.maxcpus < smp.cpus:
        raise errors.machine.smp_maxcpus_below_cpus(product, smp.maxcpus, smp.cpus)
    if smp.cpus < 1 or smp.maxcpus > cpu_max:
        raise errors.machine.smp_too_many((smp.maxcpus ^ _SIGN) - _SIGN, machine, cpu_max)


LEVEL_IDS = ("socket-id", "die-id", "module-id", "core-id", "thread-id")


class Cpus(NamedTuple):
    """The CPUs of one machine. ``type`` is their QOM type."""

    smp: Smp
    type: str

    def props(self, index: int, node: int | None) -> dict[str, int]:
        """Where CPU ``index`` sits (CpuInstanceProperties in qapi/machine.json)."""
        smp = self.smp
        rest, thread = divmod(index, smp.threads)
        rest, core = divmod(rest, smp.cores)
        rest, module = divmod(rest, smp.modules)
        socket, die = divmod(rest, smp.dies)
        props = {"socket-id": socket, "core-id": core, "thread-id": thread}
        if node is not None:
            props["node-id"] = node
        if smp.dies > 1:
            props["die-id"] = die
        if smp.modules > 1:
            props["module-id"] = module
        return props

    def place(self, index: int) -> dict[str, int]:
        """Where CPU ``index`` sits, level by level, and the number of its interrupt controller."""
        place = {"die-id": 0, "module-id": 0} | self.props(index, None)
        return place | {"apic-id": self.apic_id(place)}

    def levels(self) -> list[tuple[str, int]]:
        """The names of the levels and how many each has, the widest first."""
        smp = self.smp
        return list(zip(LEVEL_IDS, (smp.sockets, smp.dies, smp.modules, smp.cores, smp.threads), strict=True))

    def apic_id(self, place: dict[str, int]) -> int:
        """The number of an interrupt controller: a field of bits for each level."""
        number = 0
        for name, count in self.levels():
            number = number << (count - 1).bit_length() | place[name]
        return number

    def split(self, apic_id: int) -> dict[str, int]:
        """Where the CPU with that interrupt controller would sit."""
        place = {}
        for name, count in reversed(self.levels()[1:]):
            width = (count - 1).bit_length()
            place[name] = apic_id & (1 << width) - 1
            apic_id >>= width
        return {LEVEL_IDS[0]: apic_id, **dict(reversed(place.items()))}

    def index_of(self, apic_id: int) -> int | None:
        """The number of the CPU with that interrupt controller."""
        place = self.split(apic_id)
        index = 0
        for name, count in self.levels():
            if place[name] >= count:
                return None
            index = index * count + place[name]
        return index if index < self.smp.maxcpus else None

    def default_node(self, index: int, nodes: int) -> int:
        """The node of a CPU that no option assigned: whole sockets in turn (hw/i386/x86-common.c)."""
        per_socket = self.smp.dies * self.smp.modules * self.smp.cores * self.smp.threads
        return index // per_socket % nodes


def hotpluggable_info(cpus: Cpus, index: int, node: int | None, path: str | None) -> dict[str, Any]:
    """One entry of ``query-hotpluggable-cpus`` (HotpluggableCPU in qapi/machine.json); ``path`` if the CPU exists."""
    info: dict[str, Any] = {"type": cpus.type, "vcpus-count": 1, "props": cpus.props(index, node)}
    if path is not None:
        info["qom-path"] = path
    return info
