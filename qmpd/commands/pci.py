"""qapi/pci.json: the PCI devices as they are before a firmware has set them up, which none here does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qmpd.commands.context import Context
from qmpd.model.bus import BornDevice
from qmpd.model.machine import Machine
from qmpd.model.pci import PciBus, PciDevice

_MEMBERS = ("bus", "slot", "function", "class_info", "id", "irq", "irq_pin", "qdev_id", "pci_bridge", "regions")
_OPTIONAL = {
    (0, 0): {
        "irq_pin": 0,
        "bus": 0,
        "qdev_id": "",
        "slot": 0,
        "class_info": {"class": 0x600, "desc": "Host bridge"},
        "id": {"device": 8, "subsystem-vendor": 0x1AF4, "vendor": 0x1B36, "subsystem": 0x1100},
        "function": 0,
        "regions": [],
    }
}
"""The host bridge of a microvm that is told to have PCI: the catalogue's has none."""


def query_pci(context: Context) -> list[dict[str, Any]]:
    machine = context.machine
    buses = [*machine.buses.expanders, machine.buses.pci]
    return [{"bus": bus.root_number, "devices": list(_functions(machine, bus))} for bus in buses if bus is not None]


def _functions(machine: Machine, bus: PciBus) -> Iterator[dict[str, Any]]:
    """Those of a root bus: bridges have no number yet, and so nothing is found behind them."""
    recorded = machine.catalogue.pci_machine(machine.info.name)
    born = {(entry["slot"], entry["function"]): entry for entry in recorded} or _OPTIONAL
    for devfn, sitter in sorted(bus.functions.items()):
        slot, function = devfn >> 3, devfn & 7
        if isinstance(sitter, BornDevice) and (slot, function) in born:
            yield born[slot, function]
            continue
        assert isinstance(sitter, PciDevice)
        place = {"bus": bus.root_number, "slot": slot, "function": function, "qdev_id": sitter.device_id or ""}
        entry = sitter.pci_info() | place
        yield {name: entry[name] for name in _MEMBERS if name in entry}
