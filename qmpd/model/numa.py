"""NUMA nodes: which memory and which CPUs each has (hw/core/numa.c, hw/core/machine.c). Sizes are bytes.

As in QEMU, what a refused option had settled before its mistake was found stays settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.qom import AmbiguousPath, resolve

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine
    from qmpd.model.numa_hmat import Hmat

MAX_NODES = 128
MIN_DISTANCE = 10
_CPU_KEYS = ("thread-id", "core-id", "module-id", "cluster-id", "socket-id", "die-id")
_PLACE = ("socket-id", "die-id", "module-id", "core-id", "thread-id")


class Node:
    """One node: its memory; whether it has CPUs, and which node reaches its memory best, if that was told."""

    __slots__ = ("has_cpu", "initiator", "memdev", "size")

    def __init__(self) -> None:
        self.size = 0
        self.memdev: MemoryBackend | None = None
        self.initiator: int | None = None
        self.has_cpu = False


class Numa:
    """The nodes of one machine by number."""

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.distances: dict[tuple[int, int], int] = {}
        self.uses_memdevs = False
        self._uses_mem = False
        self._cpu_nodes: dict[int, int] = {}
        self._hmat: Hmat | None = None
        self.has_affinities = False
        self.generic_initiators: set[int] = set()

    def set_node(self, machine: Machine, options: dict[str, Any]) -> None:
        """Apply one ``-numa`` (NumaOptions in qapi/machine.json, checked for its shape). Raises QEMU's text."""
        if machine.info.name == "none":
            raise errors.numa.unsupported()
        match options["type"]:
            case "node":
                self._add_node(machine, options)
            case "dist":
                self._set_distance(options)
            case "cpu":
                if "node-id" not in options:
                    raise errors.numa.node_id_mandatory()
                if options["node-id"] not in self.nodes:
                    raise errors.numa.node_undefined(options["node-id"])
                self._assign_cpus(machine, options["node-id"], options)
            case "hmat-lb":
                self._require_hmat(machine).set_latency_or_bandwidth(self.nodes, self.generic_initiators, options)
            case "hmat-cache":
                self._require_hmat(machine).add_cache(self.nodes, options)

    def _add_node(self, machine: Machine, options: dict[str, Any]) -> None:
        number = options.get("nodeid", len(self.nodes))
        if number >= MAX_NODES:
            raise errors.numa.too_many_nodes(number)
        if number in self.nodes:
            raise errors.numa.duplicate_node(number)
        node = Node()
        if "initiator" in options:
            self._require_hmat(machine)
            if options["initiator"] >= MAX_NODES:
                machine.warn(errors.numa.initiator_out_of_range(options["initiator"], MAX_NODES - 1))
                return
            node.initiator = options["initiator"]
        maxcpus = machine.cpus.smp.maxcpus
        for cpu in options.get("cpus", []):
            if cpu >= maxcpus:
                raise errors.numa.cpu_out_of_range(cpu, maxcpus)
            self._assign_cpus(machine, number, machine.cpus.props(cpu, None), node)
        self.uses_memdevs = self.uses_memdevs or "memdev" in options
        self._uses_mem = self._uses_mem or "mem" in options
        if ("mem" in options and self.uses_memdevs) or ("memdev" in options and self._uses_mem):
            raise errors.numa.mem_mixed()
        if "mem" in options:
            if machine.version > (5, 0):
                raise errors.numa.mem_unsupported()
            node.size = options["mem"]
            machine.warn(errors.numa.mem_deprecated())
        if "memdev" in options:
            node.memdev = self._find_memdev(machine, options["memdev"])
            node.size = node.memdev.size
        self.nodes[number] = node

    @staticmethod
    def _find_memdev(machine: Machine, path: str) -> MemoryBackend:
        try:
            found: Any = resolve(machine.root_object, path, "memory-backend")
        except AmbiguousPath:
            found = None
        if found is None:
            raise errors.numa.memdev_ambiguous(path)
        return found  # type: ignore[no-any-return]

    def _set_distance(self, options: dict[str, Any]) -> None:
        source, target, value = options["src"], options["dst"], options["val"]
        for name, number in (("src", source), ("dst", target)):
            if number >= MAX_NODES:
                raise errors.numa.distance_node_out_of_range(name, MAX_NODES - 1)
        if source not in self.nodes or target not in self.nodes:
            raise errors.numa.distance_node_missing()
        if value < MIN_DISTANCE:
            raise errors.numa.distance_too_small(value, MIN_DISTANCE)
        if source == target and value != MIN_DISTANCE:
            raise errors.numa.local_distance(source, MIN_DISTANCE)
        self.distances[source, target] = value

    def _assign_cpus(self, machine: Machine, number: int, wanted: dict[str, Any], node: Node | None = None) -> None:
        """Give the CPUs whose place fits ``wanted`` to a node. Raises QEMU's text."""
        node = node or self.nodes[number]
        matched = False
        for index in range(machine.cpus.smp.maxcpus):
            props = machine.cpus.props(index, None)
            for key in _CPU_KEYS:
                if key in wanted and key not in props:
                    raise errors.numa.cpu_property_unsupported(key)
            if any(key in wanted and wanted[key] != props[key] for key in _CPU_KEYS):
                continue
            if self._cpu_nodes.setdefault(index, number) != number:
                raise errors.numa.cpu_assigned(self._cpu_nodes[index])
            matched = True
            if self._has_hmat(machine):
                if node.initiator not in (None, number):
                    raise errors.numa.initiator_not_itself(number, node.initiator)
                node.has_cpu = True
                node.initiator = number
        if not matched:
            raise errors.numa.cpu_no_match()

    @staticmethod
    def _has_hmat(machine: Machine) -> bool:
        return bool(machine.settings.get("hmat", False))

    def _require_hmat(self, machine: Machine) -> Hmat:
        if not self._has_hmat(machine):
            raise errors.numa.hmat_disabled()
        if self._hmat is None:
            from qmpd.model.numa_hmat import Hmat

            self._hmat = Hmat()
        return self._hmat

    def complete(self, machine: Machine) -> None:
        """Add the node that QEMU adds by itself, and check the whole. Raises QEMU's text."""
        if not self.nodes:
            if not machine.auto_numa:
                return
            self.nodes[0] = Node()
            self.nodes[0].size = machine.ram_size
        for number in reversed(range(max(self.nodes))):
            if number not in self.nodes:
                raise errors.numa.node_id_missing(number)
        self.nodes = dict(sorted(self.nodes.items()))
        total = sum(node.size for node in self.nodes.values())
        if total != machine.ram_size:
            raise errors.numa.total_differs(total, machine.ram_size)
        if self.uses_memdevs and machine.memory_backend is not None:
            raise errors.numa.memory_backend_exclusive()
        for node in self.nodes.values():
            if node.memdev is not None:
                if node.memdev.mapped:
                    raise errors.machine.memory_backend_used_twice(node.memdev.name)
                node.memdev.mapped = True
        if self.distances:
            self._check_distances()
        self._place_cpus(machine)

    def _check_distances(self) -> None:
        """Raise QEMU's text unless each pair has a distance, and both directions if they differ anywhere."""
        pairs = [(one, other) for one in self.nodes for other in self.nodes if one < other]
        known = self.distances
        for one, other in pairs:
            if (one, other) not in known and (other, one) not in known:
                raise errors.numa.distance_missing(one, other)
        both = [pair for pair in pairs if pair in known and pair[::-1] in known]
        if any(known[pair] != known[pair[::-1]] for pair in both) and len(both) < len(pairs):
            raise errors.numa.distance_one_way()

    def _place_cpus(self, machine: Machine) -> None:
        """Give each CPU that no option assigned to a node: by sockets if there was no such option, else to node 0."""
        by_default = not self._cpu_nodes
        left = [index for index in range(machine.cpus.smp.maxcpus) if index not in self._cpu_nodes]
        for index in left:
            props = machine.cpus.props(index, None)
            number = machine.cpus.default_node(index, len(self.nodes)) if by_default else 0
            self._assign_cpus(machine, number, props)
        if self._has_hmat(machine):
            self._check_initiators()
        if left and not by_default:
            places = [
                f"CPU {index} [{', '.join(f'{key}: {props[key]}' for key in _PLACE if key in props)}]"
                for index in left
                for props in (machine.cpus.props(index, None),)
            ]
            for text in errors.numa.cpus_unassigned(", ".join(places)):
                machine.warn(text)

    def _check_initiators(self) -> None:
        for number, node in self.nodes.items():
            if node.initiator is None:
                continue
            if node.initiator not in self.nodes:
                raise errors.numa.initiator_missing(node.initiator)
            if not self.nodes[node.initiator].has_cpu:
                raise errors.numa.initiator_invalid(number)

    def node_of_cpu(self, index: int) -> int | None:
        """The node of a CPU; None without nodes, and before the machine exists if no option assigned one."""
        return self._cpu_nodes.get(index)
