"""Memory devices: what one must answer, and the region of guest-physical addresses they share.

The names are those of QEMU's include/hw/mem/memory-device.h. A plug has two steps: ``pre_plug`` checks everything,
chooses the address and may refuse; ``plug`` only keeps the books. Sizes and addresses are bytes.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.frozen import Frozen
from qmpd.model.device import Device
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine

SOFT_MEMSLOT_LIMIT = 256
SAFE_MAX_MEMSLOTS = 509
_ADDRESS_SPACE = 1 << 64


class MemoryRegion(NamedTuple):
    """What a memory device maps: ``size`` bytes, to start at a multiple of ``align``; ``rom`` if only to be read.

    ``has_fd`` if another process can map it too.
    """

    size: int
    align: int
    rom: bool = False
    has_fd: bool = False


class MemoryDevice(Device):
    """The interface of QEMU's ``memory-device``. A kind answers these questions about itself."""

    type_name = "memory-device-base"
    info_kind = ""

    @abstractmethod
    def get_addr(self) -> int:
        """The guest-physical address; 0 while none is chosen."""

    @abstractmethod
    def set_addr(self, addr: int) -> None: ...

    @abstractmethod
    def get_memory_region(self) -> MemoryRegion | None:
        """What the device maps; None for an empty device. Raises QEMU's text when it cannot be had."""

    def is_empty(self) -> bool:
        """Whether the device has nothing to map, and so needs no address."""
        return False

    def get_plugged_size(self) -> int:
        """The bytes that the guest can use now."""
        region = self.get_memory_region()
        return region.size if region is not None else 0

    def decide_memslots(self, limit: int) -> None:
        """Choose how many memslots to use, at most ``limit``; called once, before the first ``get_memslots``."""

    def get_memslots(self) -> int:
        return 1

    def get_used_memslots(self) -> int:
        """The memslots mapped when the device is plugged: one that needs several maps each when the guest does."""
        return int(self.get_memslots() == 1)

    def get_min_alignment(self) -> int:
        return 0

    @abstractmethod
    def fill_device_info(self) -> dict[str, Any]:
        """The ``data`` of the device's entry in ``query-memory-devices``."""

    # The entry is kept until something in it changes, because managers ask often and many devices change rarely.
    _info: Frozen | None = None

    @property
    def info(self) -> Frozen:
        """The device's entry in ``query-memory-devices`` (qapi/machine.json, MemoryDeviceInfo)."""
        if self._info is None:
            self._info = Frozen({"type": self.info_kind, "data": self.fill_device_info()})
        return self._info

    def info_changed(self) -> None:
        self._info = None
        self.machine.device_list_changed()


class BackedMemoryDevice(MemoryDevice):
    """A memory device with a backend of its own: pc-dimm and what is like it."""

    def __init__(self, machine: Machine, device_type: str = "") -> None:
        super().__init__(machine, device_type)
        self.memdev: MemoryBackend | None = None
        self.node = 0
        self.addr = 0

    def get_addr(self) -> int:
        return self.addr

    def set_addr(self, addr: int) -> None:
        self.addr = addr

    def get_memory_region(self) -> MemoryRegion:
        if self.memdev is None:
            raise errors.memory.memdev_property_missing()
        return self.memdev.region

    def realize(self) -> None:
        if self.memdev is None:
            raise errors.memory.memdev_not_set()
        if self.memdev.mapped:
            raise errors.memory.memdev_busy(self.memdev.name)
        self.memdev.mapped = True


def region_size(device: MemoryDevice) -> int:
    """The bytes of address space the device needs; 0 for an empty one."""
    region = device.get_memory_region()
    return region.size if region is not None else 0


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


class _Found(NamedTuple):
    """The outcome of a search: no lower address has room for ``size`` bytes at a multiple of ``align``."""

    addr: int
    size: int
    align: int


