"""How a backend's file becomes memory: the checks on its size, its offset and its alignment (system/physmem.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.hostmem_host import PAGE_SIZE, BackingFile, round_up
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend

_U64 = 1 << 64
_LARGEST_OFFSET = (1 << 63) - 1


class Mapping(NamedTuple):
    """Memory that a backend got: it starts at a multiple of ``align``, in pages of ``page_size`` bytes.

    ``rom``: to be read only. ``whole_pages``: the backend's size must be a multiple of the page size.
    """

    align: int
    page_size: int = PAGE_SIZE
    rom: bool = False
    whole_pages: bool = False


def map_file(
    backend: MemoryBackend,
    file: BackingFile,
    *,
    align: int = 0,
    offset: int = 0,
    rom: bool = False,
    extend: Callable[[int], None] | None = None,
) -> Mapping:
    """Map ``file`` from ``offset`` on; ``extend`` makes it longer when it is empty. Raises QEMU's text."""
    size = round_up(backend.size, PAGE_SIZE)
    end = (offset + size) % _U64
    if file.size and file.size < end:
        raise errors.hostmem_file.backing_store_too_small(backend.memory_name, file.size, size, offset)
    _check_layout(size, align, offset, file.page_size)
    if extend is not None and file.size is not None and file.size < end:
        extend((offset + round_up(size, file.page_size)) % _U64)
    align = max(align, file.page_size)
    _check_mappable(backend, file, round_up(size, file.page_size), align, offset, rom)
    return Mapping(align, file.page_size, rom, whole_pages=True)


def _check_layout(size: int, align: int, offset: int, page_size: int) -> None:
    if align % page_size:
        raise errors.hostmem_file.backing_alignment_unaligned(align, page_size)
    if align & (align - 1):
        raise errors.hostmem_file.backing_alignment_no_power(align)
    if offset % page_size:
        raise errors.hostmem_file.backing_offset_unaligned(offset, page_size)
    if size < page_size:
        raise errors.hostmem_file.backing_size_below_page(size, page_size)


def _check_mappable(backend: MemoryBackend, file: BackingFile, size: int, align: int, offset: int, rom: bool) -> None:
    # Linux accounts for private memory that can be written, and takes huge pages out of their pool.
    reserved = backend.reserve and ((not backend.share and not rom) or file.page_size > PAGE_SIZE)
    if not backend.machine.host.can_map(size, align, reserved=reserved):
        raise errors.hostmem_file.backing_store_unmapped("Cannot allocate memory")
    if file.map_failure:
        raise errors.hostmem_file.backing_store_unmapped(file.map_failure)
    if offset // PAGE_SIZE > (_LARGEST_OFFSET - size) // PAGE_SIZE:
        raise errors.hostmem_file.backing_store_unmapped("Value too large for defined data type")
