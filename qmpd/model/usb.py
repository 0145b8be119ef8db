"""USB: the ports of controllers and hubs, and what a device on one of them is: how fast, and whether it is attached
(hw/usb/bus.c, hw/usb/core.c, hw/usb/dev-*.c, hw/usb/hcd-*.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from qmpd import errors
from qmpd.catalogue.brought import OWN_ID
from qmpd.errors import QemuError
from qmpd.model import boot_order
from qmpd.model.attachments import DriveSlot
from qmpd.model.brought import BroughtBus, BroughtNode
from qmpd.model.bus_device import BusDevice
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.device import Device
from qmpd.model.qom import BOOL, Object, Property
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.catalogue.brought import BroughtObject
    from qmpd.model.bus import Sitter
    from qmpd.model.machine import Machine

_LOW, _FULL, _HIGH, _SUPER = 1, 2, 4, 8
_NAMES = {_FULL: "full", _HIGH: "high", _SUPER: "super"}
_MEGABITS = {_LOW: "1.5", _FULL: "12", _HIGH: "480", _SUPER: "5000"}
_SLOW = _LOW | _FULL

_UHCI_PORTS = 2
_EHCI_PORTS = 6
_MOST_OHCI_PORTS = 15
_MOST_XHCI_PORTS = 15
_RECORDED_XHCI_PORTS = 4
_CORE = "xhci-core"
_OTHER_REGISTERS = ("xhci[0]", "capabilities[0]", "operational[0]", "runtime[0]", "doorbell[0]")
_PORT_REGISTERS, _REGISTERS_OF_A_PORT = 0x440, 0x10
_XHCI_SPEEDS = {"p2": _SLOW | _HIGH, "p3": _SUPER}

_STICK = "usb-storage"
_OF_DISK = frozenset(
    {
        *("logical_block_size", "physical_block_size", "min_io_size", "opt_io_size", "discard_granularity"),
        *("write-cache", "share-rw", "account-invalid", "account-failed", "rerror", "werror", "backend_defaults"),
        *("removable", boot_order.PREFIX),
    }
)
"""What a stick is told for the disk inside."""
_HUB = "usb-hub"
_MOST_HUB_PORTS = 8
_DEEPEST = 5
_INT32 = 1 << 31


class _Kind(NamedTuple):
    product: str
    speeds: int = _FULL


_KINDS = {
    "usb-tablet": _Kind("QEMU USB Tablet", _FULL | _HIGH),
    "usb-mouse": _Kind("QEMU USB Mouse", _FULL | _HIGH),
    "usb-kbd": _Kind("QEMU USB Keyboard", _FULL | _HIGH),
    _STICK: _Kind("QEMU USB MSD", _FULL | _HIGH | _SUPER),
    "usb-bot": _Kind("QEMU USB MSD", _FULL | _HIGH | _SUPER),
    "usb-uas": _Kind("USB Attached SCSI HBA", _HIGH | _SUPER),
    "usb-mtp": _Kind("QEMU USB MTP", _FULL | _HIGH),
    _HUB: _Kind("QEMU USB Hub"),
    "usb-audio": _Kind("QEMU USB Audio Interface"),
    "usb-serial": _Kind("QEMU USB Serial"),
    "usb-braille": _Kind("QEMU USB Braille"),
    "usb-net": _Kind("QEMU USB Network Interface"),
    "usb-wacom-tablet": _Kind("QEMU PenPartner Tablet"),
    "usb-ccid": _Kind("QEMU USB CCID"),
    "u2f-passthru": _Kind("QEMU U2F USB key"),
    "usb-host": _Kind("USB Host Device", 0),
    "usb-redir": _Kind("USB Redirection Device", 0),
}
"""What each type is called, and how fast it can be; nothing where that is up to a device elsewhere."""
_VERSION = "usb_version"
_SPEEDS_OF_VERSION = {1: _FULL, 2: _FULL | _HIGH}
_ATTACHED_BY_HAND = ("usb-bot", "usb-uas")  #: if they come while the machine runs
_ATTACHED_BY_LINE = ("usb-serial", "usb-braille")
_CHECKED = ("u2f-passthru", "usb-host", "usb-mtp", "usb-redir")
"""The types that qmpd.model.usb_checks has a rule for."""
_ALWAYS = "always-plugged"
_OF_ALL = {"port", "serial", "msos-desc", "pcap"}  #: what every device on USB has, and none is helped by


class Port:
    """Where a device can be: ``path`` counts from the controller through the hubs, ``speeds`` are those it offers."""

    def __init__(self, path: str, speeds: int) -> None:
        self.path = path
        self.speeds = speeds
        self.shared = False  #: with a companion controller


class UsbBus(BroughtBus):
    """The bus of a controller. ``free`` are its ports in the order in which they are taken."""

    def __init__(self, name: str, owner: CatalogueDevice, recorded: BroughtObject) -> None:
        super().__init__(name, owner, recorded)
        self.root_ports = [Port(str(index + 1), speeds) for index, speeds in enumerate(_root_speeds(owner))]
        self.free = list(self.root_ports)
        self.used: list[UsbDevice] = []

    def leaving(self) -> list[Sitter]:
        """Hubs take along what is on them; of that only what they were made for is older than they are."""
        pairs = pairwise(sitter for sitter in self.sitters if isinstance(sitter, UsbDevice))
        first: list[Sitter] = [device for hub, device in pairs if device.where.startswith(f"{hub.where}.")]
        return first + [sitter for sitter in self.sitters if sitter not in first]


def _root_speeds(controller: CatalogueDevice) -> list[int]:
    """What the ports of ``controller`` offer."""
    if controller.type.endswith("xhci"):
        counts = {}
        for name in _XHCI_SPEEDS:
            counts[name] = controller.values[name] = min(controller.value(name), _MOST_XHCI_PORTS)
        if any(count != _RECORDED_XHCI_PORTS for count in counts.values()):
            _fit_core(controller, counts)
        return [
            sum(speeds for name, speeds in _XHCI_SPEEDS.items() if index < counts[name])
            for index in range(max(counts.values()))
        ]
    if "ehci" in controller.type:
        return [_HIGH] * _EHCI_PORTS
    return [_SLOW] * _slow_ports(controller)


def _fit_core(controller: CatalogueDevice, counts: Mapping[str, int]) -> None:
    """Give the heart of the controller the registers of its ports."""
    core, brought = controller.child(_CORE), controller.machine.catalogue.brought(controller.type)
    assert isinstance(core, BroughtNode)
    assert brought is not None
    for child in list(core.children()):
        if child.name.startswith("usb"):
            core.remove_child(child.name)
    ports = [f"usb{name[1]} port #{index + 1}[0]" for name in ("p3", "p2") for index in range(counts[name])]
    for number, port in enumerate(ports):
        registers = BroughtNode(controller, brought.objects[f"{_CORE}/usb3 port #1[0]"])
        registers.move(_PORT_REGISTERS + number * _REGISTERS_OF_A_PORT)
        core.add_child(port, registers)
    core.list_children((*_OTHER_REGISTERS, *ports))
    for name, count in counts.items():
        core.keep(name, count)


def _slow_ports(controller: CatalogueDevice) -> int:
    if "num-ports" not in controller.properties:
        return _UHCI_PORTS
    count: int = controller.value("num-ports")
    if count > _MOST_OHCI_PORTS:
        raise errors.usb.ohci_ports_refused(count, _MOST_OHCI_PORTS)
    return count


def share_ports(controller: CatalogueDevice) -> None:
    """Give a slow ``controller`` to ports of the bus that it was told. Raises QEMU's text."""
    name, first, count = controller.value("masterbus"), controller.value("firstport"), _slow_ports(controller)
    bus = next((bus for bus in _all_buses(controller.machine) if bus.bus_name == name), None)
    if bus is None or bus.owner is None:
        raise errors.usb.bus_not_found(name)
    if "ehci" not in bus.owner.type:
        raise errors.usb.bus_takes_no_companion(name)
    if first + count > _EHCI_PORTS:
        raise errors.usb.first_port_refused(_EHCI_PORTS - count)
    ports = bus.root_ports[first : first + count]
    for number, port in enumerate(ports, first):
        if port.shared:
            raise errors.usb.companion_taken(first, first + count - 1, number)
    for port in ports:
        port.shared = True
        port.speeds |= _SLOW


