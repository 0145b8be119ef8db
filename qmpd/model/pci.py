"""PCI: slots and functions, bridges, and the three ways in which the guest learns of a plug.

hw/pci/pci.c, hw/pci/pcie.c, hw/pci/shpc.c, hw/pci-bridge/, hw/acpi/pcihp.c
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from qmpd import errors, visit
from qmpd.errors import QemuError
from qmpd.model.boot_tree import relocated
from qmpd.model.bus import Bus, Sitter
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.device import leave
from qmpd.model.hostmem import RegionNode
from qmpd.model.qom import Property, computed

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

SLOTS = 32
FUNCTIONS = 8
LARGEST_ACPI_INDEX = (1 << 14) - 1
UNPLUG_MILLISECONDS = 5000
"""For how long a PCI Express slot waits for the guest before it may be asked again."""

_ANY_ROM_SIZE = (1 << 32) - 1
_NO_ADDRESS = -1
_BUSY = -16


class Handler(Enum):
    """Who tells the guest about a plug on a bus, and asks it to let go of a device."""

    ACPI = "acpi"
    SLOT = "slot"  # the PCI Express slot itself
    SHPC = "shpc"  # the standard hot plug controller of a conventional bridge


class PciBus(Bus):
    """A PCI bus. ``functions`` maps slot * 8 + function to what sits there.

    ``filled`` are the slots in which something sat at start or at the last reset, and which therefore have power
    without the guest's doing. ``bsel`` is the number by which ACPI knows the bus.
    """

    def __init__(self, bus_name: str, bus_type: str, owner: Bridge | None, hotplug: Hotplug, place: str = "") -> None:
        super().__init__(bus_name, bus_type, owner, place)
        self.bridge = owner
        self.hotplug = hotplug
        self.functions: dict[int, Sitter] = {}
        self.handler = hotplug.root_handler() if owner is None else owner.own_handler()
        self.filled: frozenset[int] = frozenset()
        self.bsel: int | None = None

    @property
    def express(self) -> bool:
        return self.bus_type == "PCIE"

    @property
    def hotpluggable(self) -> bool:
        if self.handler is None:
            return False
        if self.bridge is None:
            return self.hotplug.root_hotpluggable
        return self.bridge.takes_hotplug

    def handler_path(self) -> str:
        if self.handler is Handler.ACPI:
            return self.hotplug.acpi_device_path
        return self.owner.path if self.handler is not None and self.owner is not None else ""

    def number(self, bsel: int) -> None:
        self.bsel = bsel
        self.add_property(computed("acpi-pcihp-bsel", "uint32", lambda bus: bus.bsel, instance=True))

    def first_function(self, devfn: int) -> int:
        """The function 0 that makes the whole slot of ``devfn`` known to the guest; a port has only slot 0."""
        return 0 if self.bridge is not None and self.bridge.is_downstream_port else devfn & ~(FUNCTIONS - 1)


def _set_addr(device: PciDevice, value: object, typed: bool) -> None:
    if device.realized:
        raise errors.set_after_realize("addr", device.device_id, device.type)
    device.devfn = _read_address(device, value)


def _read_address(device: PciDevice, value: object) -> int:
    """A function's number, or its slot and number as text (hexadecimal)."""
    if isinstance(value, str):
        number = r"\s*\+?(?:0[xX])?([0-9a-fA-F]+)"
        match = re.fullmatch(rf"{number}(?:\.{number})?", value)
        slot, function = (int(match[1], 16), int(match[2] or "0", 16)) if match else (SLOTS, 0)
        if slot >= SLOTS or function >= FUNCTIONS:
            raise errors.property_value_refused(device.type, "addr", value)
        return slot * FUNCTIONS + function
    if type(value) not in (int, float):
        raise errors.parameter_neither_int_nor_str("addr")
    devfn = visit.visit_narrow(value, "addr", "int32")
    if not _NO_ADDRESS <= devfn < SLOTS * FUNCTIONS:
        raise errors.invalid_parameter_value("addr", f"a value between -1 and {SLOTS * FUNCTIONS - 1}")
    return devfn


