"""``info qtree``: the buses with the devices on them (system/qdev-monitor.c, hw/pci/pci-hmp-cmds.c).

What the machine began with is printed as recorded, what has come since from the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from qmpd import errors
from qmpd.commands import innards
from qmpd.commands.hmp.call import Call
from qmpd.errors import QemuError
from qmpd.model.boot_tree import FOLLOWING
from qmpd.model.bus import BornDevice, Bus, Sitter
from qmpd.model.bus_device import BusDevice
from qmpd.model.machine import Machine
from qmpd.model.pci import PciDevice
from qmpd.model.pxb import CxlRegisters
from qmpd.model.qom import Object
from qmpd.model.usb import UsbDevice
from qmpd.named import NamedTuple

_BUS_OR_DEVICE: Final = re.compile(r"( *)(bus|dev): ([^,]+)")
_DEVICE: Final = re.compile(r"( *)dev: ([^,]+), id ")
_STRUCTURE: Final = re.compile(r" *(bus: |type |dev: )")
_ROOT: Final = "device"
_PARTS: Final = {"i8042": ("ps2-mouse", "ps2-kbd")}  #: that are elsewhere in the tree
_INT64: Final = 1 << 63
_UINT64: Final = 1 << 64
_UNITS: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_LOW_RAM, _HIGH_RAM = "below-4g-mem-size", "above-4g-mem-size"


class _OpenBus(NamedTuple):
    """A recorded bus whose devices are being printed at ``indent``; ``sitters`` are those still to come."""

    indent: str
    sitters: Iterator[Sitter]


def qtree(call: Call) -> str:
    machine = call.context.machine
    lines = list(_tree(machine))
    if call.arguments.get("brief"):
        lines = [line for line in lines if _STRUCTURE.match(line)]
    return "".join(f"{line}\n" for line in lines)


def _tree(machine: Machine) -> Iterator[str]:
    if machine.info.name == "microvm" and machine.buses.pci is not None:
        raise errors.not_modelled("'info qtree' of a microvm with PCI")
    buses = {bus.bus_name: bus for bus in machine.buses.system.walk() if not isinstance(bus.owner, Object)}
    recorded = _without(innards.recorded(machine, "qtree").splitlines(), _left_out(machine))
    if machine.numbering.borrows_helper:
        recorded = chain(recorded, ['  dev: kvmvapic, id ""'])
    values: Mapping[str, str] = {}
    open_buses: list[_OpenBus] = []
    for line in recorded:
        match = _BUS_OR_DEVICE.match(line)
        if match is None:
            name, equals, _ = line.partition(" = ")
            yield f"{name} = {values[name.strip()]}" if equals and name.strip() in values else line
            continue
        indent, kind, name = match.groups()
        while open_buses and len(indent) < len(open_buses[-1].indent):
            yield from _up_to_born(machine, open_buses.pop())
        if kind == "bus":
            bus = buses.get(name)
            open_buses.append(_OpenBus(f"{indent}  ", iter(bus.sitters if bus is not None else ())))
        else:
            yield from _up_to_born(machine, open_buses[-1])
            values = _board_values(machine, name)
        yield line
    while open_buses:
        yield from _up_to_born(machine, open_buses.pop())


def _up_to_born(machine: Machine, bus: _OpenBus) -> Iterator[str]:
    """What has come to the bus before its next recorded device."""
    for sitter in bus.sitters:
        if isinstance(sitter, BornDevice):
            return
        yield from _device(machine, sitter, bus.indent)


def _left_out(machine: Machine) -> dict[str, int]:
    left_out = {
        name: count for kind, count in machine.numbering.left_out.items() for name in (kind, *_PARTS.get(kind, ()))
    }
    if not machine.numbering.has_helper:
        left_out["kvmvapic"] = 1
    if not machine.has_acpi_device and machine.family.acpi_device is not None:
        left_out[machine.family.acpi_device] = 1
    return left_out


def _without(lines: list[str], types: dict[str, int]) -> Iterator[str]:
    """The ``lines`` less the first devices of these types, so many of each, and what is behind them."""
    left, deeper = dict(types), ""
    for line in lines:
        if deeper and line.startswith(deeper):
            continue
        match = _DEVICE.match(line)
        gone = match is not None and left.get(match[2], 0) > 0
        if match is not None and gone:
            left[match[2]] -= 1
        deeper = f"{match[1]}  " if match is not None and gone else ""
        if not gone:
            yield line


def _board_values(machine: Machine, type_name: str) -> dict[str, str]:
    """What the board's devices of the type show otherwise than the recorded ones."""
    told = {**machine.changed_defaults.get(type_name, {}), **machine.board_values.get(type_name, {})}
    entries = machine.catalogue.qom_properties(type_name).value
    kinds = {entry["name"]: entry["type"] for entry in entries}
    told |= {name: follows(machine) for name, follows in FOLLOWING.items() if name in kinds}
    sizes = {_LOW_RAM: machine.ram_below_4g, _HIGH_RAM: machine.ram_above_4g}
    return {name: _size(size) for name, size in sizes.items()} | {
        name: _text(kinds.get(name, ""), value) for name, value in told.items()
    }


