"""cxl-type3: a memory device behind CXL (hw/mem/cxl_type3.c). No guest here ever uses its memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.hostmem import MemoryBackend
from qmpd.model.pci import PciDevice
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_MEMDEV, _PERSISTENT, _VOLATILE, _DYNAMIC = "memdev", "persistent-memdev", "volatile-memdev", "volatile-dc-memdev"
_REGIONS = "num-dc-regions"
_CAPACITY_UNIT = 256 << 20
_BLOCK = 2 << 20


class DynamicRegion(NamedTuple):
    """A region of dynamic capacity: where it starts among the device's bytes, and its size."""

    base: int
    size: int


class CxlType3(PciDevice):
    """The device. ``poison`` are start and length of what was poisoned, ``pending`` of what the host was offered."""

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.poison: list[tuple[int, int]] = []
        self.regions: list[DynamicRegion] = []
        self.pending: list[tuple[int, int]] = []

    def realize_function(self) -> None:
        self._take_memory()
        if self.value("cdat"):
            raise errors.not_modelled("the attributes that a file has of a CXL device")
        super().realize_function()

    def check_needs(self) -> None:
        """What it lacks was told before."""

    def _backend(self, name: str) -> MemoryBackend | None:
        backend = self.links.get(name)
        assert backend is None or isinstance(backend, MemoryBackend)
        return backend

    def _take_memory(self) -> None:
        """Map the backends. As QEMU has it, those before one that is refused stay mapped. Raises QEMU's text."""
        if not any(map(self._backend, (_MEMDEV, _VOLATILE, _PERSISTENT))) and not self.value(_REGIONS):
            raise errors.cxl.no_memdev()
        if self._backend(_MEMDEV) is not None:
            if self._backend(_PERSISTENT) is not None:
                raise errors.cxl.both_memdevs()
            self.links[_PERSISTENT] = self.links.pop(_MEMDEV)
        if self._backend(_PERSISTENT) is not None and self._backend("lsa") is None:
            raise errors.cxl.no_label_area()
        self._map(_VOLATILE)
        self._map(_PERSISTENT)
        if self.value(_REGIONS):
            if self._backend(_DYNAMIC) is None:
                raise errors.cxl.no_dynamic_memdev()
            self._map(_DYNAMIC)
            self._divide(self.value(_REGIONS))

    def _map(self, name: str) -> None:
        backend = self._backend(name)
        if backend is not None:
            if backend.mapped:
                raise errors.cxl.backend_taken(backend.name)
            backend.mapped = True

    def _size(self, name: str) -> int:
        backend = self._backend(name)
        return backend.size if backend is not None else 0

    def _divide(self, count: int) -> None:
        size = self._size(_DYNAMIC)
        if size % (count * _CAPACITY_UNIT):
            raise errors.cxl.dynamic_memory_indivisible(-(-size // count))
        base = self._size(_VOLATILE) + self._size(_PERSISTENT)
        if base % _CAPACITY_UNIT:
            raise errors.cxl.dynamic_base_unaligned(_CAPACITY_UNIT)
        part = size // count
        self.regions = [DynamicRegion(base + number * part, part) for number in range(count)]

    def spaces(self) -> Iterator[tuple[str, MemoryBackend]]:
        """What the device's own addresses are called, and what is there."""
        for space, name in (("type3-dpa-vmem", _VOLATILE), ("type3-dpa-pmem", _PERSISTENT), ("dcd-dpa-dc", _DYNAMIC)):
            backend = self._backend(name)
            if backend is not None:
                yield f"cxl-{space}-space", backend

    # What clients do to it

    def add_poison(self, start: int, length: int) -> None:
        """Poison ``length`` bytes. Raises QEMU's text when some are already."""
        if _overlaps(self.poison, start, length):
            raise errors.cxl.poison_overlaps()
        self.poison.append((start, length))

    def change_capacity(self, number: int, extents: list[dict[str, Any]], *, add: bool) -> None:
        """Offer ``extents`` of a region to the host, or ask for them back. Raises QEMU's text."""
        if not self.regions:
            raise errors.cxl.no_dynamic_capacity()
        if number >= len(self.regions):
            raise errors.cxl.region_unknown()
        region = self.regions[number]
        taken: list[tuple[int, int]] = []
        for extent in extents:
            offset, length = extent["offset"], extent["len"]
            if not length:
                raise errors.cxl.extent_empty()
            if offset % _BLOCK or length % _BLOCK:
                raise errors.cxl.extent_unaligned()
            if offset + length > region.size:
                raise errors.cxl.extent_beyond_region()
            if _overlaps(taken, offset, length):
                raise errors.cxl.extents_overlap()
            taken.append((offset, length))
            pending = _overlaps(self.pending, region.base + offset, length)
            if not add:
                raise errors.cxl.release_of_pending() if pending else errors.cxl.release_of_nothing()
            if pending:
                raise errors.cxl.added_while_pending()
        self.pending += [(region.base + offset, length) for offset, length in taken]


def _overlaps(ranges: list[tuple[int, int]], start: int, length: int) -> bool:
    return any(start < other + size and start + length > other for other, size in ranges)
