"""What the guest can do to the machine: work the memory hotplug interface, reset, power off, sleep, crash."""

from __future__ import annotations

from qmpd.guest.ports import Dimm, Work
from qmpd.model.machine import Machine
from qmpd.model.memory_device import region_size
from qmpd.model.qdev import delete_device


class GuestSide:
    """``qmpd.guest.ports.Platform`` of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

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
        return Dimm(device.device_id or device.path, device.get_addr(), region_size(device))

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
            named = {} if device.device_id is None else {"device": device.device_id}
            self._machine.emit("DEVICE_UNPLUG_GUEST_ERROR", {**named, "path": device.path})

    # Power

    def reset(self) -> None:
        self._machine.run.reset("guest-reset", guest=True)

    def shutdown(self) -> None:
        self._machine.run.shutdown("guest-shutdown", guest=True)

    def panicked(self) -> None:
        self._machine.run.panicked()

    def suspend(self) -> None:
        self._machine.run.suspend()
