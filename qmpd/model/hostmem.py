"""Memory backends: where the bytes of RAM and of memory devices would come from (backends/hostmem.c).

No memory is ever allocated. A backend keeps its properties, and obeys the rules by which QEMU would get the memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors, visit
from qmpd.guest.contact import Quirk
from qmpd.model.hostmem_host import PAGE_SIZE as PAGE_SIZE
from qmpd.model.hostmem_host import round_up
from qmpd.model.hostmem_mapping import Mapping
from qmpd.model.memory_device import MemoryRegion
from qmpd.model.qom import BOOL, SIZE, Choice, Object, Property, Scalar, attribute, link
from qmpd.model.user_object import UserObject
from qmpd.options import values

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

RAM_ALIGN = 2 << 20
MAX_NODES = 128
_NOT_IN_A_NAME = re.compile(r"[/\[\]\\]")

POLICY = Choice("HostMemPolicy", ("default", "preferred", "bind", "interleave"))


def _set_size(backend: MemoryBackend, value: object, typed: bool) -> None:
    if backend.allocated:
        raise errors.hostmem.backend_size_fixed("size", backend.type)
    size = SIZE.read(value, "size", typed)
    if not size:
        raise errors.hostmem.backend_value_refused("size", backend.type, size)
    backend.size = size


def _set_prealloc_threads(backend: MemoryBackend, value: object, typed: bool) -> None:
    threads = _THREADS.read(value, "prealloc-threads", typed)
    if not threads:
        raise errors.hostmem.backend_value_refused("prealloc-threads", backend.type, threads)
    backend.prealloc_threads = threads


def _set_prealloc(backend: MemoryBackend, value: object, typed: bool) -> None:
    wanted = BOOL.read(value, "prealloc", typed)
    if wanted and not backend.reserve:
        raise errors.hostmem.prealloc_without_reserve()
    # Memory that is there cannot be un-allocated: QEMU accepts the request and keeps the value.
    backend.prealloc = wanted or (backend.allocated and backend.prealloc)


def _set_reserve(backend: MemoryBackend, value: object, typed: bool) -> None:
    wanted = BOOL.read(value, "reserve", typed)
    if backend.allocated:
        raise errors.hostmem.backend_value_fixed()
    if backend.prealloc and not wanted:
        raise errors.hostmem.prealloc_without_reserve()
    backend.reserve = wanted


def _set_share(backend: MemoryBackend, value: object, typed: bool) -> None:
    wanted = BOOL.read(value, "share", typed)
    if backend.allocated:
        raise errors.hostmem.backend_value_fixed()
    backend.share = wanted


def _set_host_nodes(backend: MemoryBackend, value: object, typed: bool) -> None:
    if not isinstance(value, list):
        raise errors.invalid_parameter_type("host-nodes", "array")
    nodes = [visit.visit_narrow(node, f"host-nodes[{index}]", "uint16") for index, node in enumerate(value)]
    for node in nodes:
        if node >= MAX_NODES:
            raise errors.hostmem.host_node_invalid(node)
    backend.host_nodes = sorted({*backend.host_nodes, *nodes})


_THREADS = Scalar(
    "int",
    lambda value, name: visit.visit_narrow(value, name, "uint32"),
    lambda value, name: values.visit_narrow_string(value, name, "uint32"),
)


class MemoryBackend(UserObject):
    """What all backends share. ``mapped`` tells that a device, a NUMA node or the machine uses the memory."""

    type_name = "memory-backend"
    own_properties: ClassVar[tuple[Property, ...]] = (
        Property("share", "bool", lambda backend: backend.share, _set_share),
        Property("size", "int", lambda backend: backend.size, _set_size),
        attribute("dump", BOOL),
        Property("prealloc-threads", "int", lambda backend: backend.prealloc_threads, _set_prealloc_threads),
        attribute("x-use-canonical-path-for-ramblock-id", BOOL, field="use_canonical_path"),
        attribute("policy", POLICY),
        link("prealloc-context", "thread-context"),
        Property("prealloc", "bool", lambda backend: backend.prealloc, _set_prealloc),
        Property("reserve", "bool", lambda backend: backend.reserve, _set_reserve),
        Property("host-nodes", "int", lambda backend: backend.host_nodes, _set_host_nodes),
        attribute("merge", BOOL),
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine
        self.size = 0
        self.merge = machine.mem_merge
        self.dump = machine.dump_guest_core
        self.prealloc = machine.config.mem_prealloc
        self.prealloc_threads = machine.cpus.smp.cpus
        self.prealloc_context: Object | None = None
        self.share = False
        self.reserve = True
        self.policy = "default"
        self.host_nodes: list[int] = []
        self.use_canonical_path = False
        self.allocated = False
        self.mapped = False
        self._mapping = Mapping(RAM_ALIGN)

    @property
    def region(self) -> MemoryRegion:
        return MemoryRegion(self.size, self._mapping.align, self._mapping.rom, self.has_fd)

    @property
    def has_fd(self) -> bool:
        """Whether another process can map the memory, too."""
        return self.share or self.type != "memory-backend-ram"

    @property
    def memory_name(self) -> str:
        """What QEMU calls the memory in errors and in the object tree."""
        return self.path if self.use_canonical_path else self.name

    @property
    def page_size(self) -> int:
        """The size of the pages behind the memory, in bytes."""
        return self._mapping.page_size

    @property
    def in_use(self) -> bool:
        return self.mapped

    def complete(self) -> None:
        """Get the memory. Raises QEMU's text when the properties do not fit together or there is not enough."""
        self._mapping = self.allocate()
        if self._mapping.whole_pages and self.size % self.page_size:
            raise errors.hostmem_file.backend_size_not_in_pages(self.type, self.page_size)
        self._bind()
        self.allocated = True
        self._block = RamBlock(self)
        self.add_child(f"{_escaped(self.memory_name)}[0]", self._block)

    def allocate(self) -> Mapping:
        """Get ``size`` bytes in the way of this kind of backend. Raises QEMU's text."""
        raise NotImplementedError

    def _bind(self) -> None:
        if self.host_nodes and self.policy == "default":
            raise errors.hostmem.host_nodes_without_policy()
        if not self.host_nodes and self.policy != "default":
            raise errors.hostmem.policy_without_host_nodes(self.policy)
        if self.host_nodes and self.machine.host.nodes.isdisjoint(self.host_nodes):
            raise errors.hostmem_file.host_nodes_unbound()

    def map_into(self, container: RegionNode, offset: int) -> None:
        """Lay the memory into ``container``, ``offset`` bytes from its start."""
        block = self._block
        block.container, block.offset = container, offset

    def unmap(self) -> None:
        """Take the memory out of where it lies, free for another user."""
        self.mapped = False
        self._block.container, self._block.offset = None, 0

    def memdev_info(self) -> dict[str, Any]:
        """The backend's entry in ``query-memdev`` (qapi/machine.json, Memdev)."""
        return {
            "id": self.name,
            "size": self.size,
            "merge": self.merge,
            "dump": self.dump,
            "prealloc": self.prealloc,
            "share": self.share,
            "reserve": self.reserve,
            "policy": self.policy,
            "host-nodes": self.host_nodes,
        }


