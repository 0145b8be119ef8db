"""What the guest can do to the machine: work the hotplug interfaces, reset, power off, sleep, crash."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from qmpd.guest.contact import Seated, Work
from qmpd.model.machine import Machine
from qmpd.model.qdev import delete_device, deletion

if TYPE_CHECKING:
    from qmpd.model.acpi import SlotHotplug
    from qmpd.model.cpu_device import CpuDevice
    from qmpd.model.guest_side_pci import PciSide
    from qmpd.model.hyperv import HvBalloon
    from qmpd.model.pc_dimm import PcDimm


class SlotSide:
    """``qmpd.guest.ports.SlotPlatform`` of one kind of slots, which may not be there yet."""

    def __init__(self, machine: Machine, hotplug: Callable[[], SlotHotplug | None]) -> None:
        self._machine = machine
        self._hotplug = hotplug

    def _device(self, slot: int) -> PcDimm | CpuDevice | None:
        hotplug = self._hotplug()
        return hotplug.slots[slot].device if hotplug is not None else None

    def take_interrupt(self) -> bool:
        hotplug = self._hotplug()
        return hotplug is not None and hotplug.take_interrupt()

    def take_work(self) -> list[tuple[int, Work]]:
        hotplug = self._hotplug()
        return hotplug.take_work() if hotplug is not None else []

    def seated(self, slot: int) -> Seated | None:
        device = self._device(slot)
        return device.seen() if device is not None else None

    def report_ost(self, slot: int, source: int, status: int) -> None:
        hotplug = self._hotplug()
        if hotplug is not None:
            self._machine.emit("ACPI_DEVICE_OST", {"info": hotplug.report(slot, source, status)})

    def eject(self, slot: int) -> None:
        device = self._device(slot)
        if device is not None:
            delete_device(self._machine, device)

    def fail_eject(self, slot: int) -> None:
        device = self._device(slot)
        if device is not None:
            self._machine.emit("DEVICE_UNPLUG_GUEST_ERROR", deletion(device))


class GuestSide:
    """``qmpd.guest.ports.Platform`` of one machine. ``call_later`` runs something after so many seconds."""

    def __init__(self, machine: Machine, call_later: Callable[[float, Callable[[], object]], object]) -> None:
        self._machine = machine
        self._call_later = call_later

    @cached_property
    def pci(self) -> PciSide:
        from qmpd.model.guest_side_pci import PciSide

        return PciSide(self._machine, self._call_later)

    @cached_property
    def dimms(self) -> SlotSide:
        return SlotSide(self._machine, lambda: self._machine.memory_hotplug)

    @cached_property
    def cpus(self) -> SlotSide:
        return SlotSide(self._machine, lambda: self._machine.cpu_hotplug)

    def os_came_up(self) -> None:
        self._machine.show_cpu_slots()

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
