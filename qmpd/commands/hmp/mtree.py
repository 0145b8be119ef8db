"""``info mtree``: what is where in memory (system/memory.c), before a firmware has mapped anything.

What the machine began with is printed as recorded; the model knows RAM, memory devices, CXL, and what PCI devices add.
QEMU prints the blocks in an order that is new each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from qmpd import errors
from qmpd.commands import innards
from qmpd.commands.hmp.call import Call
from qmpd.model.boot_tree import is_there
from qmpd.model.cxl_type3 import CxlType3
from qmpd.model.geometry import FOUR_GIB
from qmpd.model.hostmem import MemoryBackend, RegionNode
from qmpd.model.machine import Machine
from qmpd.model.machine_properties import DEVICE_MEMORY, NVDIMM_IO
from qmpd.model.memory_device import MemoryDevice, region_size
from qmpd.model.nvdimm import Nvdimm
from qmpd.model.pci import PciDevice
from qmpd.model.pci_bridge import Bridge
from qmpd.model.pci_hotplug import pci_buses
from qmpd.model.qom import Object
from qmpd.model.ram import PORTS, RAM, SYSTEM
from qmpd.model.unattached import ABOVE_4G

_ALL: Final = 1 << 64
_PORT_NUMBERS: Final = 1 << 32
_DEPTH: Final = 2
_SLOT_PORTS: Final = (0xA00, 24)
_BUS_MASTER: Final = "  0000000000000000-ffffffffffffffff (prio 0, i/o): bus master container"
_SMRAM, _LOW_SCREEN = "smram-low", (0xA0000, 0x20000)
_REGION_TYPE: Final = "memory-region"
_PCI: Final = "/machine/unattached/pci[0]"
_REGION: Final = re.compile(r"( *)([0-9a-f]{16})-[0-9a-f]{16} \(prio (-?\d+),")
_SILENT_BUSES: Final = frozenset(
    (
        *("PCI", "ISA", "IDE", "SCSI", "HDA", "usb-bus", "floppy-bus", "virtio-serial-bus", "virtio-bus", "nvme-bus"),
        "ccid-bus",
    )
)
"""The buses whose devices have no spaces of their own."""
_SILENT_TYPES: Final = frozenset({"ramfb", "vmcoreinfo", "vmgenid"})
_WITH_SPACES: Final = frozenset({"virtio-iommu-pci", "piix3-ide", "piix4-ide"})
_WITH_PORTS: Final = frozenset({"lsi53c810", "lsi53c895a"})  #: that have a space of their own for the machine's ports
_VIDEO: Final = "vga.vram"
_BANKED: Final = frozenset({"cirrus-vga", "isa-cirrus-vga"})
_RAM: Final = frozenset({_VIDEO})
_SWITCHED_OFF: Final = "vga.bank"  #: before the firmware has set a mode
_LINES: Final = {
    "hpet": ("hpet",),
    "kvmvapic": ("kvmvapic", "apic-msi"),
    "vmport": ("vmport",),
    "i8042": ("i8042-data", "i8042-cmd"),
    "port92": ("port92",),
    "isa-pit": ("pit",),
    "isa-pcspk": ("pcspk",),
    "isa-i8259": ("pic", "elcr"),
    "ich9-ahci": ("address-space: ich9-ahci",),
    "ICH9-SMB": ("address-space: ICH9-SMB",),
}
"""What goes with devices that the board leaves out."""
_KINDS: Final = ("dimm", "nvdimm", "virtio-mem", "virtio-pmem")
_VIRTIO_BAR, _VIRTIO_BAR_SIZE = "virtio-pci[0]", 0x4000


def mtree(call: Call) -> str:
    if call.arguments:
        raise errors.not_modelled("options of 'info mtree'")
    machine = call.context.machine
    if machine.info.name == "none":
        return innards.recorded(machine, "mtree")
    if machine.flash or machine.settings.get("smm") == "off" or _lacks_acpi(machine):
        raise errors.not_modelled("'info mtree' of a board without all its parts")
    devices = list(_devices(machine))
    machine.show_boot_tree()
    left_out = {*machine.numbering.left_out, *(() if machine.numbering.has_helper else ("kvmvapic",))}
    gone = {line for kind in left_out for line in _LINES.get(kind, ())}
    text = "\n".join(line for line in innards.recorded(machine, "mtree").split("\n") if _name_in(line) not in gone)
    blocks = [block for block in text.strip("\n").split("\n\n") if block.partition("\n")[0] not in gone]
    blocks = [_block(machine, block, devices) for block in blocks]
    for device in devices:
        blocks += _added(device)
    blocks += [_video(device) for device in innards.devices(machine) if device.type in _BANKED]
    blocks += _of_memory(machine)
    return "".join(f"{block}\n\n" for block in blocks)


def _lacks_acpi(machine: Machine) -> bool:
    return machine.acpi == "off" if machine.family.acpi_device is None else not machine.has_acpi_device


def _devices(machine: Machine) -> Iterator[PciDevice]:
    """The PCI functions that were plugged. Raises QemuError when something has spaces that nobody knows here."""
    for device in innards.devices(machine):
        is_silent = machine.catalogue.type_info(device.type).bus in _SILENT_BUSES or device.type in _SILENT_TYPES
        if not is_silent and not isinstance(device, MemoryDevice):
            raise errors.not_modelled(f"'info mtree' with devices of type '{device.type}'")
    buses = pci_buses(machine.buses.pci) if machine.buses.pci is not None else []
    for bus in buses:
        for sitter in reversed(bus.sitters):
            if isinstance(sitter, PciDevice):
                if sitter.type in _WITH_SPACES:
                    raise errors.not_modelled(f"'info mtree' with devices of type '{sitter.type}'")
                yield sitter


# Lines


def _line(depth: int, start: int, size: int, name: str, kind: str = "i/o", priority: int = 0) -> str:
    return f"{'  ' * depth}{start:016x}-{start + max(size, 1) - 1:016x} (prio {priority}, {kind}): {name}"


def _alias(
    depth: int, start: int, size: int, name: str, of: str, offset: int = 0, *, kind: str = "i/o", priority: int = 0
) -> str:
    target = f"alias {name} @{of} {offset:016x}-{offset + max(size, 1) - 1:016x}"
    return _line(depth, start, size, target, kind, priority)


def _name(node: Object) -> str:
    return node.name.rpartition("[")[0]


def _name_in(line: str) -> str:
    """What a line names; empty for headers."""
    return line.rpartition("): ")[2] if line.startswith(" ") else ""


def _place(line: str) -> tuple[int, int, int]:
    """Depth, address, and the priority with its sign turned: the highest first."""
    match = _REGION.match(line)
    assert match is not None
    return len(match[1]) // 2, int(match[2], 16), -int(match[3])


def _inserted(lines: list[str], new: Iterable[list[str]], parent: int = 0) -> list[str]:
    """``lines`` with further regions, each with what is in it, inside the one in line ``parent``: the newest first."""
    inside = _place(lines[parent])[0] + 1
    for group in new:
        at = parent + 1
        while at < len(lines):
            depth, *place = _place(lines[at])
            if depth < inside or (depth == inside and tuple(place) >= _place(group[0])[1:]):
                break
            at += 1
        lines = [*lines[:at], *group, *lines[at:]]
    return lines


def _inside_of(machine: Machine, container: str, depth: int) -> Iterator[list[str]]:
    """What devices have put there, for example by their board's choice of ports."""
    for device in innards.devices(machine):
        for part in () if isinstance(device, Bridge) else device.children():
            if part.type == _REGION_TYPE and part.get_property("container") == container:
                yield _group(device, part, depth, 0)


