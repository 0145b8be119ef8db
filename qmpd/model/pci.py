"""PCI: buses with slots and functions, and the devices in them (hw/pci/pci.c). Bridges and hot plug are elsewhere."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors, visit
from qmpd.catalogue.brought import UPSTREAM
from qmpd.errors import QemuError
from qmpd.model.attachments import connect_card
from qmpd.model.bus import Bus, Sitter
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.hostmem import Region
from qmpd.model.qom import Property, computed

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.pci_bridge import Bridge
    from qmpd.model.pci_hotplug import Hotplug

SLOTS = 32
FUNCTIONS = 8
ROM_BAR = 6
LARGEST_ACPI_INDEX = (1 << 14) - 1
_ANY_ROM_SIZE = (1 << 32) - 1
_NO_ADDRESS = -1


class Handler(Enum):
    """Who tells the guest about a plug on a bus, and asks it to let go of a device."""

    ACPI = "acpi"
    SLOT = "slot"  # the PCI Express slot itself
    SHPC = "shpc"  # the standard hot plug controller of a conventional bridge


class PciBus(Bus):
    """A PCI bus. ``functions`` maps slot * 8 + function to what sits there.

    ``powered`` are the slots that have power: those that were filled at start or at the last reset, and those to which
    the guest gave it. ``blinking`` are those where the guest is at work. ``bsel`` is the number by which ACPI knows the
    bus.
    """

    bridges_only_for: str | None = None
    """The type of the expander that takes nothing but bridges on this bus."""
    expander: PciDevice | None = None
    """The device that brings this further root bus."""
    root_number = 0
    """The number that the bus has without the guest; buses behind bridges have none."""

    def __init__(self, bus_name: str, bus_type: str, owner: Bridge | None, hotplug: Hotplug, place: str = "") -> None:
        super().__init__(bus_name, bus_type, owner, place)
        self.bridge = owner
        self.hotplug = hotplug
        self.functions: dict[int, Sitter] = {}
        self.handler = hotplug.root_handler() if owner is None else owner.own_handler()
        self.powered: set[int] = set()
        self.blinking: set[int] = set()
        self.bsel: int | None = None

    @property
    def express(self) -> bool:
        return self.bus_type in ("PCIE", "CXL")

    @property
    def speaks(self) -> bool:
        """Whether the slots have a controller of their own that tells the guest."""
        return self.handler in (Handler.SLOT, Handler.SHPC)

    @property
    def takes_hotplug(self) -> bool:
        if self.handler is None:
            return False
        if self.bridge is None:
            return self.hotplug.root_hotpluggable
        return self.bridge.takes_hotplug

    def own_handler_path(self) -> str:
        if self.handler is Handler.ACPI:
            return self.hotplug.acpi_device_path
        return self.owner.path if self.handler is not None and self.owner is not None else ""

    def number(self, bsel: int) -> None:
        self.bsel = bsel
        self.add_property(computed("acpi-pcihp-bsel", "uint32", lambda bus: bus.bsel, instance=True))

    def slot_of(self, devfn: int) -> int:
        """The number of the slot that a function belongs to; a PCI Express port's own controller knows one only."""
        return 0 if self.handler is Handler.SLOT else devfn // FUNCTIONS

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
            raise errors.pci.property_value_refused(device.type, "addr", value)
        return slot * FUNCTIONS + function
    if type(value) not in (int, float):
        raise errors.pci.parameter_neither_int_nor_str("addr")
    devfn = visit.visit_narrow(value, "addr", "int32")
    if not _NO_ADDRESS <= devfn < SLOTS * FUNCTIONS:
        raise errors.invalid_parameter_value("addr", f"a value between -1 and {SLOTS * FUNCTIONS - 1}")
    return devfn


def _address_words(device: PciDevice) -> str:
    return "<unset>" if device.devfn < 0 else f"{device.devfn >> 3:02x}.{device.devfn & 7:x}"


