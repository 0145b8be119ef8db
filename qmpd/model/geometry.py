"""Where RAM and the region for memory devices lie in the guest-physical addresses (hw/i386/pc*.c). All in bytes."""

from __future__ import annotations

from collections.abc import Sequence

from qmpd import errors
from qmpd.named import NamedTuple

MIB = 1 << 20
GIB = 1 << 30
FOUR_GIB = 4 * GIB

# The addresses just below 1 TiB that AMD's HyperTransport keeps for itself.
AMD_HOLE_START = 0xFD_0000_0000
ABOVE_1TB_START = 1 << 40

CXL_REGISTERS = MIB
"""The size of what the registers of all CXL host bridges take."""
_CXL_WINDOW_ALIGN = 256 * MIB


class Chipset(NamedTuple):
    """What a family of PC machines decides. ``hole64`` is the size of the PCI hole above 4 GiB.

    Where more RAM is given than fits below 4 GiB, ``largest_low`` is what stays there at most.
    """

    default_max_ram_below_4g: int
    hole64: int
    largest_low: int


Q35 = Chipset(FOUR_GIB, 32 * GIB, 0x8000_0000)
I440FX = Chipset(0xE000_0000, 2 * GIB, 0xC000_0000)
ISA = Chipset(0xE000_0000, 0, 0xE000_0000)


class CpuAddressing(NamedTuple):
    """What the boot CPU contributes: AMD parts have a hole below 1 TiB, parts without long mode no 64-bit PCI hole."""

    amd: bool
    phys_bits: int
    long_mode: bool


class Layout(NamedTuple):
    """Where the RAM above 4 GiB starts, the region for memory devices (size 0: none), and where all of it ends."""

    above_4g_start: int
    region_base: int
    region_size: int
    memory_end: int


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def split_ram(chipset: Chipset, ram: int, max_ram_below_4g: int) -> tuple[int, int]:
    """(bytes of RAM below, above 4 GiB)."""
    if chipset.largest_low == Q35.largest_low:
        low = min(chipset.largest_low if ram >= 0xB000_0000 else 0xB000_0000, max_ram_below_4g)
    else:
        low = min(max_ram_below_4g, chipset.largest_low) if ram >= max_ram_below_4g else max_ram_below_4g
    return (low, ram - low) if ram >= low else (ram, 0)


def is_split_badly(chipset: Chipset, ram: int, max_ram_below_4g: int) -> bool:
    """Whether QEMU warns of where it has to split: not at a multiple of 1 GiB. Less than nothing is very much to it."""
    if chipset.largest_low == Q35.largest_low:
        low = min(chipset.largest_low if ram >= 0xB000_0000 else 0xB000_0000, max_ram_below_4g)
        is_large = low == max_ram_below_4g and (ram - low) % (1 << 64) > low
    else:
        low = min(max_ram_below_4g, chipset.largest_low)
        is_large = ram >= max_ram_below_4g
    return is_large and low % GIB != 0


def cxl_windows_start(registers: int) -> int:
    """Where CXL's windows of memory begin behind the host ``registers``."""
    return _round_up(registers + CXL_REGISTERS, _CXL_WINDOW_ALIGN)


def _hole64_start(memory_end: int, cxl_windows: Sequence[int] | None) -> int:
    """Where the PCI hole above 4 GiB starts; ``cxl_windows`` are the sizes of windows of memory, None without CXL."""
    if cxl_windows:
        memory_end = cxl_windows_start(memory_end) + sum(cxl_windows)
    elif cxl_windows is not None:
        memory_end += CXL_REGISTERS
    return _round_up(memory_end, GIB)


def hole64(
    chipset: Chipset, layout: Layout, cxl_windows: Sequence[int] | None, version: tuple[int, int]
) -> tuple[int, int]:
    """Start and end of where 64-bit PCI addresses go; up to 2.10 that is told once something is there."""
    if version <= (2, 10):
        return 0, 0
    start = _hole64_start(layout.memory_end, cxl_windows)
    return start, _round_up(start + chipset.hole64, GIB)


def lay_out(
    chipset: Chipset,
    *,
    ram: int,
    maxmem: int,
    slots: int,
    max_ram_below_4g: int,
    cpu: CpuAddressing,
    version: tuple[int, int],
    epc_end: int = 0,
    cxl_windows: Sequence[int] | None = None,
) -> Layout:
    """The layout of a PC of machine version ``version``.

    ``epc_end`` is where enclave memory ends, 0 without: it lies behind the RAM as that was before AMD's hole moved it.

    :raise QemuError: the CPU cannot address the highest byte that may be used.
    """
    above = split_ram(chipset, ram, max_ram_below_4g)[1]
    size = (maxmem - ram + slots * GIB) % (1 << 64) if maxmem > ram else 0

    def layout(start: int) -> Layout:
        ram_end = epc_end or start + above
        base = _round_up(ram_end, GIB) if size else 0
        return Layout(start, base, size, base + size or ram_end)

    def highest(candidate: Layout) -> int:
        if cpu.long_mode:
            # Machines of version 2.4 forgot the region here.
            forgotten = size if version <= (2, 4) and cxl_windows is None else 0
            return _hole64_start(candidate.memory_end - forgotten, cxl_windows) + chipset.hole64 - 1
        return (1 << cpu.phys_bits) - 1 if version <= (8, 1) else candidate.memory_end - 1

    chosen = layout(FOUR_GIB)
    if cpu.amd and version >= (7, 1) and highest(chosen) >= AMD_HOLE_START:
        chosen = layout(ABOVE_1TB_START)
    limit = (1 << cpu.phys_bits) - 1
    if limit < highest(chosen):
        raise errors.machine.address_space_too_small(limit, highest(chosen), cpu.phys_bits)
    return chosen