def _group(owner: Object, part: Object, depth: int, base: int) -> list[str]:
    """A region with what is in it."""
    name = _name(part)
    addr, size, priority = (part.get_property(name) for name in ("addr", "size", "priority"))
    start = base + addr
    lines = [_line(depth, start, size, name, "ram" if name in _RAM else "i/o", priority)]
    for inner in sorted(_inside(owner, part), key=lambda inner: int(inner.get_property("addr"))):
        if not _name(inner).startswith(_SWITCHED_OFF):
            lines += _group(owner, inner, depth + 1, start)
    return lines


# What the machine began with


def _block(machine: Machine, block: str, devices: list[PciDevice]) -> str:
    lines = block.split("\n")
    headers = [line for line in lines if not line.startswith(" ")]
    body = lines[len(headers) :]
    if _SMRAM in block:
        name, kind = _ram_name(machine)
        body = [
            _alias(_DEPTH, *_LOW_SCREEN, _SMRAM, name, _LOW_SCREEN[0], kind=kind) if _SMRAM in line else line
            for line in body
        ]
    if body and body[0].endswith(": system"):
        body = _system(machine, body, devices)
    elif headers == ["memory-region: pci"]:
        body = _inserted(_with_windows(body, 0, devices), _inside_of(machine, _PCI, _DEPTH))
    elif headers == ["memory-region: pc.ram"] or headers == ["memory-region: microvm.ram"]:
        return _ram(machine)
    elif headers == ["address-space: I/O"]:
        body = _ports(machine, body, devices)
        headers += ["address-space: lsi-pci-io" for device in devices if device.type in _WITH_PORTS]
    elif headers == ["address-space: cpu-smm-0"]:
        return "\n\n".join("\n".join([f"address-space: cpu-smm-{cpu}", *body]) for cpu in range(machine.cpu_count))
    if "address-space: cpu-memory-0" in headers:
        cpus = [f"address-space: cpu-memory-{cpu}" for cpu in range(machine.cpu_count)]
        headers = [*cpus, *(line for line in headers if "cpu-memory" not in line)]
    return "\n".join([*headers, *body])


