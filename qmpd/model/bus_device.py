"""Devices on other buses than PCI: where each sits on its bus, and how it leaves
(hw/scsi/scsi-bus.c, hw/usb/bus.c, hw/ide/, hw/char/virtio-serial-bus.c, hw/audio/intel-hda.c).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model import attachments, boot_order
from qmpd.model.attachments import inner_disk
from qmpd.model.brought import BroughtNode
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.device import ANY_BUS
from qmpd.model.qom import Object
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_NO_NUMBER = (1 << 32) - 1
_ONLY_ONE = ("vmcoreinfo", "vmgenid")


class BusDevice(CatalogueDevice):
    """A device of any type on any bus: checked, listed, and gone at once when it shall go."""

    bus_type = ANY_BUS

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.usb_port = ""

    @property
    def machine_takes_it(self) -> bool:
        return False

    def check_address(self) -> None:
        if self.machine.catalogue.type_info(self.type).bus == "SCSI":
            _check_scsi_address(self)

    def realize(self) -> None:
        place = _PLACES.get(self.machine.catalogue.type_info(self.type).bus or "")
        try:
            if self.type in _ONLY_ONE and self._has_twin():
                raise errors.device.only_one_allowed(self.type)
            if place is not None:
                place(self)
            self.choose_uuid()
            self.check_needs()
        except QemuError:
            self._leave_place()
            raise
        self.take_mac()
        self.bring_all()
        if self.type in _ISA_PORTS:
            for region in self.children():
                if isinstance(region, BroughtNode) and region.type == "memory-region":
                    region.move(self.value("iobase"))
        attachments.connect_card(self)
        if (disk := inner_disk(self)) is not None:
            self._hand_on(disk, self.value(boot_order.PREFIX))

    def take_boot_index(self, name: str, index: int) -> None:
        super().take_boot_index(name, index)
        if (disk := inner_disk(self)) is not None:
            self._hand_on(disk, index)

    def _hand_on(self, disk: Object, index: int) -> None:
        """It is the disk inside that is booted from."""
        assert isinstance(disk, BroughtNode)
        disk.keep(boot_order.PREFIX, index)
        boot_order.record(disk, boot_order.PREFIX, index)

    def unplug_request(self) -> None:
        from qmpd.model.qdev import delete_device_later

        disk = inner_disk(self)
        if disk is not None:
            self.machine.emit_later("DEVICE_DELETED", {"path": disk.path})
        delete_device_later(self.machine, self)

    def unplug(self) -> None:
        self._leave_place()
        self.give_back_mac()

    def _leave_place(self) -> None:
        if self.usb_port:
            _leave_usb(self)

    def _has_twin(self) -> bool:
        others = (
            other for place in (self.machine.peripheral, self.machine.peripheral_anon) for other in place.children()
        )
        return any(other is not self and other.type == self.type for other in others)

    def neighbours(self) -> Iterator[BusDevice]:
        """The other devices on the same bus that were plugged there."""
        if self.bus is not None:
            for sitter in self.bus.sitters:
                if sitter is not self and isinstance(sitter, BusDevice) and sitter.realized:
                    yield sitter


# SCSI


class _Limits(NamedTuple):
    target: int
    lun: int
    channel: int = 0


_ADAPTERS = {
    "lsi53c895a": _Limits(7, 0),
    "lsi53c810": _Limits(7, 0),
    "am53c974": _Limits(7, 7),
    "dc390": _Limits(7, 7),
    "megasas": _Limits(63, 255),
    "megasas-gen2": _Limits(63, 255),
    "mptsas1068": _Limits(8, 1),
    "pvscsi": _Limits(63, 0),
    "usb-uas": _Limits(0, 255),
    "usb-bot": _Limits(0, 15),
}
_VIRTIO_SCSI = _Limits(255, 16383)


def _scsi_limits(device: BusDevice) -> _Limits:
    owner = device.bus.owner if device.bus is not None else None
    return _ADAPTERS.get(owner.type, _VIRTIO_SCSI) if owner is not None else _VIRTIO_SCSI


def _scsi_address(device: BusDevice) -> tuple[int, int, int]:
    """Channel, target and unit; -1 for what nobody has chosen."""
    channel, target, lun = (device.value(name) for name in ("channel", "scsi-id", "lun"))
    return channel, -1 if target == _NO_NUMBER else target, -1 if lun == _NO_NUMBER else lun


def _check_scsi_address(device: BusDevice) -> None:
    limits = _scsi_limits(device)
    channel, target, lun = _scsi_address(device)
    for what, number, largest in (
        ("channel id", channel, limits.channel),
        ("device id", target, limits.target),
        ("device lun", lun, limits.lun),
    ):
        if number > largest:
            raise errors.device.scsi_address_refused(what, number)
    for other in device.neighbours():
        if _scsi_address(other) == (channel, target, lun):
            raise errors.device.scsi_lun_taken(other.device_id)


def _place_scsi(device: BusDevice) -> None:
    limits = _scsi_limits(device)
    channel, target, lun = _scsi_address(device)
    taken = {_scsi_address(other) for other in device.neighbours()}
    if target < 0:
        lun = max(lun, 0)
        target = next((free for free in range(limits.target + 1) if (channel, free, lun) not in taken), -1)
        if target < 0:
            raise errors.device.scsi_no_free("target")
    elif lun < 0:
        lun = next((free for free in range(limits.lun + 1) if (channel, target, free) not in taken), -1)
        if lun < 0:
            raise errors.device.scsi_no_free("lun")
    device.values |= {"scsi-id": target, "lun": lun}


# IDE


def _place_ide(device: BusDevice) -> None:
    bus = device.bus
    assert bus is not None
    most = 1 if bus.owner is not None and bus.owner.type.endswith("ahci") else 2
    taken = {other.value("unit") for other in device.neighbours()}
    unit = device.value("unit")
    if unit == _NO_NUMBER:
        unit = 1 if 0 in taken else 0
    if unit >= most:
        raise errors.device.ide_unit_beyond(unit, most)
    if unit in taken:
        raise errors.device.ide_unit_taken(unit)
    device.values["unit"] = unit


_FLOPPIES = 2


def _place_floppy(device: BusDevice) -> None:
    taken = {other.value("unit") for other in device.neighbours()}
    unit = device.value("unit")
    if unit == _NO_NUMBER:
        unit = next(free for free in range(_FLOPPIES + 1) if free not in taken)
    if unit >= _FLOPPIES:
        raise errors.device.floppy_unit_beyond(unit, _FLOPPIES)
    if unit in taken:
        raise errors.device.floppy_unit_taken(unit)
    device.values["unit"] = unit


# USB

_PORTS = {
    "qemu-xhci": 4,
    "nec-usb-xhci": 4,
    "usb-ehci": 6,
    "ich9-usb-ehci1": 6,
    "ich9-usb-ehci2": 6,
    "pci-ohci": 3,
}
_UHCI_PORTS = 2
_EHCI_PORTS = 6
_HUB_PORTS = 8
_HUB = "usb-hub"
_USB_VERSIONS = (1, 2)


def _free_ports(device: BusDevice) -> list[str]:
    bus = device.bus
    assert bus is not None
    if bus.free_ports is None:
        owner = bus.owner
        count = _PORTS.get(owner.type, _UHCI_PORTS) if owner is not None else _UHCI_PORTS
        if isinstance(owner, CatalogueDevice) and owner.type.endswith("xhci"):
            count = max(owner.value("p2"), owner.value("p3"))
        bus.free_ports = [str(number) for number in range(1, count + 1)]
    return bus.free_ports


def _place_usb(device: BusDevice) -> None:
    assert device.bus is not None
    free, wanted = _free_ports(device), device.values.get("port")
    if wanted is not None and wanted not in free:
        raise errors.device.usb_port_not_found(wanted, device.bus.bus_name)
    if not free:
        raise errors.device.usb_ports_exhausted(_PRODUCTS.get(device.type, device.type))
    device.usb_port = wanted or free[0]
    free.remove(device.usb_port)
    version = device.value("usb_version") if "usb_version" in device.properties else 1
    if version not in _USB_VERSIONS:
        raise errors.device.usb_version_refused(version)
    if device.type == _HUB:
        free += [f"{device.usb_port}.{number}" for number in range(1, _HUB_PORTS + 1)]


def _leave_usb(device: BusDevice) -> None:
    """The port is free again, and is the last to be taken."""
    free, port = _free_ports(device), device.usb_port
    if device.type == _HUB:
        free[:] = [other for other in free if not other.startswith(f"{port}.")]
    free.append(port)
    device.usb_port = ""


def check_companion(device: CatalogueDevice) -> None:
    """Raise QEMU's text when a controller cannot hand its ports to the bus that it was told."""
    name, first = device.value("masterbus"), device.value("firstport")
    buses = [bus for bus in device.machine.buses.system.walk() if bus.bus_type == "usb-bus" and bus.bus_name == name]
    owner = buses[0].owner if buses else None
    if owner is None:
        raise errors.device.usb_bus_not_found(name)
    if "ehci" not in owner.type:
        raise errors.device.usb_bus_takes_no_companion(name)
    if first + _UHCI_PORTS > _EHCI_PORTS:
        raise errors.device.usb_first_port_refused(_EHCI_PORTS - _UHCI_PORTS)
    taken = {
        sitter.value("firstport") + port
        for bus in device.machine.buses.system.walk()
        for sitter in bus.sitters
        if isinstance(sitter, CatalogueDevice) and sitter is not device and sitter.shares_bus
        if sitter.value("masterbus") == name
        for port in range(_UHCI_PORTS)
    }
    for port in range(first, first + _UHCI_PORTS):
        if port in taken:
            raise errors.device.usb_companion_taken(first, first + _UHCI_PORTS - 1, port)