_ALL = (1 << 64) - 1
_SAS = "sas_address"
_LOCAL_SAS = 0x3525400 << 36
_MASTER = "bus master[0]"
_MASTER_CONTAINER = "bus master container[0]"
_NO_BRIDGE = {
    f"{UPSTREAM}/pci_bridge_io[0]": "/machine/unattached/io[0]",
    f"{UPSTREAM}/pci_bridge_pci[0]": "/machine/unattached/pci[0]",
}
"""Where the memory and ports behind a device that sits behind no bridge belong."""


_RECORDED_VIDEO = 16 << 20


class PciDevice(CatalogueDevice):
    """A PCI device of any type; ``devfn`` is slot * 8 + function, -1 while not chosen."""

    bus_type = "PCI"
    is_bridge = False
    is_virtual = False
    own_properties: ClassVar[tuple[Property, ...]] = (
        Property("addr", "str", lambda device: device.devfn, _set_addr),
        computed("legacy-addr", "str", _address_words),
        computed("busnr", "busnr", lambda device: device.pci_bus.root_number),
    )
    bus: PciBus | None

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.devfn = _NO_ADDRESS
        self.bus = None
        self.root_bus: PciBus | None = None  #: the further root bus that the device adds

    @property
    def pci_bus(self) -> PciBus:
        assert self.bus is not None
        return self.bus

    @property
    def hotplug(self) -> Hotplug:
        return self.pci_bus.hotplug

    @property
    def place(self) -> str:
        """Domain, root bus, and a slot and function for each bridge on the way (pcibus_get_dev_path())."""
        device, bus, steps, root = self, self.pci_bus, "", 0
        while True:
            steps = f":{device.devfn >> 3:02x}.{device.devfn & 7:x}{steps}"
            root = root or bus.root_number
            behind = bus.bridge or bus.expander
            if behind is None:
                return f"0000:{root:02x}{steps}"
            device, bus = behind, behind.pci_bus

    def realize(self) -> None:
        self._check_index()
        if self.value("romsize") != _ANY_ROM_SIZE and self.value("romsize").bit_count() != 1:
            raise errors.pci.rom_size_refused(self.value("romsize"))
        self._take_function()
        try:
            self.realize_function()
        except QemuError:
            self.release_function()  # the ACPI index stays taken for good
            raise
        try:
            self._check_rom()
            self.hotplug.check_plug(self)
        except QemuError:
            PciDevice.unplug(self)
            raise

    def realize_function(self) -> None:
        """Check what only the device itself knows, and take what it needs. Raises QEMU's text."""
        self.check_needs()
        if self.shares_bus:
            from qmpd.model.usb import share_ports

            share_ports(self)
        self.take_mac()
        if _SAS in self.properties and not self.value(_SAS):
            self.values[_SAS] = _LOCAL_SAS | self.devfn >> 3 << 8 | self.devfn & 7
        self.bring_all()
        connect_card(self)

    def placed(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(f"{UPSTREAM}/"):
            bridge = self.pci_bus.bridge
            return _NO_BRIDGE[value] if bridge is None else bridge.path + value[len(UPSTREAM) :]
        return super().placed(value)

    def wants(self, name: str) -> bool:
        if name == _MASTER or (self._is_rom(name) and not self._has_rom):
            return False
        return super().wants(name)

    def _is_rom(self, name: str) -> bool:
        # QEMU has room for 31 characters
        return name.endswith(".rom[0]") or name == f"{self.type}.rom"[:31] + "[0]"

    @property
    def _has_rom(self) -> bool:
        return bool(self.value("romfile") and self.value("rombar"))

    def pci_info(self) -> dict[str, Any]:
        """What query-pci says of the device before any firmware has run, less its place.

        :raise QemuError: nobody knows.
        """
        info = self.machine.catalogue.pci_info(self.type)
        if info is None:
            raise errors.not_modelled(f"what PCI says of devices of type '{self.type}'")
        from qmpd.model.brought import video_memory  # seldom asked for

        regions = [region for region in info["regions"] if self._has_rom or region["bar"] != ROM_BAR]
        size = video_memory(self)
        if size is not None:
            regions = [region | {"size": size} if region["size"] == _RECORDED_VIDEO else region for region in regions]
        return info | {"regions": regions}

    def _check_rom(self) -> None:
        """Raise QEMU's text when there is no such file; it knows those that are the defaults of some type."""
        romfile = self.values.get("romfile")
        if self.value("romfile") and not self.value("rombar") and self.hotplugged:
            raise errors.pci.rom_without_bar()
        if romfile and self._has_rom and romfile not in self.machine.catalogue.rom_files():
            raise errors.pci.rom_file_missing(romfile)

    def value(self, name: str) -> Any:
        if name == "romsize" and name not in self.values and not self._has_rom:
            return _ANY_ROM_SIZE
        return super().value(name)

    def release_function(self) -> None:
        """Give back what ``realize`` took."""
        self.give_back_mac()
        del self.pci_bus.functions[self.devfn]

    def _check_index(self) -> None:
        index = self.value("acpi-index")
        if index > LARGEST_ACPI_INDEX:
            raise errors.pci.acpi_index_too_large(LARGEST_ACPI_INDEX)
        if index:
            if index in self.hotplug.acpi_indices:
                raise errors.pci.acpi_index_taken(index)
            self.hotplug.acpi_indices.add(index)

    def _take_function(self) -> None:
        bus = self.pci_bus
        if bus.bridges_only_for is not None and not self.is_bridge:
            raise errors.pci.pxb_takes_bridges(bus.bridges_only_for)
        if self.devfn < 0:
            free = (devfn for devfn in range(0, SLOTS * FUNCTIONS, FUNCTIONS) if devfn not in bus.functions)
            devfn = next(free, _NO_ADDRESS)
            if devfn < 0:
                raise errors.pci.pci_slots_exhausted(self.type)
        else:
            devfn = self.devfn
            if devfn in bus.functions:
                other = bus.functions[devfn]
                raise errors.pci.pci_function_taken(devfn >> 3, devfn & 7, self.type, other.type, other.device_id)
        zero = bus.first_function(self.devfn % (SLOTS * FUNCTIONS))  # the last slot's for a device that may go anywhere
        if self.hotplugged and zero in bus.functions and not self.is_virtual:
            raise errors.pci.pci_slot_exposed(zero >> 3, bus.functions[zero].type, self.type)
        self.devfn = devfn
        if not self.is_virtual:
            self._check_multifunction()
        bus.functions[devfn] = self
        self.add_child(_MASTER_CONTAINER, Region(_ALL))
        if self.machine.ready:
            self.add_bus_master()

    def _check_multifunction(self) -> None:
        functions, first = self.pci_bus.functions, self.devfn & ~(FUNCTIONS - 1)
        if self.devfn != first:
            zero = functions.get(first)
            if isinstance(zero, PciDevice) and not zero.value("multifunction"):
                raise errors.pci.pci_single_function(self.devfn >> 3, self.devfn & 7)
        elif not self.value("multifunction"):
            for devfn in range(first + 1, first + FUNCTIONS):
                if devfn in functions:
                    raise errors.pci.pci_single_function_populated(first >> 3, devfn & 7)

    def add_bus_master(self) -> None:
        """Show the device's view of memory, which it has once the machine is complete."""
        if self.child(_MASTER) is None:
            self.add_child(_MASTER, Region(_ALL, self.child(_MASTER_CONTAINER)))

    def plug(self) -> None:
        self.hotplug.plug(self)

    def unplug_request(self) -> None:
        self.hotplug.unplug_request(self)

    def unplug(self) -> None:
        self.hotplug.acpi_indices.discard(self.value("acpi-index"))
        self.release_function()