class DeviceMemory:
    """The region [``base``, ``base + size``) and its books (DeviceMemoryState in include/hw/boards.h).

    ``required_memslots`` counts what plugged devices may need, ``used_memslots`` what they map now; of that
    ``writable_memslots`` can be written to, and ``shared_memslots`` have a file descriptor besides.
    """

    def __init__(self, base: int, size: int) -> None:
        self.base = base
        self.size = size
        self.required_memslots = 0
        self.used_memslots = self.writable_memslots = self.shared_memslots = 0
        self.on_map: Callable[[bool], None] = lambda shared: None
        self.used_region_size = 0
        self.memslot_auto_decisions = 0
        self._starts: list[int] = []
        self._devices: list[MemoryDevice] = []
        self._ends: list[int] = []
        self._last_found: _Found | None = None

    @property
    def end(self) -> int:
        return self.base + self.size

    def devices(self) -> Iterator[MemoryDevice]:
        """The plugged devices that map something, by address."""
        return iter(self._devices)

    @property
    def reserved_memslots(self) -> int:
        """Memslots that plugged devices may still take."""
        return max(self.required_memslots - self.used_memslots, 0)

    @property
    def memslot_auto_decision_active(self) -> bool:
        """Whether some device chose more than one memslot by looking at how many there are."""
        return self.memslot_auto_decisions > 0

    def use_memslots(self, region: MemoryRegion, count: int) -> None:
        """Count memslots that map a part of ``region`` from now on, or if ``count`` is negative no more."""
        self.used_memslots += count
        if not region.rom:
            self.writable_memslots += count
            self.shared_memslots += count * region.has_fd
            if count:
                self.on_map(region.has_fd)

    def check_addr(self, addr: int, size: int, align: int) -> int:
        """``addr`` if a device of ``size`` may lie there. Raises QEMU's text otherwise."""
        if addr % align:
            raise errors.memory.address_unaligned(align)
        if addr < self.base or addr + size > self.end:
            raise errors.memory.address_outside_region(addr, size, self.base, self.size)
        position = bisect_left(self._ends, addr + 1)
        if position < len(self._starts) and self._starts[position] < addr + size:
            raise errors.memory.address_conflict(self._devices[position].device_id)
        return addr

    def find_addr(self, size: int, align: int) -> int:
        """The lowest multiple of ``align`` where ``size`` bytes fit between the devices. Raises QEMU's text."""
        addr = _round_up(self.base, align)
        if addr + size > _ADDRESS_SPACE:
            raise errors.memory.memory_device_too_big()
        position = 0
        found = self._last_found
        if found is not None and size >= found.size and align % found.align == 0:
            # Where less did not fit, this does not either; so a row of equal devices is not walked for each of them.
            addr = max(addr, _round_up(found.addr, align))
            position = bisect_left(self._ends, addr + 1)
        for index in range(position, len(self._starts)):
            if addr + size <= self._starts[index]:
                break
            addr = max(addr, _round_up(self._ends[index], align))
        if addr + size > self.end:
            raise errors.memory.device_memory_fragmented()
        self._last_found = _Found(addr, size, align)
        return addr

    def insert(self, device: MemoryDevice, addr: int, size: int) -> None:
        position = bisect_left(self._starts, addr)
        self._starts.insert(position, addr)
        self._ends.insert(position, addr + size)
        self._devices.insert(position, device)

    def remove(self, addr: int) -> None:
        position = bisect_left(self._starts, addr)
        del self._starts[position], self._ends[position], self._devices[position]
        self._last_found = None


class MemslotLimits(NamedTuple):
    """How many memslots a consumer (KVM, a vhost backend) has in all, and how many are free now."""

    maximum: int
    free: int


UNLIMITED = MemslotLimits(1 << 31, 1 << 31)


