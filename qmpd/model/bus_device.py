"""Devices on other buses than PCI: where each sits on its bus, and how it leaves
(hw/scsi/scsi-bus.c, hw/ide/, hw/char/virtio-serial-bus.c, hw/audio/intel-hda.c).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model import attachments
from qmpd.model.brought import BroughtNode
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.device import ANY_BUS
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_NO_NUMBER = (1 << 32) - 1
_ONLY_ONE = ("vmcoreinfo", "vmgenid")


class BusDevice(CatalogueDevice):
    """A device of any type on any bus: checked, listed, and gone at once when it shall go."""

    bus_type = ANY_BUS

    @property
    def machine_takes_it(self) -> bool:
        return False

    def check_address(self) -> None:
        if self.machine.catalogue.type_info(self.type).bus == "SCSI":
            _check_scsi_address(self)

    def realize(self) -> None:
        place = _PLACES.get(self.machine.catalogue.type_info(self.type).bus or "")
        if self.type in _ONLY_ONE and self._has_twin():
            raise errors.device.only_one_allowed(self.type)
        if place is not None:
            place(self)
        self.choose_uuid()
        self.check_needs()
        self.take_mac()
        self.bring_all()
        if self.type in _ISA_PORTS:
            for region in self.children():
                if isinstance(region, BroughtNode) and region.type == "memory-region":
                    region.move(self.value("iobase"))
        attachments.connect_card(self)

    def unplug_request(self) -> None:
        from qmpd.model.qdev import delete_device_later

        delete_device_later(self.machine, self)

    def unplug(self) -> None:
        self.give_back_mac()

    def _has_twin(self) -> bool:
        others = (
            other for place in (self.machine.peripheral, self.machine.peripheral_anon) for other in place.children()
        )
        return any(other is not self and other.type == self.type for other in others)

    @property
    def on_line(self) -> bool:
        """Whether it has a character device."""
        return self.attached is not None and bool(self.attached.lines)

    @property
    def line_is_open(self) -> bool:
        """Whether somebody is at the other end of its character device."""
        return self.attached is not None and all(line.node.is_open for line in self.attached.lines.values())

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
    "usb-storage": _Limits(0, 0),
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
    "ccid-bus": _place_card,
    "virtio-serial-bus": _place_serial_port,
    "HDA": _place_codec,
    "ISA": _place_isa,
    "floppy-bus": _place_floppy,
}
