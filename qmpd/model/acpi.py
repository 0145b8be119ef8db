"""ACPI hotplug of DIMMs and CPUs: each slot as the firmware interface shows it to the guest (hw/acpi/memory_hotplug.c,
hw/acpi/cpu.c).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd.guest.contact import Work

if TYPE_CHECKING:
    from qmpd.model.cpu_device import CpuDevice
    from qmpd.model.pc_dimm import PcDimm


class SlotState:
    """One slot. ``inserting`` and ``removing`` are requests the guest has not taken yet; OST is what it said last."""

    __slots__ = ("device", "inserting", "ost_event", "ost_status", "removing")

    def __init__(self) -> None:
        self.device: PcDimm | CpuDevice | None = None
        self.inserting = False
        self.removing = False
        self.ost_event = 0
        self.ost_status = 0


class SlotHotplug:
    """The slots of one kind of one machine, and the interrupt that tells the guest to look at them.

    ``kind`` is a member of ACPISlotType; ``notify`` is called each time the interrupt is raised.
    """

    def __init__(self, kind: str, slots: int, notify: Callable[[], None]) -> None:
        self.kind = kind
        self.slots = [SlotState() for _ in range(slots)]
        self.interrupt = False
        self._notify = notify

    def plug(self, device: PcDimm | CpuDevice) -> None:
        state = self.slots[device.slot]
        state.device = device
        if device.hotplugged:
            state.inserting = True
            self._raise_interrupt()

    def unplug_request(self, device: PcDimm | CpuDevice) -> None:
        self.slots[device.slot].removing = True
        self._raise_interrupt()

    def unplug(self, device: PcDimm | CpuDevice) -> None:
        self.slots[device.slot].device = None

    def _raise_interrupt(self) -> None:
        self.interrupt = True
        self._notify()

    # What the guest does

    def take_interrupt(self) -> bool:
        """Clear the interrupt; whether it was raised."""
        raised, self.interrupt = self.interrupt, False
        return raised

    def take_work(self) -> list[tuple[int, Work]]:
        """What the slots ask for, in their order. The guest clears what it has seen, and sees an insertion first."""
        work = []
        for number, state in enumerate(self.slots):
            if state.inserting:
                state.inserting = False
                work.append((number, Work.INSERT))
            elif state.removing:
                state.removing = False
                work.append((number, Work.EJECT))
        return work

    def report(self, number: int, source: int, status: int) -> dict[str, Any]:
        """Keep what the guest says about a slot; the result is how it is told."""
        state = self.slots[number]
        state.ost_event, state.ost_status = source, status
        return self._info(number, state)

    def reset(self) -> None:
        """A system reset drops the interrupt and keeps what is pending."""
        self.interrupt = False

    def ospm_status(self) -> list[dict[str, Any]]:
        """The slots' part of ``query-acpi-ospm-status`` (ACPIOSTInfo in qapi/acpi.json)."""
        return [self._info(number, state) for number, state in enumerate(self.slots)]

    def _info(self, number: int, state: SlotState) -> dict[str, Any]:
        """What the guest said last about one slot, as the query and the event ACPI_DEVICE_OST tell it."""
        info: dict[str, Any] = {
            "slot-type": self.kind,
            "slot": str(number),
            "source": state.ost_event,
            "status": state.ost_status,
        }
        if state.device is not None and state.device.device_id is not None:
            info["device"] = state.device.device_id
        return info
