"""virtio-mem-pci: memory that comes and goes in blocks, as the guest agrees to (hw/virtio/virtio-mem.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.device import static, static_link
from qmpd.model.hostmem import Region, RegionNode
from qmpd.model.hostmem_host import PAGE_SIZE
from qmpd.model.memory_device import MemoryRegion
from qmpd.model.qom import BOOL, ON_OFF_AUTO, SIZE, UINT32, UINT64, Property
from qmpd.model.virtio_md_pci import MemoryBehind, VirtioMdPci

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.hyperv import HvBalloon
    from qmpd.model.machine import Machine

SMALLEST_BLOCK = 1 << 20
HUGE_PAGE = 2 << 20
"""The size of the host's transparent huge pages, in bytes."""
SMALLEST_MEMSLOT = 1 << 30

# Machines of these versions and older leave "unplugged-inaccessible" at ..., the oldest first.
_INACCESSIBLE = (((6, 2), "off"), ((8, 0), "auto"))


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def default_block_size(backend: MemoryBackend | None) -> int:
    """The block size in bytes that suits the pages of ``backend``."""
    if backend is None or backend.page_size == PAGE_SIZE:
        return HUGE_PAGE
    return max(backend.page_size, SMALLEST_BLOCK)


def has_shared_zeropage(backend: MemoryBackend) -> bool:
    """Whether reading memory that was never written costs nothing: private anonymous memory in small pages."""
    return backend.type == "memory-backend-ram" and not backend.share and backend.page_size == PAGE_SIZE


def _set_block_size(device: VirtioMem, value: object, typed: bool) -> None:
    if device.realized:
        raise errors.virtio.virtio_mem_block_size_fixed()
    size = SIZE.read(value, "block-size", typed)
    if size < SMALLEST_BLOCK:
        raise errors.virtio.virtio_mem_block_too_small(SMALLEST_BLOCK)
    if size & (size - 1):
        raise errors.virtio.virtio_mem_block_not_a_power()
    device.block_size = size


def _set_requested_size(device: VirtioMem, value: object, typed: bool) -> None:
    size = SIZE.read(value, "requested-size", typed)
    if device.realized:
        assert device.memdev is not None
        if size % device.get_block_size():
            raise errors.virtio.virtio_mem_request_unaligned(device.get_block_size())
        if size > device.memdev.region.size:
            raise errors.virtio.virtio_mem_request_too_large(device.memdev.region.size)
    device.requested_size = size
    if isinstance(device.parent, VirtioMemPci):
        device.parent.info_changed()
        if device.realized:
            device.machine.guest.device_wants(device.label)


class PluggableMemory(RegionNode):
    """What stands in the machine's region while only parts of the memory may be there."""

    def __init__(self, device: VirtioMem | HvBalloon, size: int) -> None:
        super().__init__()
        self._device = device
        self._size = size

    def container_path(self) -> str:
        return self._device.machine.device_memory_node.path

    def address(self) -> int:
        return self._device.memaddr - self._device.machine.device_memory_node.address()

    def length(self) -> int:
        return self._size


class Memslot(Region):
    """A part of the memory that is mapped only while some of it is plugged."""

    def __init__(self, device: VirtioMem, offset: int, size: int) -> None:
        super().__init__(size)
        self._device = device
        self.offset = offset
        self.active = False

    def container_path(self) -> str:
        return f"{self._device.path}/virtio-mem[0]" if self.active else ""

    def address(self) -> int:
        return self.offset if self.active else 0


