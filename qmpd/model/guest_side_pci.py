"""What the guest can see of the machine's PCI slots, and do to them; and what its virtio drivers find there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd.guest.contact import Slot, Work
from qmpd.model.device import deletion
from qmpd.model.pci import PciBus, PciDevice
from qmpd.model.pci_hotplug import pci_buses, sitters_in

if TYPE_CHECKING:
    from qmpd.guest.ports import Balloon, ResizableMemory
    from qmpd.model.machine import Machine


class PciSide:
    """``qmpd.guest.ports.PciPlatform`` of one machine."""

    def __init__(self, machine: Machine, call_later: Callable[[float, Callable[[], object]], object]) -> None:
        self._machine = machine
        self._call_later = call_later

    @property
    def _has_buses(self) -> bool:
        # as long as nobody has asked for a bus, there is nothing on any
        return "buses" in vars(self._machine)

    def _buses(self) -> list[PciBus]:
        root = self._machine.buses.pci if self._has_buses else None
        return pci_buses(root) if root is not None else []

    # By ACPI

    def take_interrupt(self) -> bool:
        return self._has_buses and self._machine.buses.hotplug.take_interrupt()

    def take_work(self) -> list[tuple[Slot, Work]]:
        return self._machine.buses.hotplug.take_work() if self._has_buses else []

    def eject(self, slot: Slot, delay: float) -> None:
        for told in self._machine.buses.hotplug.eject(slot):
            self._tell(told, delay)

    # By the slots themselves

    def speaking_slots(self) -> list[Slot]:
        buses = [bus for bus in self._buses() if bus.speaks]
        return [Slot(bus, number) for bus in buses for number in sorted(set(map(bus.slot_of, bus.functions)))]

    def has_power(self, slot: Slot) -> bool:
        assert isinstance(slot.bus, PciBus)
        return slot.number in slot.bus.powered

    def switch(self, slot: Slot, *, power: bool, blinks: bool) -> None:
        for told in self._machine.buses.hotplug.switch(slot, power, blinks):
            self._tell(told, 0.0)

    # In either way

    def fail_removal(self, slot: Slot) -> None:
        for device in sitters_in(slot):
            self._machine.emit("DEVICE_UNPLUG_GUEST_ERROR", deletion(device))

    def _tell(self, told: list[dict[str, Any]], delay: float) -> None:
        if not told:
            return
        *parts, whole = told
        for data in parts:
            self._machine.emit("DEVICE_DELETED", data)
        if parts and delay:
            self._call_later(delay, lambda: self._machine.emit("DEVICE_DELETED", whole))
        else:
            self._machine.emit("DEVICE_DELETED", whole)

    def devices_in(self, slot: Slot) -> list[str]:
        devices = sitters_in(slot)
        for device in devices:
            # what sits behind a bridge goes with it
            buses = [bus for bus in device.child_buses if isinstance(bus, PciBus)]
            devices += [sitter for bus in buses for sitter in bus.sitters if isinstance(sitter, PciDevice)]
        return [device.label for device in devices]

    def devices(self) -> list[str]:
        plugged = [sitter for bus in self._buses() for sitter in bus.sitters if isinstance(sitter, PciDevice)]
        return [device.label for device in plugged if not device.is_virtual]

    def resizable_memory(self) -> list[ResizableMemory]:
        devices = self._machine.memory_devices.memory_device_list()
        return [device.backend for device in devices if device.info_kind == "virtio-mem"]  # type: ignore[attr-defined]

    def balloon(self) -> Balloon | None:
        from qmpd.model.virtio_balloon import VirtioBalloon

        balloon = self._machine.balloon
        return balloon if isinstance(balloon, VirtioBalloon) else None
