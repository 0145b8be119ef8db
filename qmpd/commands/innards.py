"""What QEMU tells of its innards as text, to both monitors: of a machine that has only just been made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qmpd import errors
from qmpd.model.device import Device
from qmpd.model.machine import Machine
from qmpd.model.memory_device import region_size
from qmpd.model.qom import Object

HOST_ADDRESS = 0x7F00_0000_0000
_MIB_SHIFT = 20
_I8259, _IO_APIC = "isa-i8259", "ioapic"
_FIRST_TICK = " 0: 1\n"
_CONTROLLER = re.compile(r"(?:IRQ statistics for )?(isa-i8259|ioapic|pic[01])")
_FOUR_GIB = 4 << 30
_BIOS_SIZE = 0x40000


def recorded(machine: Machine, subject: str) -> str:
    """What was recorded of a machine of this family. Raises QemuError where nothing was."""
    text = machine.catalogue.machine_answer(machine.info.name, subject)
    if text is None:
        raise errors.not_modelled(f"the text about {subject}")
    return text


def controllers(machine: Machine, subject: str) -> str:
    """What was recorded of the interrupt controllers (``irq``, ``pic``), in the order in which QEMU finds them."""
    blocks: dict[str, list[str]] = {}
    kind = ""
    for line in recorded(machine, subject).splitlines(keepends=True):
        match = _CONTROLLER.match(line)
        if match is not None:
            kind = match[1]
            blocks.setdefault(kind, []).append("")
        blocks[kind][-1] += line
    text = ""
    for controller in _controllers(machine):
        is_second = controller.type == _I8259 and not controller.get_property("master")
        names = (controller.type, f"pic{int(is_second)}") if controller.type == _I8259 else (_IO_APIC,)
        told = next(blocks[name] for name in names if name in blocks)
        if not (is_second and _I8259 in blocks):  # Its statistics are the first one's.
            text += told.pop(0) if len(told) > 1 else told[0]
    if "hpet" in machine.numbering.left_out:
        text = text.replace(_FIRST_TICK, "")
    version = machine.changed_defaults.get(_IO_APIC, {}).get("version")
    return text if version is None else text.replace("ver=0x20", f"ver={version:#x}")


def _controllers(machine: Machine) -> Iterator[Object]:
    """They are parts of the machine or of what it consists of; QEMU's hash tables are walked from their end."""
    machine.show_boot_tree()
    for part in _parts(machine):
        for found in (part, *_parts(part)):
            if found.type in (_I8259, _IO_APIC):
                yield found


def _parts(whole: Object) -> Iterator[Object]:
    for name, kind in reversed(whole.list_properties()):
        if kind.startswith("child<"):
            part = whole.child(name)
            if part is not None:
                yield part


def translator(machine: Machine, subject: str) -> str:
    """What was recorded of TCG's ``jit`` or ``opcount``. Raises QemuError where something else executes."""
    if machine.accelerator != "tcg":
        raise errors.rare.only_with_tcg(subject)
    return recorded(machine, subject)


_BIOS, _APIC_HELPER, _TABLES = "bios-256k.bin", "kvmvapic.bin", "/rom@"
_CARD_ROMS = {
    "isa-vga": 'fw=vgaroms/vgabios.bin size=0x009a00 name="vgabios.bin"\n',
    "isa-cirrus-vga": 'fw=vgaroms/vgabios-cirrus.bin size=0x009a00 name="vgabios-cirrus.bin"\n',
    "ramfb": 'fw=vgaroms/vgabios-ramfb.bin size=0x007200 name="vgabios-ramfb.bin"\n',
}
"""Of cards that have no place of their own for a ROM."""


def roms(machine: Machine) -> str:
    """The ROMs, those that firmware loads first."""
    left_out = [
        word
        for word, is_gone in (
            (_TABLES, machine.acpi == "off"),
            (_BIOS, bool(machine.flash)),
            (_APIC_HELPER, not machine.numbering.has_helper),
        )
        if is_gone
    ]
    lines = recorded(machine, "roms").splitlines(keepends=True)
    lines = [line for line in lines if not any(word in line for word in left_out)]
    if machine.bios_size is not None:
        at = f"addr={(1 << 32) - machine.bios_size:016x} size={machine.bios_size:#08x}"
        name = machine.settings["firmware"]
        lines = [re.sub(r"^addr=.*(mem=\w+) name=.*", rf'{at} \1 name="{name}"', line) for line in lines]
    cards = [_CARD_ROMS[device.type] for device in devices(machine) if device.type in _CARD_ROMS]
    place = sum(_APIC_HELPER in line for line in lines)
    return "".join([*lines[:place], *cards, *lines[place:]])


# Memory


def devices(machine: Machine) -> list[Device]:
    """Those that do not belong to the board itself, in the order in which they were made."""
    anonymous = list(machine.peripheral_anon.children_by_age())
    unnamed = iter(anonymous)
    started = [
        machine.peripheral.child(options.values["id"]) if "id" in options.values else next(unnamed, None)
        for options in machine.config.devices
    ]
    come = [*machine.board_devices, *started, *machine.peripheral.children_by_age(), *anonymous]
    return [device for device in dict.fromkeys(come) if isinstance(device, Device)]


def numa(machine: Machine) -> str:
    """The nodes with their CPUs and memory."""
    present, plugged = _memory_by_node(machine)
    cpus: dict[int | None, str] = {}
    for index in range(machine.cpu_count):
        node = machine.numa.node_of_cpu(index)
        cpus[node] = f"{cpus.get(node, '')} {index}"
    text = f"{len(machine.numa.nodes)} nodes\n"
    for number, node_ in machine.numa.nodes.items():
        text += f"node {number} cpus:{cpus.get(number, '')}\n"
        text += f"node {number} size: {node_.size + present.get(number, 0) >> _MIB_SHIFT} MB\n"
        text += f"node {number} plugged: {plugged.get(number, 0) >> _MIB_SHIFT} MB\n"
    return text


def _memory_by_node(machine: Machine) -> tuple[dict[int, int], dict[int, int]]:
    """The bytes that memory devices add to each node, and those of them that count as plugged: not enclave memory."""
    present: dict[int, int] = {}
    plugged: dict[int, int] = {}
    for entry in machine.memory_device_info().value:
        data = entry.value["data"]
        node, size = data.get("node", 0), data.get("size", 0)
        present[node] = present.get(node, 0) + size
        if entry.value["type"] != "sgx-epc":
            plugged[node] = plugged.get(node, 0) + size
    return present, plugged


def is_memory(machine: Machine, addr: int, size: int) -> bool:
    """Whether there is memory everywhere from ``addr`` on for ``size`` bytes, as the CPU sees it."""
    ranges = [(0, machine.ram_size)]
    if machine.family.chipset is not None:
        ranges = [(0, machine.ram_below_4g), (_FOUR_GIB - _BIOS_SIZE, _FOUR_GIB)]
    ranges += [
        (device.get_addr(), device.get_addr() + region_size(device))
        for device in machine.memory_devices.memory_device_list()
    ]
    return any(start <= addr and addr + size <= end for start, end in ranges)