_PRODUCTS = {
    "usb-tablet": "QEMU USB Tablet",
    "usb-mouse": "QEMU USB Mouse",
    "usb-kbd": "QEMU USB Keyboard",
    "usb-storage": "QEMU USB MSD",
    "usb-bot": "QEMU USB MSD",
    "usb-uas": "USB Attached SCSI HBA",
    "usb-hub": "QEMU USB Hub",
    "usb-audio": "QEMU USB Audio Interface",
    "usb-serial": "QEMU USB Serial",
    "usb-braille": "QEMU USB Braille",
    "usb-net": "QEMU USB Network Interface",
    "usb-wacom-tablet": "QEMU PenPartner Tablet",
    "usb-ccid": "QEMU USB CCID",
    "usb-mtp": "QEMU USB MTP",
    "usb-host": "USB Host Device",
}
_LOW, _FULL, _HIGH, _SUPER = "1.5", "12", "480", "5000"
_SPEEDS = {
    **dict.fromkeys(("usb-tablet", "usb-mouse", "usb-kbd", "usb-mtp"), _HIGH),
    "usb-storage": _SUPER,
    "usb-host": _LOW,
}


def _speed(device: BusDevice) -> str:
    owner = device.bus.owner.type if device.bus is not None and device.bus.owner is not None else ""
    speed = _SPEEDS.get(device.type, _FULL)
    if "usb_version" in device.properties and device.value("usb_version") == 1:
        return _FULL
    if "hci" not in owner or owner.endswith(("uhci", "ohci")):
        return min(speed, _FULL, key=float)
    return speed if owner.endswith("xhci") else min(speed, _HIGH, key=float)