def _address_words(device: PciDevice) -> str:
    return "<unset>" if device.devfn < 0 else f"{device.devfn >> 3:02x}.{device.devfn & 7:x}"


class IoRegion(RegionNode):
    """A part of a device's memory or ports, as QOM shows it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def length(self) -> int:
        return self._size


class PciDevice(CatalogueDevice):
    """A PCI device of any type; ``devfn`` is slot * 8 + function, -1 while not chosen."""

    bus_type = "PCI"
    own_properties: ClassVar[tuple[Property, ...]] = (
        Property("addr", "str", lambda device: device.devfn, _set_addr),
        computed("legacy-addr", "str", _address_words),
        computed("busnr", "busnr", lambda device: 0),
    )
    bus: PciBus | None

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.devfn = _NO_ADDRESS
        self.bus = None

    @property
    def pci_bus(self) -> PciBus:
        assert self.bus is not None
        return self.bus

    @property
    def hotplug(self) -> Hotplug:
        return self.pci_bus.hotplug

    def realize(self) -> None:
        self._check_index()
        if self.value("romsize") != _ANY_ROM_SIZE and self.value("romsize").bit_count() != 1:
            raise errors.rom_size_refused(self.value("romsize"))
        self._take_function()
        try:
            self.realize_function()
            self.hotplug.check_plug(self)
        except QemuError:
            self.release_function()
            raise

    def realize_function(self) -> None:
        """Check what only the device itself knows, and take what it needs. Raises QEMU's text."""

    def release_function(self) -> None:
        """Give back what ``realize`` took."""
        del self.pci_bus.functions[self.devfn]

    def _check_index(self) -> None:
        index = self.value("acpi-index")
        if index > LARGEST_ACPI_INDEX:
            raise errors.acpi_index_too_large(LARGEST_ACPI_INDEX)
        if index:
            if index in self.hotplug.acpi_indices:
                raise errors.acpi_index_taken(index)
            self.hotplug.acpi_indices.add(index)

    def _take_function(self) -> None:
        bus = self.pci_bus
        if self.devfn < 0:
            free = (devfn for devfn in range(0, SLOTS * FUNCTIONS, FUNCTIONS) if devfn not in bus.functions)
            devfn = next(free, _NO_ADDRESS)
            if devfn < 0:
                raise errors.pci_slots_exhausted(self.type)
        else:
            devfn = self.devfn
            if devfn in bus.functions:
                other = bus.functions[devfn]
                raise errors.pci_function_taken(devfn >> 3, devfn & 7, self.type, other.type, other.device_id)
        zero = bus.first_function(devfn)
        if self.hotplugged and zero in bus.functions:
            raise errors.pci_slot_exposed(zero >> 3, bus.functions[zero].type, self.type)
        self.devfn = devfn
        self._check_multifunction()
        bus.functions[devfn] = self
        self.add_child("bus master container[0]", IoRegion((1 << 64) - 1))
        if self.machine.ready:
            self.add_bus_master()

    def _check_multifunction(self) -> None:
        functions, first = self.pci_bus.functions, self.devfn & ~(FUNCTIONS - 1)
        if self.devfn != first:
            zero = functions.get(first)
            if isinstance(zero, PciDevice) and not zero.value("multifunction"):
                raise errors.pci_single_function(self.devfn >> 3, self.devfn & 7)
        elif not self.value("multifunction"):
            for devfn in range(first + 1, first + FUNCTIONS):
                if devfn in functions:
                    raise errors.pci_single_function_populated(first >> 3, devfn & 7)

    def add_bus_master(self) -> None:
        """Show the device's view of memory, which it has once the machine is complete."""
        if self.child("bus master[0]") is None:
            self.add_child("bus master[0]", IoRegion((1 << 64) - 1))

    def plug(self) -> None:
        self.hotplug.plug(self)

    def unplug_request(self) -> None:
        self.hotplug.unplug_request(self)

    def unplug(self) -> None:
        self.hotplug.acpi_indices.discard(self.value("acpi-index"))
        self.release_function()