class VirtioMem(MemoryBehind):
    """The device behind. Sizes are bytes; ``size`` is what the guest has plugged, ``memslot_size`` 0 until chosen."""

    aliases = ("block-size", "size", "requested-size")
    own_properties = (
        static("memaddr", UINT64),
        static("node", UINT32),
        static("prealloc", BOOL),
        static_link("memdev", "memory-backend"),
        static("unplugged-inaccessible", ON_OFF_AUTO),
        static("dynamic-memslots", BOOL),
        Property("size", "size", lambda device: device.size, instance=True),
        Property("requested-size", "size", lambda device: device.requested_size, _set_requested_size, instance=True),
        Property("block-size", "size", lambda device: device.get_block_size(), _set_block_size, instance=True),
    )

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.node = 0
        self.prealloc = False
        self.dynamic_memslots = False
        self.unplugged_inaccessible = next(
            (value for version, value in _INACCESSIBLE if machine.version <= version), "on"
        )
        self.size = 0
        self.requested_size = 0
        self.block_size = 0
        self.memslots = 0
        self.memslot_size = 0
        self.dynamic_slots: list[Memslot] = []
        """The memslots that come and go with what is plugged; empty if all is mapped at once."""
        self._plugged = 0
        """A bit for each block."""

    def get_block_size(self) -> int:
        return self.block_size or default_block_size(self.memdev)

    def get_memory_region(self) -> MemoryRegion:
        if self.memdev is None:
            raise errors.memory.memdev_property_missing()
        if self.dynamic_memslots and self.child("virtio-mem[0]") is None:
            self.add_child("virtio-mem[0]", PluggableMemory(self, self.memdev.region.size))
        return self.memdev.region

    def decide_memslots(self, limit: int) -> None:
        if not self.dynamic_memslots:
            return
        assert self.memdev is not None
        self.memslots = 1
        size = self.memdev.region.size
        if limit <= 1:
            return
        self.block_size = self.get_block_size()
        if self.block_size < self.memdev.page_size or size % self.block_size:
            return
        memslot_size = max(_round_up(size // limit, self.block_size), self.block_size, SMALLEST_MEMSLOT)
        self.memslots = -(-size // memslot_size)
        self.memslot_size = memslot_size if self.memslots > 1 else 0

    def realize(self) -> None:
        memdev = self._check_memdev()
        nodes = max(len(self.machine.numa.nodes), 1)
        if self.node >= nodes:
            raise errors.virtio.virtio_mem_node_out_of_range(self.node, nodes)
        self._resolve_inaccessible(memdev)
        if self.dynamic_memslots and self.unplugged_inaccessible != "on":
            raise errors.virtio.virtio_mem_memslots_need_inaccessible()
        self.block_size = self.get_block_size()
        self._check_sizes(memdev)
        if self.dynamic_memslots:
            self._add_memslots(memdev)
        memdev.mapped = True
        self.machine.on_reset[self] = self.unplug_all

    def unplug(self) -> None:
        del self.machine.on_reset[self]
        super().unplug()

    def _check_memdev(self) -> MemoryBackend:
        memdev = self.memdev
        if memdev is None:
            raise errors.memory.memdev_not_set()
        if memdev.mapped:
            raise errors.virtio.virtio_mem_memdev_busy(memdev.name)
        if memdev.region.rom:
            raise errors.virtio.virtio_mem_memdev_unsupported()
        if memdev.prealloc:
            raise errors.virtio.virtio_mem_memdev_preallocated(memdev.name)
        return memdev

    def _resolve_inaccessible(self, memdev: MemoryBackend) -> None:
        zeropage = has_shared_zeropage(memdev)
        if self.unplugged_inaccessible == "auto":
            self.unplugged_inaccessible = "off" if zeropage else "on"
        elif self.unplugged_inaccessible == "off" and not zeropage:
            self.machine.warn(errors.virtio.virtio_mem_zeropage_missing())

    def _check_sizes(self, memdev: MemoryBackend) -> None:
        block = self.block_size
        if block < memdev.page_size:
            raise errors.virtio.virtio_mem_block_below_page(memdev.page_size)
        if block < default_block_size(memdev):
            self.machine.warn(errors.virtio.virtio_mem_block_below_default(default_block_size(memdev)))
        for name, value in (("requested-size", self.requested_size), ("memaddr", self.memaddr)):
            if value % block:
                raise errors.virtio.virtio_mem_value_unaligned(name, block)
        if memdev.region.size % block:
            raise errors.virtio.virtio_mem_memdev_unaligned(block)

    def _add_memslots(self, memdev: MemoryBackend) -> None:
        self.get_memory_region()
        left = memdev.region.size
        step = self.memslot_size or left
        for number in range(self.memslots):
            self.dynamic_slots.append(Memslot(self, number * step, min(step, left)))
            self.add_child(f"memslot-{number}[0]", self.dynamic_slots[-1])
            left -= step

    # What the guest sees and does

    @property
    def start(self) -> int:
        return self.memaddr

    @property
    def length(self) -> int:
        return self.get_memory_region().size

    def _bits(self, offset: int, size: int) -> int:
        assert offset % self.block_size == 0 == size % self.block_size
        assert 0 <= offset < offset + size <= self.length
        return ((1 << size // self.block_size) - 1) << offset // self.block_size

    def plug_memory(self, offset: int, size: int) -> None:
        bits = self._bits(offset, size)
        assert not self._plugged & bits
        assert self.size + size <= self.requested_size
        self._plugged |= bits
        self._resize(self.size + size)

    def unplug_memory(self, offset: int, size: int) -> None:
        bits = self._bits(offset, size)
        assert self._plugged & bits == bits
        self._plugged &= ~bits
        self._resize(self.size - size)

    def plugged_blocks(self) -> int:
        """How many blocks are plugged."""
        return self._plugged.bit_count()

    def unplug_all(self) -> None:
        """As a system reset does."""
        if self.size:
            self._plugged = 0
            self._resize(0)

    def _resize(self, size: int) -> None:
        self.size = size
        for memslot in self.dynamic_slots:
            memslot.active = bool(self._plugged & self._bits(memslot.offset, memslot.length()))
        if isinstance(self.parent, VirtioMemPci):
            self.parent.size_changed()


def _request(device: VirtioMemPci, value: object, typed: bool) -> None:
    if device.unplug_expected:
        raise errors.virtio.virtio_mem_request_while_leaving()
    device.backend.set_property("requested-size", value, typed)


class VirtioMemPci(VirtioMdPci):
    """A virtio-mem."""

    info_kind = "virtio-mem"
    backend_class = VirtioMem
    backend: VirtioMem
    own_properties = (
        Property("requested-size", "size", lambda device: device.backend.requested_size, _request, instance=True),
    )

    def get_memory_region(self) -> MemoryRegion:
        return self.backend.get_memory_region()

    def get_plugged_size(self) -> int:
        return self.backend.size

    def get_min_alignment(self) -> int:
        return self.backend.get_block_size()

    def decide_memslots(self, limit: int) -> None:
        self.backend.decide_memslots(limit)

    def get_memslots(self) -> int:
        return self.backend.memslots or 1

    def get_used_memslots(self) -> int:
        return self._used_memslots if self.backend.dynamic_memslots else 1

    _used_memslots = 0

    def size_changed(self) -> None:
        """Tell everybody how much is plugged now."""
        memory, used = self.machine.memory_devices.memory, sum(slot.active for slot in self.backend.dynamic_slots)
        if memory is not None:
            memory.use_memslots(self.get_memory_region(), used - self._used_memslots)
        self._used_memslots = used
        self.info_changed()
        named = {} if self.device_id is None else {"id": self.device_id}
        self.machine.emit("MEMORY_DEVICE_SIZE_CHANGE", named | {"size": self.backend.size, "qom-path": self.path})

    def fill_device_info(self) -> dict[str, Any]:
        device = self.backend
        assert device.memdev is not None
        info: dict[str, Any] = {} if self.device_id is None else {"id": self.device_id}
        return info | {
            "memaddr": device.memaddr,
            "node": device.node,
            "requested-size": device.requested_size,
            "size": device.size,
            "max-size": device.memdev.region.size,
            "block-size": device.block_size,
            "memdev": device.memdev.path,
        }

    def map_memory(self) -> None:
        if not self.backend.dynamic_memslots:
            super().map_memory()

    def check_unplug(self) -> None:
        if self.backend.unplugged_inaccessible != "on":
            raise errors.virtio.virtio_mem_stays_accessible()
        if self.backend.size:
            raise errors.virtio.virtio_mem_still_plugged()
        if self.backend.requested_size:
            raise errors.virtio.virtio_mem_still_requested()