def usb_lines(machine: Machine) -> list[str] | None:
    """What ``info usb`` prints; None without a bus."""
    buses = [bus for bus in machine.buses.system.walk() if bus.bus_type == "usb-bus"]
    buses.reverse()
    lines = []
    for number, bus in enumerate(buses):
        for device in reversed([sitter for sitter in bus.sitters if isinstance(sitter, BusDevice)]):
            product = _PRODUCTS.get(device.type, device.type)
            name = "" if device.device_id is None else f", ID: {device.device_id}"
            place = f"  Device {number}.0, Port {device.usb_port}"
            lines.append(f"{place}, Speed {_speed(device)} Mb/s, Product {product}{name}\n")
    return lines if buses else None


# Ports of virtio-serial


def _place_serial_port(device: BusDevice) -> None:
    bus = device.bus
    assert bus is not None
    owner = bus.owner
    most = owner.value("max_ports") if isinstance(owner, CatalogueDevice) else 31
    taken = {other.value("nr") for other in device.neighbours()}
    number, is_console = device.value("nr"), device.type == "virtconsole"
    if number in taken:
        raise errors.device.serial_port_taken(number)
    name = device.value("name")
    if name and any(other.value("name") == name for other in _all_serial_ports(device.machine, device)):
        raise errors.device.serial_port_name_taken(name)
    if number == _NO_NUMBER:
        if is_console and 0 not in taken:
            number = 0
        else:
            number = next((free for free in range(1, -(-most // 32) * 32) if free not in taken), _NO_NUMBER)
        if number == _NO_NUMBER:
            raise errors.device.serial_ports_exhausted()
    if number >= most:
        raise errors.device.serial_port_out_of_range(most - 1)
    if number == 0 and not is_console:
        raise errors.device.serial_port_zero()
    device.values["nr"] = number


def _all_serial_ports(machine: Machine, but: BusDevice) -> Iterator[BusDevice]:
    for bus in machine.buses.system.walk():
        if bus.bus_type == "virtio-serial-bus":
            for sitter in bus.sitters:
                if isinstance(sitter, BusDevice) and sitter is not but:
                    yield sitter


# Sound


def _place_codec(device: BusDevice) -> None:
    taken = [other.value("cad") for other in device.neighbours()]
    address = device.value("cad")
    if address == _NO_NUMBER:
        address = taken[0] + 1 if taken else 0
    if address >= 15:
        raise errors.device.codec_addresses_exhausted()
    device.values["cad"] = address


# ISA


class _Ports(NamedTuple):
    """Where the ports of one type are, by their index, as on every PC."""

    addresses: tuple[int, ...]
    interrupts: tuple[int, ...]
    called: str


_ISA_PORTS = {
    "isa-serial": _Ports((0x3F8, 0x2F8, 0x3E8, 0x2E8), (4, 3, 4, 3), "ISA serial"),
    "isa-parallel": _Ports((0x378, 0x278, 0x3BC), (7, 7, 7), "parallel"),
}


def _place_isa(device: BusDevice) -> None:
    ports = _ISA_PORTS.get(device.type)
    if ports is None:
        return
    if device.type == "isa-parallel":
        device.check_needs()
    index = device.value("index")
    if index == _NO_NUMBER:
        index = sum(other.type == device.type for other in device.neighbours())
    if index >= len(ports.addresses):
        raise errors.device.isa_ports_exhausted(ports.called, len(ports.addresses))
    device.values["index"] = index
    for name, fixed in (("iobase", ports.addresses), ("irq", ports.interrupts)):
        if device.value(name) == _NO_NUMBER:
            device.values[name] = fixed[index]


def _place_card(device: BusDevice) -> None:
    slot = device.value("slot")
    if slot:
        raise errors.device.card_slot_missing(slot)
    if any(device.neighbours()):
        raise errors.device.card_reader_full()


_PLACES: dict[str, Callable[[BusDevice], None]] = {
    "SCSI": _place_scsi,
    "IDE": _place_ide,
    "usb-bus": _place_usb,
    "ccid-bus": _place_card,
    "virtio-serial-bus": _place_serial_port,
    "HDA": _place_codec,
    "ISA": _place_isa,
    "floppy-bus": _place_floppy,
}
