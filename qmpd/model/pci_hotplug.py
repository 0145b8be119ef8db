"""The three ways in which the guest learns that a PCI device comes or has to go.

hw/acpi/pcihp.c, hw/pci/pcie.c, hw/pci/shpc.c
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.boot_tree import relocated
from qmpd.model.bus import Sitter
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
        self._acpi_removals: dict[int, set[int]] = {}

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
                return str(relocated(function.path, machine.cpus.smp.cpus))
        return ""

    # A device comes

    def check_plug(self, device: PciDevice) -> None:
        """Raise QEMU's text when the bus's own controller cannot take a device into this slot."""
        if device.pci_bus.handler is Handler.SHPC and device.devfn < FUNCTIONS:
            raise errors.shpc_slot_unsupported(0, SLOTS - 1)

    def plug(self, device: PciDevice) -> None:
        """Let ACPI speak for the bus behind a bridge that is there from the start."""
        by_acpi = not device.hotplugged and device.pci_bus.handler is Handler.ACPI and self._by_acpi
        if by_acpi and isinstance(device, Bridge):
            device.secondary.handler = Handler.ACPI

    # A device goes

    def unplug_request(self, device: PciDevice) -> None:
        """Ask the guest, or remove the device at once where no guest is needed. Raises QEMU's text."""
        bus = device.pci_bus
        if bus.handler is Handler.ACPI:
            assert bus.bsel is not None
            device.expect_unplug(self._machine.guest_milliseconds())
            self._acpi_removals.setdefault(bus.bsel, set()).add(device.devfn >> 3)
        elif bus.handler is Handler.SLOT:
            device.expect_unplug(self._machine.guest_milliseconds() + UNPLUG_MILLISECONDS)
            if device.devfn and 0 not in bus.functions:
                self._remove([device])
            elif not bus.filled:
                self._remove([bus.functions[devfn] for devfn in sorted(bus.functions)])
        elif bus.handler is Handler.SHPC:
            slot = device.devfn >> 3
            if slot not in bus.filled:
                self._remove([sitter for devfn, sitter in sorted(bus.functions.items()) if devfn >> 3 == slot])

    def _remove(self, sitters: list[Sitter]) -> None:
        for sitter in sitters:
            if isinstance(sitter, PciDevice):
                for data in leave(sitter):
                    self._machine.emit_later("DEVICE_DELETED", data)

    # The machine

    def ready(self, root: PciBus) -> None:
        """Number the buses that ACPI speaks for; the ones that come later are never described to the guest."""
        numbered = 0
        for bus in _pci_buses(root):
            if bus.hotpluggable and (bus.bridge is None or self._by_acpi):
                bus.number(numbered)
                numbered += 1
            for sitter in bus.sitters:
                if isinstance(sitter, PciDevice):
                    sitter.add_bus_master()
        self._look_into_slots(root)

    def reset(self, root: PciBus) -> None:
        """A system reset: what ACPI was asked to remove goes, and slots notice whether they are filled."""
        numbered = {bus.bsel: bus for bus in _pci_buses(root) if bus.bsel is not None}
        for bsel in sorted(self._acpi_removals):
            bus = numbered.get(bsel)
            for slot in sorted(self._acpi_removals[bsel]):
                if bus is not None:
                    self._remove([sitter for sitter in list(bus.sitters) if _may_be_ejected(sitter, slot)])
        self._acpi_removals.clear()
        self._look_into_slots(root)

    def _look_into_slots(self, root: PciBus) -> None:
        for bus in _pci_buses(root):
            bus.filled = frozenset(devfn >> 3 for devfn in bus.functions)


def _may_be_ejected(sitter: Sitter, slot: int) -> bool:
    """Whether ACPI may take the device out of ``slot``; bridges that were there at start stay."""
    if not isinstance(sitter, PciDevice) or sitter.devfn >> 3 != slot:
        return False
    return sitter.class_hotpluggable and not (isinstance(sitter, Bridge) and not sitter.hotplugged)


def _pci_buses(root: PciBus) -> list[PciBus]:
    return [bus for bus in root.walk() if isinstance(bus, PciBus)]