def _all_buses(machine: Machine) -> list[UsbBus]:
    """The oldest first."""
    buses = [bus for bus in machine.buses.system.walk() if isinstance(bus, UsbBus)]
    return sorted(buses, key=lambda bus: bus.number)


def _speed_words(speeds: int) -> str:
    return "+".join(name for speed, name in _NAMES.items() if speeds & speed) or "unknown"


def _set_attached(device: UsbDevice, value: object, typed: bool) -> None:
    if device.type not in _ATTACHED_BY_HAND:
        raise errors.property_not_writable(device.type, "attached")
    device.set_attached(BOOL.read(value, "attached", typed))


class UsbDevice(BusDevice):
    """A device on a port. ``port`` is None before it has one, and ``speed`` the latest that was agreed on."""

    own_properties: ClassVar[tuple[Property, ...]] = (
        Property("attached", "bool", lambda device: device.is_attached, _set_attached, instance=True),
    )
    bus: UsbBus | None

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.product, self.speeds = _KINDS.get(device_type, _Kind(device_type))
        self.speed = _FULL if self.speeds else _LOW
        self.port: Port | None = None
        self._attached = False
        self._disk: BusDevice | None = None

    @property
    def usb_bus(self) -> UsbBus:
        assert self.bus is not None
        return self.bus

    @property
    def where(self) -> str:
        """The path of the port."""
        return self.port.path if self.port is not None else "-"

    @property
    def megabits(self) -> str:
        return _MEGABITS[self.speed]

    @property
    def is_attached(self) -> bool:
        return self._attached and (self.type not in _ATTACHED_BY_LINE or self._is_on_line)

    @property
    def _is_on_line(self) -> bool:
        """Whether the other end of its character device is there, if that matters."""
        return (_ALWAYS in self.properties and self.value(_ALWAYS)) or self.line_is_open

    def set_attached(self, wanted: bool) -> None:
        """Raises QEMU's text when the port is too slow or too fast."""
        if wanted and not self._attached:
            self._agree()
        self._attached = wanted

    def _agree(self) -> None:
        assert self.port is not None
        common = self.port.speeds & self.speeds
        if not common:
            ours, theirs = _speed_words(self.speeds), _speed_words(self.port.speeds)
            raise errors.usb.speed_mismatch(self.product, ours, self.usb_bus.bus_name, self.port.path, theirs)
        self.speed = 1 << common.bit_length() - 1

    def realize(self) -> None:
        self._claim_port()
        try:
            super().realize()
        except QemuError:
            self._release_port()
            raise
        if self.type == _HUB:
            assert self.port is not None
            count = self.value("ports")
            self.usb_bus.free += [Port(f"{self.port.path}.{number}", _SLOW) for number in range(1, count + 1)]

    def given(self) -> set[str]:
        return super().given() - _OF_ALL

    def check_needs(self) -> None:
        if _VERSION in self.properties:
            version = self.value(_VERSION)
            if version not in _SPEEDS_OF_VERSION:
                raise errors.usb.version_refused(version)
            self.speeds = _SPEEDS_OF_VERSION[version]
        if self.type == _HUB:
            self._check_hub()
        if self.type in _CHECKED:
            from qmpd.model import usb_checks

            usb_checks.RULES[self.type](self)
        super().check_needs()
        if self.type == _STICK:
            self._make_disk()
        self.name_buses()
        if self.speeds and not (self.hotplugged and self.type in _ATTACHED_BY_HAND):
            self.set_attached(True)
        if "pcap" in self.values:
            from qmpd.model import usb_checks

            usb_checks.check_capture(self, self.values["pcap"])

    def _check_hub(self) -> None:
        assert self.port is not None
        count = self.value("ports")
        if not 1 <= count <= _MOST_HUB_PORTS:
            raise errors.usb.hub_ports_refused((count ^ _INT32) - _INT32, _MOST_HUB_PORTS)
        if self.port.path.count(".") == _DEEPEST:
            raise errors.usb.hubs_too_deep()

    def _claim_port(self) -> None:
        bus, wanted = self.usb_bus, self.values.get("port")
        if wanted is not None:
            port = next((port for port in bus.free if port.path == wanted), None)
            if port is None:
                raise errors.usb.port_not_found(wanted, bus.bus_name)
        else:
            if len(bus.free) == 1 and self.type != _HUB:
                _add_hub(bus)
            if not bus.free:
                raise errors.usb.ports_exhausted(self.product)
            port = bus.free[0]
        bus.free.remove(port)
        bus.used.append(self)
        self.port = port

    def _release_port(self) -> None:
        """The port is free again, and is the last to be taken."""
        assert self.port is not None
        self.usb_bus.used.remove(self)
        self.usb_bus.free.append(self.port)
        self.port = None

    def take_boot_index(self, name: str, index: int) -> None:
        super().take_boot_index(name, index)
        if self._disk is not None:
            self._disk.values[name] = index
            boot_order.record(self._disk, name, index)

    def _make_disk(self) -> None:
        """Put the drive into a disk on a bus of its own."""
        from qmpd.model.qdev import apply_globals

        drives = self.attached.drives if self.attached is not None else {}
        if "drive" not in drives:
            raise errors.device.drive_not_set()
        drive = drives["drive"]
        brought = self.machine.catalogue.brought(self.type)
        assert brought is not None
        self.add_bus(brought.objects[f"{OWN_ID}.0"])
        (bus,) = self.child_buses
        disk = self._disk = BusDevice(self.machine, "scsi-cd" if drive.is_cdrom else "scsi-hd")
        apply_globals(self.machine, disk)
        disk.bus = bus
        bus.add_child("legacy[0]", disk)
        bus.attach(disk)
        disk.values |= {name: self.value(name) for name in _OF_DISK} | {"scsi-id": 0}
        if "serial" in self.values:
            disk.values["serial"] = self.values["serial"]
        boot_order.record(disk, boot_order.PREFIX, disk.value(boot_order.PREFIX))
        self.attached, disk.attached = None, self.attached
        drive.slot = DriveSlot(disk)
        disk.realize()
        disk.realized = True

    def parts(self) -> list[Object]:
        disk = self._disk
        return super().parts() if disk is None or disk.parent is None else [disk]

    def behind(self) -> Iterable[Device]:
        yield from super().behind()
        if self.type == _HUB:
            ports = [f"{self.where}.{number}" for number in range(1, self.value("ports") + 1)]
            yield from sorted((device for device in self.usb_bus.used if device.where in ports), key=lambda d: d.where)

    def unplug(self) -> None:
        super().unplug()
        if self.type == _HUB:
            self.usb_bus.free = [port for port in self.usb_bus.free if not port.path.startswith(f"{self.where}.")]
        self._release_port()


def _add_hub(bus: UsbBus) -> None:
    """Have a further hub on the last port, unless it does not fit there."""
    from qmpd.model.qdev import apply_globals

    assert isinstance(bus.owner, CatalogueDevice)
    machine = bus.owner.machine
    hub = UsbDevice(machine, _HUB)
    apply_globals(machine, hub)
    hub.bus = bus
    bus.attach(hub)
    machine.buses.add_unattached(hub)
    try:
        hub.realize()
    except QemuError:
        bus.detach(hub)
        machine.buses.withdraw_unattached(hub)
    else:
        hub.realized = True


def usb_lines(machine: Machine) -> list[str] | None:
    """What ``info usb`` prints; None without a bus."""
    buses = _all_buses(machine)
    lines = []
    for bus in buses:
        for device in bus.used:
            name = "" if device.device_id is None else f", ID: {device.device_id}"
            place = f"  Device {bus.number}.0, Port {device.where}"
            lines.append(f"{place}, Speed {device.megabits} Mb/s, Product {device.product}{name}\n")
    return lines if buses else None
