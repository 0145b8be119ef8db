"""Where RAM and the region for memory devices lie in the guest-physical addresses (hw/i386/pc*.c). All in bytes."""

from __future__ import annotations

from typing import NamedTuple

from qmpd import errors

MIB = 1 << 20
GIB = 1 << 30
FOUR_GIB = 4 * GIB

# The addresses just below 1 TiB that AMD's HyperTransport keeps for itself.
AMD_HOLE_START = 0xFD_0000_0000
ABOVE_1TB_START = 1 << 40


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
    """Where the RAM above 4 GiB starts, and the region for memory devices (size 0: none)."""

    above_4g_start: int
    region_base: int
    region_size: int


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def split_ram(chipset: Chipset, ram: int, max_ram_below_4g: int) -> tuple[int, int]:
    """(bytes of RAM below, above 4 GiB)."""
    if chipset is Q35:
        low = min(chipset.largest_low if ram >= 0xB000_0000 else 0xB000_0000, max_ram_below_4g)
    else:
        low = min(max_ram_below_4g, chipset.largest_low) if ram >= max_ram_below_4g else max_ram_below_4g
    return (low, ram - low) if ram >= low else (ram, 0)


def hole64(chipset: Chipset, layout: Layout, ram_above_4g: int, version: tuple[int, int]) -> tuple[int, int]:
    """Start and end of where 64-bit PCI addresses go; up to 2.10 that is told once something is there."""
    if version <= (2, 10):
        return 0, 0
    start = _round_up(layout.region_base + layout.region_size or layout.above_4g_start + ram_above_4g, GIB)
    return start, start + chipset.hole64


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
    cxl: bool = False,
) -> Layout:
    """The layout of a PC of machine version ``version``.

    ``epc_end`` is where enclave memory ends, 0 without: it lies behind the RAM as that was before AMD's hole moved it.

    :raise QemuError: the CPU cannot address the highest byte that may be used.
    """
    above = split_ram(chipset, ram, max_ram_below_4g)[1]
    size = (maxmem - ram + slots * GIB) % (1 << 64) if maxmem > ram else 0

    def layout(start: int) -> Layout:
        return Layout(start, _round_up(epc_end or start + above, GIB) if size else 0, size)

    def highest(candidate: Layout) -> int:
        ram_end = epc_end or candidate.above_4g_start + above
        region_end = candidate.region_base + size if size else ram_end
        if cpu.long_mode:
            # Machines of version 2.4 forgot the region here.
            hole64_start = ram_end if version <= (2, 4) else region_end
            return _round_up(region_end + MIB if cxl else hole64_start, GIB) + chipset.hole64 - 1
        return (1 << cpu.phys_bits) - 1 if version <= (8, 1) else region_end - 1

    chosen = layout(FOUR_GIB)
    if cpu.amd and version >= (7, 1) and highest(chosen) >= AMD_HOLE_START:
        chosen = layout(ABOVE_1TB_START)
    limit = (1 << cpu.phys_bits) - 1
    if limit < highest(chosen):
        raise errors.machine.address_space_too_small(limit, highest(chosen), cpu.phys_bits)
    return chosen
