"""The three ways in which the guest learns that a PCI device comes or has to go.

hw/acpi/pcihp.c, hw/pci/pcie.c, hw/pci/shpc.c
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.guest.contact import Quirk, Slot, Work
from qmpd.model.device import leave
from qmpd.model.pci import FUNCTIONS, SLOTS, Handler, PciBus, PciDevice
from qmpd.model.pci_bridge import Bridge

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

UNPLUG_MILLISECONDS = 5000
"""For how long a PCI Express slot waits for the guest before it may be asked again."""


class Hotplug:
    """How one machine's PCI devices come and go at run time, and what they must not have twice."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.acpi_indices: set[int] = set()
        self.chassis_slots: set[tuple[int, int]] = set()
        self.bus_numbers: set[int] = set()
        self._acpi_insertions: dict[int, set[int]] = {}
        self._acpi_removals: dict[int, set[int]] = {}
        self._acpi_interrupt = False
        self._numbered: dict[int, PciBus] = {}
        """The buses that ACPI speaks for, by their numbers."""

    # What the machine's ACPI device is told to do

    @property
    def _by_acpi(self) -> bool:
        """Whether ACPI also speaks for the buses behind bridges."""
        machine = self._machine
        device = machine.family.acpi_device
        if device not in ("ICH9-LPC", "PIIX4_PM") or not machine.has_acpi_device:
            return False
        default = device == "PIIX4_PM" or machine.version > (6, 0)
        return self._switch("acpi-pci-hotplug-with-bridge-support", default)

    @property
    def root_hotpluggable(self) -> bool:
        machine = self._machine
        has_root = machine.family.acpi_device == "PIIX4_PM" and machine.has_acpi_device
        return has_root and self._switch("acpi-root-pci-hotplug", True)

    def _switch(self, name: str, default: bool) -> bool:
        for driver, option, value in self._machine.config.globals:
            if driver == self._machine.family.acpi_device and option == name:
                default = value in ("on", "yes", "true", "y")
        return default

    def root_handler(self) -> Handler | None:
        return Handler.ACPI if self._by_acpi or self.root_hotpluggable else None

    @property
    def acpi_device_path(self) -> str:
        machine = self._machine
        for function in machine.catalogue.pci_functions(machine.info.name):
            if function.type == machine.family.acpi_device:
                return str(machine.numbering.relocated(function.path))
        return ""

    # A device comes

    def check_plug(self, device: PciDevice) -> None:
        """Raise QEMU's text when the bus's own controller cannot take a device into this slot."""
        if device.pci_bus.handler is Handler.SHPC and device.devfn < FUNCTIONS:
            raise errors.pci.shpc_slot_unsupported(0, SLOTS - 1)

    def plug(self, device: PciDevice) -> None:
        """Let ACPI speak for the bus behind a bridge that is there from the start."""
        by_acpi = not device.hotplugged and device.pci_bus.handler is Handler.ACPI and self._by_acpi
        if by_acpi and isinstance(device, Bridge):
            device.secondary.handler = Handler.ACPI
        if device.hotplugged:
            self._announce(device)

    def _announce(self, device: PciDevice) -> None:
        """Tell the guest that something has come; of a slot's functions, once the first one has."""
        bus, number = device.pci_bus, device.pci_bus.slot_of(device.devfn)
        if bus.handler is Handler.ACPI and bus.bsel is not None:
            self._acpi_insertions.setdefault(bus.bsel, set()).add(number)
            self._raise_interrupt()
        elif bus.handler is Handler.SHPC or (bus.handler is Handler.SLOT and 0 in bus.functions):
            self._machine.guest.slot_filled(Slot(bus, number))

    def _raise_interrupt(self) -> None:
        self._acpi_interrupt = True
        self._machine.guest.pci_interrupt()

    # A device goes

    def unplug_request(self, device: PciDevice) -> None:
        """Ask the guest, or remove the device at once where no guest is needed. Raises QEMU's text."""
        bus, slot = device.pci_bus, Slot(device.pci_bus, device.pci_bus.slot_of(device.devfn))
        if bus.handler is Handler.ACPI:
            assert bus.bsel is not None
            device.expect_unplug(self._machine.guest_milliseconds())
            self._acpi_removals.setdefault(bus.bsel, set()).add(slot.number)
            self._raise_interrupt()
            return
        if slot.number in bus.blinking:
            raise errors.pci.guest_busy_with_slot()
        if bus.handler is Handler.SLOT:
            device.expect_unplug(self._machine.guest_milliseconds() + UNPLUG_MILLISECONDS)
            if device.devfn and 0 not in bus.functions:
                self._remove([device])
                return
        if slot.number not in bus.powered:
            self._remove(sitters_in(slot))
        else:
            self._machine.guest.slot_button(slot)

    def _remove(self, sitters: list[PciDevice]) -> None:
        for sitter in sitters:
            for data in leave(sitter):
                self._machine.emit_later("DEVICE_DELETED", data)

    # What the guest sees and does

    def take_interrupt(self) -> bool:
        """Clear what says that ACPI wants the guest to look; whether it was there."""
        raised, self._acpi_interrupt = self._acpi_interrupt, False
        return raised

    def take_work(self) -> list[tuple[Slot, Work]]:
        """What the slots ask for by ACPI, bus by bus. What shall go is there until it is gone."""
        work: list[tuple[Slot, Work]] = []
        for bsel in sorted({*self._acpi_insertions, *self._acpi_removals}):
            bus = self._numbered[bsel]
            work += [(Slot(bus, slot), Work.INSERT) for slot in sorted(self._acpi_insertions.pop(bsel, ()))]
            work += [(Slot(bus, slot), Work.EJECT) for slot in sorted(self._acpi_removals.get(bsel, ()))]
        return work

    def eject(self, slot: Slot) -> list[list[dict[str, Any]]]:
        """Take out what ACPI lets go of ``slot``. The result is what there is to tell of each device."""
        assert isinstance(slot.bus, PciBus)
        if slot.bus.bsel is not None:
            for asked in (self._acpi_removals, self._acpi_insertions):
                asked.get(slot.bus.bsel, set()).discard(slot.number)
        return [leave(sitter) for sitter in sitters_in(slot) if _may_be_ejected(sitter)]

    def switch(self, slot: Slot, power: bool, blinks: bool) -> list[list[dict[str, Any]]]:
        """Switch a slot's power and indicator. The result is what there is to tell of each device that goes by that."""
        bus = slot.bus
        assert isinstance(bus, PciBus)
        for slots, member in ((bus.powered, power), (bus.blinking, blinks)):
            (slots.add if member else slots.discard)(slot.number)
        return [] if power or blinks else [leave(sitter) for sitter in sitters_in(slot)]

    # The machine

    def ready(self, root: PciBus) -> None:
        """Number the buses that ACPI speaks for; the ones that come later are never described to the guest."""
        numbered = 0
        for bus in pci_buses(root):
            if bus.hotpluggable and (bus.bridge is None or self._by_acpi):
                bus.number(numbered)
                self._numbered[numbered] = bus
                numbered += 1
            for sitter in bus.sitters:
                if isinstance(sitter, PciDevice):
                    sitter.add_bus_master()
        self._look_into_slots(root)

    def reset(self, root: PciBus) -> None:
        """A system reset: what ACPI was asked to remove goes, and slots notice whether they are filled."""
        for bsel in sorted(self._acpi_removals):
            for number in sorted(self._acpi_removals[bsel]):
                slot = Slot(self._numbered[bsel], number)
                self._abort_for(sitters_in(slot))
                for told in self.eject(slot):
                    for data in told:
                        self._machine.emit_later("DEVICE_DELETED", data)
        self._acpi_removals.clear()
        self._look_into_slots(root)

    def _abort_for(self, sitters: list[PciDevice]) -> None:
        """Do as QEMU does, if that is wanted, when devices go that have a part of their own in the reset."""
        machine = self._machine
        has_part = any(part in machine.on_reset for sitter in sitters for part in sitter.parts())
        if has_part and Quirk.ABORT_ON_RESET in machine.guest.quirks:
            machine.die("ABRT")

    def _look_into_slots(self, root: PciBus) -> None:
        for bus in pci_buses(root):
            bus.powered = {devfn >> 3 for devfn in bus.functions if bus.handler is not Handler.SLOT or not devfn}
            bus.blinking.clear()


def _may_be_ejected(sitter: PciDevice) -> bool:
    """Whether ACPI may take the device out; bridges that were there at start stay."""
    return sitter.class_hotpluggable and not (isinstance(sitter, Bridge) and not sitter.hotplugged)


def sitters_in(slot: Slot) -> list[PciDevice]:
    """What was plugged into ``slot``, by function."""
    assert isinstance(slot.bus, PciBus)
    found = [sitter for devfn, sitter in sorted(slot.bus.functions.items()) if slot.bus.slot_of(devfn) == slot.number]
    return [sitter for sitter in found if isinstance(sitter, PciDevice) and not sitter.is_virtual]


def pci_buses(root: PciBus) -> list[PciBus]:
    """``root`` and the PCI buses behind it, those of expanders included."""
    buses = [root]
    for sitter in root.sitters:
        added = [sitter.root_bus] if isinstance(sitter, PciDevice) and sitter.root_bus is not None else []
        for bus in (*sitter.child_buses, *added):
            if isinstance(bus, PciBus):
                buses += pci_buses(bus)
    return buses