class MemoryBackendRam(MemoryBackend):
    """Anonymous memory (backends/hostmem-ram.c)."""

    type_name = "memory-backend-ram"

    def allocate(self) -> Mapping:
        size = round_up(self.size, PAGE_SIZE)
        if size == 1 << 64 and Quirk.ABORT_ON_SIZE in self.machine.guest.quirks:
            self.machine.die("ABRT")
        if not self.machine.host.can_map(size, RAM_ALIGN, reserved=self.reserve and not self.share):
            raise errors.hostmem.host_memory_unavailable(self.memory_name)
        return Mapping(RAM_ALIGN)


def canonical_names(machine: Machine) -> bool:
    """Whether files and memfds go by their path: up to version 3.1 of the machine (hw_compat_3_1)."""
    return machine.version < (4, 0)


def _escaped(name: str) -> str:
    """``name`` as a component of a path (system/memory.c)."""
    return _NOT_IN_A_NAME.sub(lambda match: f"\\x{ord(match[0]):02x}", name)


class RegionNode(Object):
    """A memory region as QOM shows it: where it lies in which container. Addresses and sizes are bytes."""

    type_name = "memory-region"
    priority = 0
    own_properties: ClassVar[tuple[Property, ...]] = (
        Property("container", "link<memory-region>", lambda region: region.container_path()),
        Property("addr", "uint64", lambda region: region.address()),
        Property("size", "uint64", lambda region: region.length()),
        Property("priority", "uint32", lambda region: region.priority),
    )

    def container_path(self) -> str:
        return ""

    def address(self) -> int:
        return 0

    def length(self) -> int:
        raise NotImplementedError


class Region(RegionNode):
    """A region that stays as it is. ``container`` is the object it lies in, or its path, if it lies in one."""

    def __init__(self, size: int, container: Object | str | None = None, addr: int = 0) -> None:
        super().__init__()
        self._size = size
        self._container = container
        self._addr = addr

    def container_path(self) -> str:
        return self._container.path if isinstance(self._container, Object) else self._container or ""

    def address(self) -> int:
        return self._addr

    def length(self) -> int:
        return self._size


class RamBlock(RegionNode):
    """The memory of a backend. Once mapped, its address is relative to the container that holds it."""

    def __init__(self, backend: MemoryBackend) -> None:
        super().__init__()
        self.backend = backend
        self.container: RegionNode | None = None
        self.offset = 0

    def container_path(self) -> str:
        return self.container.path if self.container is not None else ""

    def address(self) -> int:
        return self.offset

    def length(self) -> int:
        return round_up(self.backend.size, PAGE_SIZE)
