"""What the guest can do to the machine: work the memory hotplug interface, reset, power off, sleep, crash."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from qmpd.guest.contact import Dimm, Work
from qmpd.model.machine import Machine
from qmpd.model.memory_device import region_size
from qmpd.model.qdev import delete_device, deletion

if TYPE_CHECKING:
    from qmpd.model.guest_side_pci import PciSide
    from qmpd.model.hyperv import HvBalloon


class GuestSide:
    """``qmpd.guest.ports.Platform`` of one machine. ``call_later`` runs something after so many seconds."""

    def __init__(self, machine: Machine, call_later: Callable[[float, Callable[[], object]], object]) -> None:
        self._machine = machine
        self._call_later = call_later

    @cached_property
    def pci(self) -> PciSide:
        from qmpd.model.guest_side_pci import PciSide

        return PciSide(self._machine, self._call_later)

    def os_came_up(self) -> None:
        self._machine.cpu_slots_shown = True

    # Memory hotplug

    def take_memory_interrupt(self) -> bool:
        return self._machine.memory_hotplug.take_interrupt()

    def take_work(self) -> list[tuple[int, Work]]:
        return self._machine.memory_hotplug.take_work()

    def dimm(self, slot: int) -> Dimm | None:
        device = self._machine.memory_hotplug.slots[slot].device
        if device is None:
            return None
        return Dimm(device.label, device.get_addr(), region_size(device))

    def report_ost(self, slot: int, source: int, status: int) -> None:
        info = self._machine.memory_hotplug.report(slot, source, status)
        self._machine.emit("ACPI_DEVICE_OST", {"info": info})

    def eject(self, slot: int) -> None:
        device = self._machine.memory_hotplug.slots[slot].device
        if device is not None:
            delete_device(self._machine, device)

    def fail_eject(self, slot: int) -> None:
        device = self._machine.memory_hotplug.slots[slot].device
        if device is not None:
            self._machine.emit("DEVICE_UNPLUG_GUEST_ERROR", deletion(device))

    def reporting_balloon(self) -> HvBalloon | None:
        balloon = self._machine.balloon
        return balloon if balloon is not None and balloon.is_a("hv-balloon") else None  # type: ignore[return-value]

    def memory_size(self) -> int:
        return self._machine.ram_and_dimms

    # Power

    def reset(self) -> None:
        self._machine.run.reset("guest-reset", guest=True)

    def shutdown(self) -> None:
        self._machine.run.shutdown("guest-shutdown", guest=True)

    def panicked(self) -> None:
        self._machine.run.panicked()

    def suspend(self) -> None:
        self._machine.run.suspend()
