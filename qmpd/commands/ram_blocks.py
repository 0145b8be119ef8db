"""``info ramblock``: the blocks of RAM, in QEMU's own address space (system/physmem.c)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from qmpd.commands import innards
from qmpd.model.brought import video_memory
from qmpd.model.catalogue_device import OUTSIDE
from qmpd.model.device import Device
from qmpd.model.hostmem import MemoryBackend
from qmpd.model.machine import Machine
from qmpd.model.pci import ROM_BAR, PciDevice
from qmpd.named import NamedTuple

_ALIGN: Final = 0x40000
_HOST_ALIGN: Final = 2 << 20
_PAGES: Final = {1 << 12: "4 KiB", 1 << 21: "2 MiB", 1 << 30: "1 GiB"}
_PAGE: Final = 1 << 12
_END: Final = 1 << 64
_LONGEST_ROM_NAME: Final = 31
_NAMING: Final = ("dimm", "nvdimm", "virtio-mem", "hv-balloon")  #: kinds of memory devices that name their backend
_SHARED_MEMORY: Final = frozenset({"ivshmem-plain", "ivshmem-doorbell"})
_ROM_NAMES: Final = {
    **dict.fromkeys(("e1000-82544gc", "e1000-82545em"), "e1000"),
    "VGA": "vga",
    "cirrus-vga": "cirrus_vga",
    "vmware-svga": "vmware_vga",
    "ne2k_pci": "ne2000",
}
"""What devices are called where their state is saved, if not as their type."""


class _Block(NamedTuple):
    """One block. ``key`` is whose it is and which: it stays where it is while that is there."""

    key: tuple[Hashable, str]
    name: str
    size: int
    page: int = _PAGE
    used: int | None = None
    read_only: bool = False


_TABLES: Final = (
    ("/rom@etc/acpi/tables", 0x200000),
    ("/rom@etc/table-loader", 0x10000),
    ("/rom@etc/acpi/rsdp", 0x1000),
)
_USED: Final = {"/rom@etc/acpi/tables": 0x20000, "/rom@etc/table-loader": 0x1000}
_BIOS: Final = "pc.bios"
_FIRMWARE: Final = {
    "microvm": ((_BIOS, 0x20000),),
    "isapc": ((_BIOS, 0x20000), ("pc.rom", 0x20000)),
}
_FIRMWARE_OF_PCI: Final = ((_BIOS, 0x40000), ("pc.rom", 0x20000))
_VIDEO_TYPES: Final = frozenset(
    {"VGA", "secondary-vga", "cirrus-vga", "isa-vga", "isa-cirrus-vga", "virtio-vga", "ati-vga", "vmware-svga"}
)
_VIRTIO_VIDEO: Final = 8 << 20

_placed: WeakKeyDictionary[Machine, dict[tuple[Hashable, str], int]] = WeakKeyDictionary()
"""Where the blocks of each machine were when they were last looked at."""


def ram_blocks(machine: Machine) -> str:
    """The addresses in QEMU's process are made up."""
    blocks = list(_blocks(machine))
    before = _placed.get(machine, {})
    known = {block.key: block for block in blocks}
    blocks = [known[key] for key in before if key in known] + [block for block in blocks if block.key not in before]
    offsets = {block.key: before[block.key] for block in blocks if block.key in before}
    sizes = {block.key: block.size for block in blocks}
    for block in blocks:
        if block.key not in offsets:
            offsets[block.key] = _gap(block.size, [(offset, sizes[key]) for key, offset in offsets.items()])
    _placed[machine] = offsets
    text = f"{'Block Name':>24} {'PSize':>8}  {'Offset':>18} {'Used':>18} {'Total':>18} {'HVA':>18} {'RO':>3}\n"
    host = innards.HOST_ADDRESS
    for block in sorted(blocks, key=lambda block: -block.size):
        used = block.size if block.used is None else block.used
        numbers = " ".join(f"0x{number:016x}" for number in (offsets[block.key], used, block.size, host))
        text += f"{block.name:>24} {_PAGES[block.page]:>8}  {numbers} {'ro' if block.read_only else 'rw':>3}\n"
        host += -(-block.size // _HOST_ALIGN) * _HOST_ALIGN
    return text


def _gap(size: int, taken: list[tuple[int, int]]) -> int:
    """Where a block of ``size`` bytes goes: behind another, where the least is left."""
    found, smallest = 0, _END
    for offset, length in sorted(taken, key=lambda entry: -entry[1]):
        start = -(-(offset + length) // _ALIGN) * _ALIGN
        gap = min((other for other, _ in taken if other >= start), default=_END - 1) - start
        if size <= gap < smallest:
            found, smallest = start, gap
    return found


# The blocks, in the order in which they came


def _blocks(machine: Machine) -> Iterator[_Block]:
    names = _backend_names(machine)
    told = [options.values.get("id") for options in machine.config.objects]
    backends = [child for child in machine.objects.children_by_age() if isinstance(child, MemoryBackend)]
    own = [backend for backend in backends if backend is machine.memory_backend and backend.name not in told]
    early = sorted((backend for backend in backends if backend.name in told), key=lambda child: told.index(child.name))
    late = [backend for backend in backends if backend not in early and backend not in own]
    plugged = innards.devices(machine)
    for backend in (*early, *own):
        yield _backend(backend, names)
    yield from _firmware(machine)
    for device in plugged:
        if not device.hotplugged:
            yield from _own_blocks(device)
    if machine.acpi != "off" and (machine.family.acpi_device is not None or machine.info.name == "microvm"):
        for name, size in _TABLES:
            used = _USED.get(name) if machine.family.chipset is not None else min(size, _PAGE)
            yield _Block((machine, name), name, size, used=used, read_only=True)
    for backend in late:
        yield _backend(backend, names)
    for device in plugged:
        if device.hotplugged:
            yield from _own_blocks(device)


def _backend(backend: MemoryBackend, names: dict[MemoryBackend, str]) -> _Block:
    page = backend.page_size
    return _Block((backend, ""), names.get(backend, ""), -(-backend.size // page) * page, page)


def _firmware(machine: Machine) -> Iterator[_Block]:
    if machine.info.name == "none":
        return
    is_writable = machine.info.name in _FIRMWARE
    for _, chip in sorted(machine.flash.items()):
        yield _Block((chip, ""), chip.name, chip.get_property("num-blocks") * chip.get_property("sector-length"))
    for name, size in _FIRMWARE.get(machine.info.name, _FIRMWARE_OF_PCI):
        if name != _BIOS or not machine.flash:
            told = machine.bios_size if name == _BIOS else None
            yield _Block((machine, name), name, told or size, read_only=not is_writable)


def _own_blocks(device: Device) -> Iterator[_Block]:
    prefix = f"{device.place}/" if isinstance(device, PciDevice) else ""
    for name, size, is_global in _video(device):
        yield _Block((device, name), name if is_global else prefix + name, size)
    rom = _rom_size(device) if isinstance(device, PciDevice) else 0
    if rom:
        name = f"{_ROM_NAMES.get(device.type, device.type)}.rom"[:_LONGEST_ROM_NAME]
        yield _Block((device, name), prefix + name, rom, read_only=True)


def _video(device: Any) -> Iterable[tuple[str, int, bool]]:
    if device.type == "bochs-display":
        yield "bochs-display-vram", video_memory(device) or 0, False
    if device.type in OUTSIDE:
        yield *OUTSIDE[device.type], True
    if device.type in _VIDEO_TYPES:
        entries = device.properties
        is_global = device.value("global-vmstate") if "global-vmstate" in entries else not isinstance(device, PciDevice)
        yield "vga.vram", video_memory(device) or _VIRTIO_VIDEO, is_global
    if device.type == "vmclock":
        yield "vmclock_page", _PAGE, True


def _rom_size(device: PciDevice) -> int:
    regions = (device.machine.catalogue.pci_info(device.type) or {}).get("regions", [])
    if not any(region["bar"] == ROM_BAR for region in regions):
        return 0
    return next((region["size"] for region in device.pci_info()["regions"] if region["bar"] == ROM_BAR), 0)


# Names


def _backend_names(machine: Machine) -> dict[MemoryBackend, str]:
    """What the backends are called that somebody uses who names them."""
    names = {node.memdev: node.memdev.memory_name for node in machine.numa.nodes.values() if node.memdev is not None}
    if isinstance(machine.memory_backend, MemoryBackend):
        names[machine.memory_backend] = machine.memory_backend.memory_name
    backends = {child.path: child for child in machine.objects.children()}
    for device in innards.devices(machine):
        backend = getattr(getattr(device, "backend", device), "memdev", None)
        if device.type in _SHARED_MEMORY:
            backend = backends.get(device.get_property("memdev"))
        if not isinstance(backend, MemoryBackend):
            continue
        if getattr(device, "info_kind", "") in _NAMING or device.type in _SHARED_MEMORY:
            own = backend.memory_name
            names[backend] = f"{device.place}/{own}" if isinstance(device, PciDevice) else own
    return names