class MemoryDevices:
    """All memory devices of one machine, and how many memslots the host's consumers offer them."""

    def __init__(self, memory: DeviceMemory | None) -> None:
        self.memory = memory
        self.hypervisor: Callable[[], MemslotLimits] = lambda: UNLIMITED
        self.vhost: Callable[[], MemslotLimits] = lambda: UNLIMITED
        self._unmapped: list[MemoryDevice] = []

    def memory_device_list(self) -> list[MemoryDevice]:
        """Every plugged memory device by address, those outside the region first."""
        mapped = [] if self.memory is None else list(self.memory.devices())
        return self._unmapped + mapped

    def plugged_memory_size(self) -> int:
        """The bytes that guests can use of all plugged devices together."""
        return sum(device.get_plugged_size() for device in self.memory_device_list())

    def dimm_size(self) -> int:
        """The bytes of all plugged DIMMs."""
        return sum(region_size(device) for device in self.memory_device_list() if device.info_kind == "dimm")

    def reserved_memslots(self) -> int:
        return 0 if self.memory is None else self.memory.reserved_memslots

    def memslot_auto_decision_active(self) -> bool:
        return self.memory is not None and self.memory.memslot_auto_decision_active

    def pre_plug(self, device: MemoryDevice, capacity: int, legacy_align: int | None = None) -> None:
        """Check that ``device`` can be plugged and give it an address. Raises QEMU's text and then changes nothing.

        ``capacity`` is what all devices together may use (maxmem - ram), in bytes.
        ``legacy_align`` replaces the alignment, for machine types that did not enforce it.
        """
        if device.is_empty():
            return
        memory = self.memory
        if memory is None:
            raise errors.memory.no_device_memory()
        region = device.get_memory_region()
        assert region is not None
        self._check_addable(memory, device, region, capacity)
        if legacy_align is None:
            if region.size % region.align:
                raise errors.memory.backend_size_unaligned(region.align)
            align = max(device.get_min_alignment(), region.align)
        else:
            align = legacy_align
        if memory.base % align:
            device.machine.warn(errors.char.alignment_exceeds_expected(align))
        addr = device.get_addr()
        if addr:
            memory.check_addr(addr, region.size, align)
        else:
            device.set_addr(memory.find_addr(region.size, align))

    def _check_addable(self, memory: DeviceMemory, device: MemoryDevice, region: MemoryRegion, capacity: int) -> None:
        hypervisor, vhost = self.hypervisor(), self.vhost()
        maximum, free = min(hypervisor.maximum, vhost.maximum), min(hypervisor.free, vhost.free)
        limits = MemslotLimits(maximum, free)
        device.decide_memslots(self._memslot_decision_limit(memory, limits, region.size, capacity))
        needed = device.get_memslots() + memory.reserved_memslots
        if hypervisor.free < needed:
            raise errors.memory.hypervisor_memslots_exhausted()
        if vhost.free < needed:
            raise errors.memory.vhost_memslots_exhausted()
        if memory.used_region_size + region.size > capacity:
            raise errors.memory.device_memory_exhausted(memory.used_region_size, capacity % _ADDRESS_SPACE)

    def _memslot_decision_limit(self, memory: DeviceMemory, limits: MemslotLimits, size: int, capacity: int) -> int:
        """How many memslots a device that decides for itself may take: its share of what is left."""
        if limits.maximum < SAFE_MAX_MEMSLOTS or memory.required_memslots >= SOFT_MEMSLOT_LIMIT:
            return 1
        memslots = min(SOFT_MEMSLOT_LIMIT - memory.required_memslots, limits.free - memory.reserved_memslots)
        if memslots < 1:
            return 1
        if size == capacity:
            return memslots
        available = capacity - memory.used_region_size
        return max(int(float(memslots) * size / available), 1) if available > 0 else memslots

    def plug(self, device: MemoryDevice) -> None:
        """Enter a device that ``pre_plug`` has let through into the books. Cannot fail."""
        region = device.get_memory_region()
        if region is None:
            self.plug_unmapped(device)
            return
        memory = self.memory
        assert memory is not None
        memslots = device.get_memslots()
        memory.used_region_size += region.size
        memory.required_memslots += memslots
        memory.use_memslots(region, device.get_used_memslots())
        memory.memslot_auto_decisions += memslots > 1
        memory.insert(device, device.get_addr(), region.size)
        device.machine.device_list_changed()

    def plug_unmapped(self, device: MemoryDevice) -> None:
        """Enter a device that the machine gave neither address nor slot, as machines without memory hotplug do."""
        insort(self._unmapped, device, key=lambda other: other.get_addr())
        device.machine.device_list_changed()

    def unplug(self, device: MemoryDevice) -> None:
        """Take a plugged device out of the books again."""
        region = device.get_memory_region()
        if region is None:
            self._unmapped.remove(device)
            device.machine.device_list_changed()
            return
        memory = self.memory
        assert memory is not None
        memslots = device.get_memslots()
        memory.used_region_size -= region.size
        memory.required_memslots -= memslots
        memory.use_memslots(region, -device.get_used_memslots())
        memory.memslot_auto_decisions -= memslots > 1
        memory.remove(device.get_addr())
        device.machine.device_list_changed()