class BridgeKind(NamedTuple):
    """What a type of bridge has behind it: a bus type, and how plugs on it are handled without ACPI."""

    bus_type: str
    handler: Handler | None = None


BRIDGES = {
    "pcie-root-port": BridgeKind("PCIE", Handler.SLOT),
    "ioh3420": BridgeKind("PCIE", Handler.SLOT),
    "xio3130-downstream": BridgeKind("PCIE", Handler.SLOT),
    "x3130-upstream": BridgeKind("PCIE"),
    "pci-bridge": BridgeKind("PCI", Handler.SHPC),
    "pcie-pci-bridge": BridgeKind("PCI", Handler.SHPC),
    "i82801b11-bridge": BridgeKind("PCI"),
}


_BRIDGE_REGIONS = (
    *("pci[0]", "io[0]", "pref_mem[0]", "mem[0]", "io[1]"),
    *("vga_io_lo[0]", "vga_io_hi[0]", "vga_mem[0]"),
)


class Bridge(PciDevice):
    """A bridge or port, with one bus behind it."""

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.kind = BRIDGES[device_type]

    @property
    def is_downstream_port(self) -> bool:
        """Whether only slot 0 exists on the bus behind."""
        return self.kind.handler is Handler.SLOT

    @property
    def takes_hotplug(self) -> bool:
        return not self.is_downstream_port or bool(self.value("hotplug"))

    @property
    def secondary(self) -> PciBus:
        (bus,) = self.child_buses
        assert isinstance(bus, PciBus)
        return bus

    def own_handler(self) -> Handler | None:
        if self.device_type == "pci-bridge" and not self.value("shpc"):
            return None
        return self.kind.handler

    def realize_function(self) -> None:
        chassis_slot = (self.value("chassis"), self.value("slot")) if self.is_downstream_port else None
        if chassis_slot in self.hotplug.chassis_slots:
            raise errors.chassis_slot_taken(_BUSY)
        if self.device_type == "pci-bridge" and not self.value("chassis_nr"):
            raise errors.bridge_without_chassis()
        if chassis_slot is not None:
            self.hotplug.chassis_slots.add(chassis_slot)
        name = self.device_id or self.hotplug.bus_name(self.kind.bus_type, self.device_id)
        bus = PciBus(name, self.kind.bus_type, self, self.hotplug)
        self.child_buses.insert(0, bus)
        self.add_child(name, bus)
        self._add_regions()

    def _add_regions(self) -> None:
        for region in _BRIDGE_REGIONS:
            self.add_child(f"pci_bridge_{region}", IoRegion(1 << 32))
        if self.device_type == "pcie-root-port":
            for name in ("pcie-root-port-msix[0]", "msix-table[0]", "msix-pba[0]"):
                self.add_child(name, IoRegion(4096))
        if self.own_handler() is Handler.SHPC:
            for name in ("shpc-bar[0]", "shpc-mmio[0]"):
                self.add_child(name, IoRegion(4096))

    def release_function(self) -> None:
        super().release_function()
        if self.is_downstream_port and self.child_buses:
            self.hotplug.chassis_slots.discard((self.value("chassis"), self.value("slot")))


class Hotplug:
    """How one machine's PCI devices come and go at run time, and what they must not have twice."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.acpi_indices: set[int] = set()
        self.chassis_slots: set[tuple[int, int]] = set()
        self._unnamed: dict[str, int] = {}
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

    def bus_name(self, bus_type: str, device_id: str | None) -> str:
        """The name of a bridge's bus that has no id to be called by."""
        if device_id is not None:
            return f"{device_id}.0"
        number = self._unnamed.get(bus_type, 0)
        self._unnamed[bus_type] = number + 1
        return f"{bus_type.lower()}.{number}"

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
