"""NUMA nodes: which memory and which CPUs each has (hw/core/numa.c). Sizes are bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.qom import AmbiguousPath, resolve

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine

MAX_NODES = 128
MIN_DISTANCE = 10


class Node:
    """One node: its memory, and the CPUs that were assigned to it by index."""

    __slots__ = ("cpus", "memdev", "size")

    def __init__(self, *, size: int = 0, cpus: Iterable[int] = ()) -> None:
        self.size = size
        self.memdev: MemoryBackend | None = None
        self.cpus = list(cpus)


class Numa:
    """The nodes of one machine by number."""

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.distances: dict[tuple[int, int], int] = {}
        self._cpu_nodes: dict[int, int] = {}

    def set_node(self, machine: Machine, options: dict[str, Any]) -> None:
        """Apply one ``-numa`` (NumaOptions in qapi/machine.json, checked for its shape). Raises QEMU's text."""
        match options["type"]:
            case "node":
                self._add_node(machine, options)
            case "dist":
                self._set_distance(options)
            case "cpu":
                self._assign_cpu(machine, options)

    def _add_node(self, machine: Machine, options: dict[str, Any]) -> None:
        number = options.get("nodeid", len(self.nodes))
        if number >= MAX_NODES:
            raise errors.numa_too_many_nodes(number)
        if number in self.nodes:
            raise errors.numa_duplicate_node(number)
        maxcpus = machine.cpus.smp.maxcpus
        cpus = options.get("cpus", [])
        for cpu in cpus:
            if cpu >= maxcpus:
                raise errors.numa_cpu_out_of_range(cpu, maxcpus)
        if "mem" in options and (self.uses_memdevs or "memdev" in options):
            raise errors.numa_mem_mixed()
        if "mem" in options:
            raise errors.numa_mem_unsupported()
        node = Node(cpus=cpus)
        if "memdev" in options:
            node.memdev = self._find_memdev(machine, options["memdev"])
            node.size = node.memdev.size
        self.nodes[number] = node
        self._cpu_nodes |= dict.fromkeys(cpus, number)

    @staticmethod
    def _find_memdev(machine: Machine, path: str) -> MemoryBackend:
        try:
            found: Any = resolve(machine.root_object, path, "memory-backend")
        except AmbiguousPath:
            found = None
        if found is None:
            raise errors.numa_memdev_ambiguous(path)
        return found  # type: ignore[no-any-return]

    def _set_distance(self, options: dict[str, Any]) -> None:
        source, target, value = options["src"], options["dst"], options["val"]
        for name, number in (("src", source), ("dst", target)):
            if number >= MAX_NODES:
                raise errors.numa_distance_node_out_of_range(name, MAX_NODES - 1)
        if source not in self.nodes or target not in self.nodes:
            raise errors.numa_distance_node_missing()
        if value < MIN_DISTANCE:
            raise errors.numa_distance_too_small(value, MIN_DISTANCE)
        if source == target and value != MIN_DISTANCE:
            raise errors.numa_local_distance(source, MIN_DISTANCE)
        self.distances[source, target] = value

    def _assign_cpu(self, machine: Machine, options: dict[str, Any]) -> None:
        number = options["node-id"]
        if number not in self.nodes:
            raise errors.numa_node_missing(number)
        wanted = {key: value for key, value in options.items() if key not in ("type", "node-id")}
        matched = False
        for index in range(machine.cpus.smp.maxcpus):
            props = machine.cpus.props(index, None)
            if all(props.get(key) == value for key, value in wanted.items()):
                self._cpu_nodes[index] = number
                matched = True
        if not matched:
            raise errors.numa_cpu_no_match()

    def complete(self, machine: Machine) -> None:
        """Add the node that QEMU adds by itself, and check the whole. Raises QEMU's text."""
        if not self.nodes:
            if machine.auto_numa:
                self.nodes[0] = Node(size=machine.ram_size)
            return
        for number in range(max(self.nodes)):
            if number not in self.nodes:
                raise errors.numa_node_id_missing(number)
        total = sum(node.size for node in self.nodes.values())
        if total != machine.ram_size:
            raise errors.numa_total_differs(total, machine.ram_size)
        for node in self.nodes.values():
            if node.memdev is not None:
                if node.memdev.mapped:
                    raise errors.memory_backend_used_twice(node.memdev.name)
                node.memdev.mapped = True

    @property
    def uses_memdevs(self) -> bool:
        return any(node.memdev is not None for node in self.nodes.values())

    def node_of_cpu(self, machine: Machine, index: int) -> int | None:
        """The node of a CPU; None without nodes."""
        if not self.nodes:
            return None
        if self._cpu_nodes:
            return self._cpu_nodes.get(index, 0)
        return machine.cpus.default_node(index, len(self.nodes))
