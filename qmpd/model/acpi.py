"""ACPI memory hotplug: each DIMM slot as the firmware interface shows it to the guest (hw/acpi/memory_hotplug.c)."""

from __future__ import annotations

from typing import Any

from qmpd.model.pc_dimm import PcDimm


class SlotState:
    """One slot. ``inserting`` and ``removing`` are requests the guest has not taken yet; OST is what it said last."""

    __slots__ = ("device", "inserting", "ost_event", "ost_status", "removing")

    def __init__(self) -> None:
        self.device: PcDimm | None = None
        self.inserting = False
        self.removing = False
        self.ost_event = 0
        self.ost_status = 0


class MemoryHotplug:
    """The slots of one machine, and the interrupt that tells the guest to look at them."""

    def __init__(self, slots: int) -> None:
        self.slots = [SlotState() for _ in range(slots)]
        self.interrupt = False

    def plug(self, dimm: PcDimm) -> None:
        state = self.slots[dimm.slot]
        state.device = dimm
        if dimm.hotplugged:
            state.inserting = True
            self.interrupt = True

    def unplug_request(self, dimm: PcDimm) -> None:
        self.slots[dimm.slot].removing = True
        self.interrupt = True

    def unplug(self, dimm: PcDimm) -> None:
        state = self.slots[dimm.slot]
        state.removing = False
        state.device = None

    def reset(self) -> None:
        """A system reset drops the interrupt and keeps what is pending."""
        self.interrupt = False

    def ospm_status(self) -> list[dict[str, Any]]:
        """The slots' part of ``query-acpi-ospm-status`` (ACPIOSTInfo in qapi/acpi.json)."""
        return [ost_info(number, state) for number, state in enumerate(self.slots)]


def ost_info(number: int, state: SlotState) -> dict[str, Any]:
    """What the guest said last about one slot, as the query and the event ACPI_DEVICE_OST tell it."""
    info: dict[str, Any] = {
        "slot-type": "DIMM",
        "slot": str(number),
        "source": state.ost_event,
        "status": state.ost_status,
    }
    if state.device is not None and state.device.device_id is not None:
        info["device"] = state.device.device_id
    return info