def _system(machine: Machine, body: list[str], devices: list[PciDevice]) -> list[str]:
    ram, kind = _ram_name(machine)
    low = machine.ram_below_4g
    body = [_alias(_DEPTH, 0, low, "ram-below-4g", ram, kind=kind) if "ram-below-4g" in line else line for line in body]
    at = next((number for number, line in enumerate(body) if line.endswith(": pci")), None)
    if at is not None:
        body = _inserted(_with_windows(body, at, devices), _inside_of(machine, _PCI, _DEPTH + 1), at)
    body = _inserted(body, _inside_of(machine, SYSTEM, _DEPTH))
    if machine.ram_above_4g:
        high = machine.layout.above_4g_start if machine.family.chipset is not None else FOUR_GIB
        body.append(_alias(_DEPTH, high, machine.ram_above_4g, _name_of(ABOVE_4G), ram, low, kind=kind))
    body += _device_memory(machine, _DEPTH)
    for name in ("cxl_host_reg[0]", *(f"cxl-fixed-memory-region[{n}]" for n in range(len(machine.cxl_windows)))):
        region = machine.child(name)
        if isinstance(region, RegionNode):
            body += _cxl(machine, region)
    return body


def _name_of(name: str) -> str:
    return name.rpartition("[")[0]


def _ram_name(machine: Machine) -> tuple[str, str]:
    if machine.child(RAM) is not None:
        return "pc.ram", "i/o"
    backend = machine.memory_backend
    return (backend.name if backend is not None else "pc.ram"), "ram"


def _ram(machine: Machine) -> str:
    name, kind = _ram_name(machine)
    lines = [f"memory-region: {name}", _line(1, 0, machine.ram_size, name, kind)]
    offset = 0
    for node in machine.numa.nodes.values():
        if node.memdev is not None:
            lines.append(_line(_DEPTH, offset, node.memdev.size, node.memdev.name, "ram"))
            offset += node.memdev.size
    return "\n".join(lines)


def _ports(machine: Machine, body: list[str], devices: list[PciDevice]) -> list[str]:
    body = [line for line in body if is_there(machine, f"{line.rpartition(': ')[2]}[0]")]
    if machine.memory_hotplug.slots:
        body = _inserted(body, [[_line(_DEPTH, *_SLOT_PORTS, "acpi-mem-hotplug")]])
    node = machine.child(NVDIMM_IO)
    if isinstance(node, RegionNode):
        body = _inserted(body, [[_line(_DEPTH, node.address(), node.length(), _name_of(NVDIMM_IO))]])
    body = _inserted(body, _inside_of(machine, PORTS, _DEPTH))
    windows = [
        _alias(_DEPTH, 0, 0, "pci_bridge_io", "pci_bridge_io", priority=1)
        for device in devices
        if isinstance(device, Bridge) and device.pci_bus.bridge is None
    ]
    return [body[0], *windows, *body[1:]]


# What was plugged


def _with_windows(body: list[str], at: int, devices: list[PciDevice]) -> list[str]:
    """``body`` with the windows of the bridges on root buses below the region in line ``at``."""
    depth = (len(body[at]) - len(body[at].lstrip())) // 2 + 1
    windows = [line for device in devices if isinstance(device, Bridge) for line in _windows(device, None, depth)]
    return [*body[: at + 1], *windows, *body[at + 1 :]]