def _device(machine: Machine, device: Sitter, indent: str) -> Iterator[str]:
    yield f'{indent}dev: {device.type}, id "{device.device_id or ""}"'
    inside = indent + "  "
    names, wires = _shown(machine, device.type)
    assert isinstance(device, Object)
    for wire in wires:
        yield inside + wire
    for name in names:
        text = _value(device, name)
        if text is not None:
            yield f"{inside}{name} = {text or '<null>'}"
    for line in _place(device):
        yield inside + line
    for part in device.children():
        if isinstance(part, CxlRegisters):
            yield f"{inside}mmio {_UINT64 - 1:016x}/{part.length():016x}"
    for bus in device.child_buses:
        yield from _bus(machine, bus, inside)


def _bus(machine: Machine, bus: Bus, indent: str) -> Iterator[str]:
    yield f"{indent}bus: {bus.bus_name}"
    yield f"{indent}  type {bus.type}"
    for sitter in bus.sitters:
        yield from _device(machine, sitter, indent + "  ")


def _shown(machine: Machine, type_name: str) -> tuple[list[str], list[str]]:
    """The properties that devices of the type show, in that order, and the lines about their wires."""
    catalogue = machine.catalogue
    row = catalogue.qtree(type_name)
    if row is None:
        raise errors.not_modelled(f"'info qtree' with devices of type '{type_name}'")
    names, wires = list(row[0]), row[1]
    parent = catalogue.type_info(type_name).parent
    while parent is not None and parent != _ROOT:
        inherited = catalogue.qtree(parent)
        names += inherited[0] if inherited is not None else []
        parent = catalogue.type_info(parent).parent
    return names, wires


def _value(device: Object, name: str) -> str | None:
    """A property's value for people, None if it cannot be read."""
    legacy = device.properties.get(f"legacy-{name}")
    try:
        if legacy is not None:
            return str(legacy.get(device)) if legacy.get is not None else None
        return _text(device.find_property(name).type, device.get_property(name))
    except QemuError:
        return None


def _text(kind: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value == []:
        return ""
    if not isinstance(value, int):
        return f'"{value}"'
    if kind == "size":
        return _size(value)
    return f"{value - _UINT64 if value >= _INT64 else value} ({value % _UINT64:#x})"


def _size(size: int) -> str:
    """``size`` bytes with what it is in the largest fitting unit (util/cutils.c)."""
    unit = max((size * 1024 // 1000).bit_length() - 1, 0) // 10
    return f"{size} ({size / (1 << unit * 10):.3g} {_UNITS[unit]}B)"


def _place(device: Object) -> Iterable[str]:
    """What the bus itself tells of the device."""
    if isinstance(device, PciDevice):
        return _function(device)
    if isinstance(device, UsbDevice):
        attached = ", attached" if device.is_attached else ""
        number = device.usb_bus.number
        return [f"addr {number}.0, port {device.where}, speed {device.megabits}, name {device.product}{attached}"]
    if isinstance(device, BusDevice) and device.is_a("virtio-serial-port"):
        host = "on" if device.on_line and (device.type == "virtconsole" or device.line_is_open) else "off"
        return [f"port {device.value('nr')}, guest off, host {host}, throttle off"]
    return []


def _function(device: PciDevice) -> Iterator[str]:
    info = device.pci_info()
    kind, numbers = info["class_info"], info["id"]
    title = kind.get("desc", f"Class {kind['class']:04x}")
    place = f"{device.pci_bus.root_number:02x}:{device.devfn >> 3:02x}.{device.devfn & 7:x}"
    subsystem = f"{numbers.get('subsystem-vendor', 0):04x}:{numbers.get('subsystem', 0):04x}"
    yield f"class {title}, addr {place}, pci id {numbers['vendor']:04x}:{numbers['device']:04x} (sub {subsystem})"
    for region in info["regions"]:
        space = "i/o" if region["type"] == "io" else "mem"
        yield f"bar {region['bar']}: {space} at {_UINT64 - 1:#x} [{region['size'] - 2:#x}]"
