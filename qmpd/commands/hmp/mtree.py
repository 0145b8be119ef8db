"""``info mtree``: what is where in memory (system/memory.c), before a firmware has mapped anything.

What the machine began with is printed as recorded; the model knows RAM, memory devices, CXL, and what PCI devices add.
QEMU prints the blocks in an order that is new each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from qmpd import errors
from qmpd.commands import innards
from qmpd.commands.hmp.call import Call
from qmpd.model.boot_tree import is_there
from qmpd.model.cxl_type3 import CxlType3
from qmpd.model.hostmem import MemoryBackend, RegionNode
from qmpd.model.machine import Machine
from qmpd.model.machine_properties import DEVICE_MEMORY, NVDIMM_IO
from qmpd.model.memory_device import MemoryDevice, region_size
from qmpd.model.nvdimm import Nvdimm
from qmpd.model.pci import PciDevice
from qmpd.model.pci_bridge import Bridge
from qmpd.model.pci_hotplug import pci_buses
from qmpd.model.qom import Object
from qmpd.model.ram import RAM
from qmpd.model.unattached import ABOVE_4G

_ALL: Final = 1 << 64
_PORTS: Final = 1 << 32
_DEPTH: Final = 2
_SLOT_PORTS: Final = (0xA00, 24)
_BUS_MASTER: Final = "  0000000000000000-ffffffffffffffff (prio 0, i/o): bus master container"
_SMRAM, _LOW_SCREEN = "smram-low", (0xA0000, 0x20000)
_NETWORK, _SCREENS, _BRIDGE, _NVME, _USB, _CXL_MEMORY = 0x02, 0x03, 0x06, 0x0108, 0x0C03, 0x0502  # PCI classes
_KINDS: Final = ("dimm", "nvdimm", "virtio-mem", "virtio-pmem")
_VIRTIO_BAR: Final = "virtio-pci[0]"


def mtree(call: Call) -> str:
    if call.arguments:
        raise errors.not_modelled("options of 'info mtree'")
    machine = call.context.machine
    if machine.family.chipset is None or machine.info.name == "isapc":
        return innards.bare(machine, "mtree")
    if machine.numbering.left_out or machine.settings.get("smm") == "off" or not machine.has_acpi_device:
        raise errors.not_modelled("'info mtree' of a board without all its parts")
    devices = list(_devices(machine))
    blocks = innards.recorded(machine, "mtree").strip("\n").split("\n\n")
    blocks = [_block(machine, block, devices) for block in blocks]
    for device in devices:
        blocks += _added(device)
    blocks += _of_memory(machine)
    return "".join(f"{block}\n\n" for block in blocks)


def _devices(machine: Machine) -> Iterator[PciDevice]:
    """What was plugged. Raises QemuError when something has a place in memory that nobody knows here."""
    plugged = [*machine.board_devices, *machine.peripheral.children(), *machine.peripheral_anon.children()]
    for device in plugged:
        if not isinstance(device, (PciDevice, MemoryDevice)):
            raise errors.not_modelled(f"'info mtree' with devices of type '{device.type}'")
    buses = pci_buses(machine.buses.pci) if machine.buses.pci is not None else []
    for bus in buses:
        for sitter in reversed(bus.sitters):
            if isinstance(sitter, PciDevice):
                if not _leaves_memory_alone(sitter):
                    raise errors.not_modelled(f"'info mtree' with devices of type '{sitter.type}'")
                yield sitter


def _leaves_memory_alone(device: PciDevice) -> bool:
    """Whether nothing of the device can be seen before a firmware maps it: so it is with these kinds, not with all."""
    kind = device.pci_info()["class_info"]["class"]
    is_virtio = device.machine.catalogue.is_a(device.type, "virtio-pci") and kind >> 8 != _SCREENS
    return is_virtio or kind >> 8 in (_NETWORK, _BRIDGE) or kind in (_NVME, _USB, _CXL_MEMORY)


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


def _inserted(lines: list[str], new: list[str]) -> list[str]:
    """``lines`` with others of the depth of regions inside the outermost, each before the first at a higher address."""
    for line in new:
        at = next(
            (
                number
                for number, other in enumerate(lines)
                if other.startswith("    ") and other[4] != " " and other[4:20] > line[4:20]
            ),
            len(lines),
        )
        lines = [*lines[:at], line, *lines[at:]]
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
        body = _with_windows(body, 0, devices)
    elif headers == ["memory-region: pc.ram"]:
        return _ram(machine)
    elif headers == ["address-space: I/O"]:
        body = _ports(machine, body, devices)
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
    body = _with_windows(body, body.index(next(line for line in body if line.endswith(": pci"))), devices)
    if machine.ram_above_4g:
        high = machine.layout.above_4g_start
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
        body = _inserted(body, [_line(_DEPTH, *_SLOT_PORTS, "acpi-mem-hotplug")])
    node = machine.child(NVDIMM_IO)
    if isinstance(node, RegionNode):
        body = _inserted(body, [_line(_DEPTH, node.address(), node.length(), _name_of(NVDIMM_IO))])
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


def _added(device: PciDevice) -> Iterator[str]:
    yield f"address-space: {device.type}\n{_BUS_MASTER}"
    if isinstance(device, Bridge):
        behind = [sitter for sitter in reversed(device.secondary.sitters) if isinstance(sitter, Bridge)]
        memory = [_line(1, 0, _ALL, "pci_bridge_pci"), *(w for b in behind for w in _windows(b, device, _DEPTH))]
        ports = [_line(1, 0, _PORTS, "pci_bridge_io")]
        ports += [_alias(_DEPTH, 0, 0, "pci_bridge_io", "pci_bridge_io", priority=1) for _ in behind]
        for header in ("address-space: pci_bridge_pci_mem", "memory-region: pci_bridge_pci"):
            yield "\n".join([header, *memory])
        for header in ("address-space: pci_bridge_pci_io", "memory-region: pci_bridge_io"):
            yield "\n".join([header, *ports])
    bar = device.child(_VIRTIO_BAR)
    if isinstance(bar, RegionNode):
        lines = [_line(_DEPTH, part.address(), part.length(), _name(part)) for part in _inside(device, bar)]
        if lines:
            yield "\n".join(
                ["address-space: virtio-pci-cfg-mem-as", _line(1, 0, bar.length(), _name(bar)), *sorted(lines)]
            )
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
            start = region.address() + registers.address()
            lines.append(_line(_DEPTH + 1, start, registers.length(), _name(registers)))
            parts = _inside(host, registers)
            lines += sorted(_line(_DEPTH + 2, start + part.address(), part.length(), _name(part)) for part in parts)
    return lines


def _inside(owner: Object, region: RegionNode) -> list[RegionNode]:
    """What ``owner`` has inside ``region``."""
    parts = [part for part in owner.children() if isinstance(part, RegionNode)]
    return [part for part in parts if part.container_path() == region.path]
