"""qapi/pci.json: the PCI devices as they are before a firmware has set them up, which none here does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.model.bus import BornDevice
from qmpd.model.machine import Machine

_MEMBERS = ("bus", "slot", "function", "class_info", "id", "irq", "irq_pin", "qdev_id", "pci_bridge", "regions")


def query_pci(context: Context) -> list[dict[str, Any]]:
    machine = context.machine
    return [] if machine.buses.pci is None else [{"bus": 0, "devices": list(_functions(machine))}]


def _functions(machine: Machine) -> Iterator[dict[str, Any]]:
    """Those of the first bus: bridges have no number yet, and so nothing is found behind them."""
    bus = machine.buses.pci
    assert bus is not None
    born = {(entry["slot"], entry["function"]): entry for entry in machine.catalogue.pci_machine(machine.info.name)}
    for devfn, sitter in sorted(bus.functions.items()):
        slot, function = devfn >> 3, devfn & 7
        if isinstance(sitter, BornDevice) and (slot, function) in born:
            yield born[slot, function]
            continue
        info = machine.catalogue.pci_info(sitter.type)
        if info is None:
            raise errors.not_modelled(f"what PCI says of devices of type '{sitter.type}'")
        entry = info | {"bus": 0, "slot": slot, "function": function, "qdev_id": sitter.device_id or ""}
        yield {name: entry[name] for name in _MEMBERS if name in entry}