def _windows(bridge: Bridge, upstream: Bridge | None, depth: int) -> list[str]:
    if bridge.pci_bus.bridge is not upstream:
        return []
    names = ("pci_bridge_mem", "pci_bridge_pref_mem")
    return [_alias(depth, 0, 0, name, "pci_bridge_pci", priority=1) for name in names]


def _video(device: Object) -> str:
    """The memory of a card whose banks show parts of it."""
    size = device.get_property("vgamem_mb") << 20
    return f"memory-region: {_VIDEO}\n{_line(1, 0, size, _VIDEO, 'ram')}"


def _added(device: PciDevice) -> Iterator[str]:
    yield f"address-space: {device.type}\n{_BUS_MASTER}"
    if isinstance(device, Bridge):
        behind = [sitter for sitter in reversed(device.secondary.sitters) if isinstance(sitter, Bridge)]
        memory = [_line(1, 0, _ALL, "pci_bridge_pci"), *(w for b in behind for w in _windows(b, device, _DEPTH))]
        ports = [_line(1, 0, _PORT_NUMBERS, "pci_bridge_io")]
        ports += [_alias(_DEPTH, 0, 0, "pci_bridge_io", "pci_bridge_io", priority=1) for _ in behind]
        places = [f"{device.path}/{name}[0]" for name in ("pci_bridge_pci", "pci_bridge_io")]
        memory = _inserted(memory, _inside_of(device.machine, places[0], _DEPTH))
        ports = _inserted(ports, _inside_of(device.machine, places[1], _DEPTH))
        for header in ("address-space: pci_bridge_pci_mem", "memory-region: pci_bridge_pci"):
            yield "\n".join([header, *memory])
        for header in ("address-space: pci_bridge_pci_io", "memory-region: pci_bridge_io"):
            yield "\n".join([header, *ports])
    if device.machine.catalogue.is_a(device.type, "virtio-pci"):
        bar = device.child(_VIRTIO_BAR)
        lines = [_line(1, 0, _VIRTIO_BAR_SIZE, "virtio-pci")] if bar is None else _group(device, bar, 1, 0)
        yield "\n".join(["address-space: virtio-pci-cfg-mem-as", *lines])
    if isinstance(device, CxlType3):
        for space, backend in device.spaces():
            name = space if device.device_id is None else f"{space}:{device.device_id}"
            yield f"address-space: {name}\n{_line(1, 0, backend.size, backend.name, 'ram')}"


# Memory devices


def _device_memory(machine: Machine, depth: int) -> list[str]:
    region = machine.child(DEVICE_MEMORY)
    if not isinstance(region, RegionNode):
        return []
    lines = [_line(depth, region.address(), region.length(), "device-memory")]
    for device in machine.memory_devices.memory_device_list():
        if device.info_kind not in _KINDS:
            raise errors.not_modelled(f"'info mtree' with a {device.info_kind}")
        lines.append(_device(device, depth + 1))
    return lines


def _device(device: MemoryDevice, depth: int) -> str:
    memdev = _memdev(device)
    addr, size = device.get_addr(), region_size(device)
    if isinstance(device, Nvdimm):
        return _alias(depth, addr, size, "nvdimm-memory", memdev.name, kind="nv-ram")
    return _line(depth, addr, size, memdev.name, "ram")


def _memdev(device: MemoryDevice) -> MemoryBackend:
    backend = getattr(getattr(device, "backend", device), "memdev", None)
    if not isinstance(backend, MemoryBackend) or getattr(backend, "rom", False):
        raise errors.not_modelled("'info mtree' with such a backend")
    return backend


def _of_memory(machine: Machine) -> Iterator[str]:
    lines = _device_memory(machine, 1)
    if lines:
        yield "\n".join(["address-space: device-memory", *lines])
    for device in machine.memory_devices.memory_device_list():
        if isinstance(device, Nvdimm):
            backend = _memdev(device)
            yield f"memory-region: {backend.name}\n{_line(1, 0, backend.size, backend.name, 'ram')}"


def _cxl(machine: Machine, region: RegionNode) -> list[str]:
    lines = [_line(_DEPTH, region.address(), region.length(), _name(region))]
    for bus in machine.buses.expanders:
        host = bus.parent
        assert host is not None
        for registers in _inside(host, region):
            lines += _group(host, registers, _DEPTH + 1, region.address())
    return lines


def _inside(owner: Object, region: Object) -> list[Object]:
    """What ``owner`` has inside ``region``."""
    parts = [part for part in owner.children() if part.type == _REGION_TYPE]
    return [part for part in parts if part.get_property("container") == region.path]
