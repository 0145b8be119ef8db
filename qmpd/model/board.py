"""The devices that a board makes by itself, by default or because an option asks for a drive, a port, a card, a display
(hw/i386/pc.c, hw/i386/pc_piix.c, hw/i386/pc_q35.c, hw/i386/microvm.c, system/vl.c).

A board makes them between those that the catalogue recorded, as rows of ``_STEPS`` tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from errno import ENOENT
from functools import cached_property
from os import strerror
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue.catalogue import family_of
from qmpd.errors import StartupError
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.block.drive import Drive
    from qmpd.model.device import Device
    from qmpd.model.machine import Machine
    from qmpd.model.qom import Object

_SERIAL_PORTS = 4
_PARALLEL_PORTS = 3
_FLOPPIES = 2
_SATA_PORTS = 6
_ISA_CARDS = ((0x300, 9), (0x320, 10), (0x340, 11), (0x360, 3), (0x280, 4), (0x380, 5))
"""Ports and interrupt of each ne2k_isa."""
_ISA_CARD = "ne2k_isa"

_STANDS_FOR = {
    "floppy": ("isa-fdc", "floppy"),
    "cdrom": ("ide-cd", "ide-hd", "scsi-cd", "scsi-hd"),
    "display": (
        *("VGA", "isa-vga", "cirrus-vga", "isa-cirrus-vga", "vmware-svga", "qxl-vga", "virtio-vga", "ati-vga"),
        *("vhost-user-vga", "virtio-vga-gl", "virtio-vga-rutabaga"),
    ),
}
"""What the board leaves out by default once the user names a driver, be it for its defaults only."""
_WITHOUT = {"floppy": ("pc-q35", "microvm", "none"), "cdrom": ("none",)}
"""Families of machines that never have it by default."""
_CDROM = {"index": "2", "media": "cdrom"}
_FLOPPY = {"if": "floppy", "index": "0"}

_DISPLAYS = {"std": "VGA", "cirrus": "cirrus-vga", "vmware": "vmware-svga", "virtio": "virtio-vga"}
_ISA_DISPLAYS = {"std": "isa-vga", "cirrus": "isa-cirrus-vga"}
_PCI_ONLY = {"vmware": "vmware_vga", "virtio": "virtio-vga"}
_SOUTH_BRIDGE = "/machine/unattached/device[3]"
_INSIDE = 3
_LAST = 1 << 16
_USB_DEVICES = {"tablet": "usb-tablet", "mouse": "usb-mouse", "keyboard": "usb-kbd", "wacom-tablet": "usb-wacom-tablet"}
_SOUND_CARDS = {
    "ac97": ("AC97",),
    "es1370": ("ES1370",),
    "hda": ("intel-hda", "hda-duplex"),
    "virtio": ("virtio-sound-pci",),
}
"""The devices of a card, where they are called otherwise."""
_ISA_SOUND_CARDS = frozenset({"adlib", "cs4231a", "gus", "sb16"})
_BRAILLE = "braille"
"""What ``-usbdevice`` takes and nobody here can serve."""
_DEFAULT_CARDS = {"pc-i440fx": "e1000", "pc-q35": "e1000e", "isapc": _ISA_CARD}
_E1000E_SINCE = (2, 12)


class Seat(NamedTuple):
    """Where a device of the board goes: its name below ``parent``, and the number of the recorded device before it.

    On its bus it comes before the recorded device of type ``before``, if there is one.
    """

    parent: Object
    name: str
    turn: int
    before: str = ""


class Wanted(NamedTuple):
    """A device to be made; ``options`` are as for device_add."""

    driver: str
    options: Mapping[str, Any]


class Step(NamedTuple):
    """What is made after the last recorded device of type ``after``, or after the first one.

    A ``late`` one comes after what the board connects to that device.
    """

    after: str
    make: Callable[[Board], Iterable[Wanted]]
    first: bool = False
    late: bool = False


class Turn(NamedTuple):
    """When a device is made: after the recorded one of this number, and perhaps after what is connected to it."""

    number: int
    late: bool


class Board:
    """What the board of one machine makes by itself."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.family = family_of(machine.info.name)
        self.made: list[Device] = []
        self._named = {
            *(str(device.values.get("driver")) for device in machine.config.devices),
            *(driver for driver, _, _ in machine.config.globals),
        }

    def _is_default(self, what: str) -> bool:
        return (
            self._machine.config.default_devices
            and self.family not in _WITHOUT.get(what, ())
            and not self._named & set(_STANDS_FOR[what])
        )

    # Before the board is made

    def add_default_drives(self) -> None:
        """Drives without a medium in the places where nobody has put one."""
        wanted = [options for what, options in (("cdrom", _CDROM), ("floppy", _FLOPPY)) if self._is_default(what)]
        if not wanted:
            return
        from qmpd.model.block.legacy import add_drive, place_at

        graph = self._machine.block
        interface = self._machine.default_interface
        for options in wanted:
            if place_at(graph, options, interface) not in graph.places:
                add_drive(graph, options, interface)
                graph.places[place_at(graph, options, interface)].is_default = True

    def turns(self, recorded: Mapping[int, str]) -> list[Turn]:
        """When it makes each of its devices; ``recorded`` tells the types of the recorded ones."""
        found = []
        for step, wanted in self._steps:
            numbers = [number for number, kind in recorded.items() if kind == step.after]
            found += [Turn(min(numbers) if step.first else max(numbers), step.late)] * len(wanted)
        return found

    @cached_property
    def _steps(self) -> list[tuple[Step, list[Wanted]]]:
        return [(step, list(step.make(self))) for step in _STEPS.get(self.family, ())]

    # The board

    def make(self) -> None:
        """Make the devices. Raises QEMU's text."""
        from qmpd.model.boot_tree import planted
        from qmpd.model.qdev import device_add

        machine = self._machine
        numbering = machine.numbering
        if self._has_usb and self.family == "pc-i440fx":
            parent = planted(machine, _SOUTH_BRIDGE)
            seat = Seat(parent, "uhci", _INSIDE, "PIIX4_PM")
            self.made.append(device_add(machine, {"driver": "piix3-usb-uhci", "addr": "1.2"}, seat=seat))
        wanted = [one for _, steps in self._steps for one in steps]
        for index, (driver, options) in enumerate(wanted):
            seat = Seat(machine.unattached, numbering.made(index), numbering.turns[index].number)
            self.made.append(device_add(machine, {"driver": driver, **options}, seat=seat))

    def plug_sound_card(self, name: str, audiodev: str) -> None:
        """Make the card that ``-audio`` calls so. Raises QEMU's text."""
        from qmpd.model.bus import pick
        from qmpd.model.qdev import device_add

        machine = self._machine
        kind = "ISA" if name in _ISA_SOUND_CARDS else "PCI"
        if pick(machine.buses.system, lambda bus: bus.bus_type in (kind, f"{kind}E")) is None:
            raise errors.sound.card_lacks_bus(kind, name)
        for driver in _SOUND_CARDS.get(name, (name,)):
            options = {"audiodev": audiodev} if driver != "intel-hda" else {}
            seat = Seat(machine.unattached, f"device[{machine.buses.next_unattached()}]", _LAST)
            self.made.append(device_add(machine, {"driver": driver, **options}, seat=seat))

    def plug_usb(self, name: str) -> None:
        """Make the device that ``-usbdevice`` calls so. Raises QEMU's text."""
        from qmpd.model.bus import pick
        from qmpd.model.qdev import device_add

        machine = self._machine
        driver = _USB_DEVICES.get(name)
        has_bus = pick(machine.buses.system, lambda bus: bus.bus_type == "usb-bus") is not None
        if name in (*_USB_DEVICES, _BRAILLE) and not has_bus:
            machine.complain(errors.startup.usb_bus_missing(name))
            driver = None
        elif name == _BRAILLE:
            machine.complain(errors.startup.braille_not_reached(strerror(ENOENT)))
            machine.complain(errors.startup.usb_device_not_created("usb-braille"))
        if ":" in name:
            machine.complain(errors.startup.usb_parameters_gone())
        if driver is None:
            raise errors.startup.usb_device_unknown(name)
        seat = Seat(machine.unattached, f"device[{machine.buses.next_unattached()}]", _LAST)
        self.made.append(device_add(machine, {"driver": driver}, seat=seat))

    @property
    def _has_usb(self) -> bool:
        return bool(self._machine.settings.get("usb"))

    def _usb(self) -> Iterable[Wanted]:
        """The controllers of ICH9: the fast one and the slow ones that share its ports."""
        if not self._has_usb:
            return
        yield Wanted("ich9-usb-ehci1", {"addr": "1d.7", "multifunction": True})
        for number in range(3):
            options = {"addr": f"1d.{number}", "multifunction": True, "masterbus": "usb-bus.0", "firstport": 2 * number}
            yield Wanted(f"ich9-usb-uhci{number + 1}", options)

    def orphans(self) -> list[StartupError]:
        """What is wrong with drives for which it has no device."""
        if "block" not in vars(self._machine):
            return []
        return [
            StartupError(drive.origin, errors.startup.drive_unsupported(*place))
            for place, drive in self._machine.block.places.items()
            if place.interface not in self._claimed and drive.slot is None and not drive.is_default
        ]

    @property
    def _claimed(self) -> tuple[str, ...]:
        """The interfaces of drives that others care for."""
        return ("none", "virtio", "xen")

    def unused_display(self) -> str | None:
        """What to warn of if the board cannot have the display that it was told to have."""
        if self.family in ("pc-i440fx", "pc-q35", "isapc") or self._machine.config.vga in (None, "none"):
            return None
        return errors.startup.VGA_UNUSED

    def _drive(self, interface: str, bus: int, unit: int) -> Drive | None:
        if "block" not in vars(self._machine):
            return None
        from qmpd.model.block.legacy import Place

        return self._machine.block.places.get(Place(interface, bus, unit))

    def _disks(self, bus: int, units: int) -> Iterable[Wanted]:
        for unit in range(units):
            drive = self._drive("ide", bus, unit)
            if drive is not None:
                driver = "ide-cd" if drive.is_cdrom else "ide-hd"
                yield Wanted(driver, {"bus": f"ide.{bus}", "unit": unit, "drive": drive.name})

    def _ide(self) -> Iterable[Wanted]:
        return [*self._disks(0, 2), *self._disks(1, 2)]

    def _sata(self) -> Iterable[Wanted]:
        if self._machine.settings.get("sata", True):
            for port in range(_SATA_PORTS):
                yield from self._disks(port, 1)

    def _floppies(self) -> Iterable[Wanted]:
        for unit in range(_FLOPPIES):
            drive = self._drive("floppy", 0, unit)
            if drive is not None:
                yield Wanted("floppy", {"unit": unit, "drive": drive.name})

    def _floppy_controller(self) -> Iterable[Wanted]:
        return [Wanted("isa-fdc", {})] if list(self._floppies()) else []

    def _serials(self) -> Iterable[Wanted]:
        return _ports("isa-serial", self._machine.config.serials[:_SERIAL_PORTS])

    def _parallels(self) -> Iterable[Wanted]:
        return _ports("isa-parallel", self._machine.config.parallels[:_PARALLEL_PORTS])

    def _serial(self) -> Iterable[Wanted]:
        wanted = self._machine.settings.get("isa-serial", True)
        return _ports("isa-serial", self._machine.config.serials[:1]) if wanted else []

    def display(self) -> str | None:
        """The kind of display that the board shall have."""
        if self._machine.config.vga is not None:
            return self._machine.config.vga.partition(",")[0]
        if not self._is_default("display"):
            return None
        return "std" if self.family in ("pc-i440fx", "pc-q35") else "cirrus"

    def _display(self) -> Iterable[Wanted]:
        driver = _DISPLAYS.get(self.display() or "")
        return [Wanted(driver, {})] if driver is not None else []

    def _isa_display(self) -> Iterable[Wanted]:
        kind = self.display() or ""
        if kind in _PCI_ONLY:
            self._machine.complain(errors.startup.vga_needs_pci(_PCI_ONLY[kind]))
        driver = _ISA_DISPLAYS.get(kind)
        return [Wanted(driver, {})] if driver is not None else []

    def _cards(self) -> Iterable[Wanted]:
        if "network" not in vars(self._machine):
            return
        nics, catalogue = self._machine.network.nics, self._machine.catalogue
        default = _DEFAULT_CARDS.get(self.family)
        if self.family == "pc-q35" and self._machine.version < _E1000E_SINCE:
            default = "e1000"
        on_isa = [nic for nic in nics if (nic.model or default) == _ISA_CARD]
        for number, nic in enumerate(on_isa):
            if number >= len(_ISA_CARDS):
                raise errors.net.isa_cards_exhausted()
            iobase, interrupt = _ISA_CARDS[number]
            yield Wanted(_ISA_CARD, {"iobase": iobase, "irq": interrupt, **nic.take(has_vectors=False)})
        for nic in nics if self.family != "isapc" else ():
            model = nic.model or default
            model = "virtio-net-pci" if model == "virtio" else model
            if model is None or not catalogue.has_type(model) or catalogue.type_info(model).bus != "PCI":
                continue
            names = {entry["name"] for entry in catalogue.qom_properties(model).value}
            if catalogue.type_info(model).user_creatable and "netdev" in names:
                yield Wanted(model, nic.take(has_vectors="vectors" in names))


def _ports(driver: str, labels: Iterable[str | None]) -> Iterable[Wanted]:
    return [Wanted(driver, {"index": index, "chardev": label}) for index, label in enumerate(labels) if label]


_PORTS = (Step("isa-pcspk", Board._serials), Step("isa-pcspk", Board._parallels))
_STEPS = {
    "pc-i440fx": (
        Step("PIIX3", Board._ide, late=True),
        Step("isa-i8259", Board._display),
        *_PORTS,
        Step("isa-fdc", Board._floppies),
        Step("port92", Board._cards, late=True),
    ),
    "pc-q35": (
        *_PORTS,
        Step("isa-pcspk", Board._floppy_controller),
        Step("isa-pcspk", Board._floppies),
        Step("ich9-ahci", Board._sata),
        Step("ich9-ahci", Board._usb),
        Step("smbus-eeprom", Board._display),
        Step("smbus-eeprom", Board._cards),
    ),
    "isapc": (
        Step("isa-i8259", Board._isa_display),
        *_PORTS,
        Step("isa-fdc", Board._floppies),
        Step("port92", Board._cards, late=True),
        Step("isa-ide", lambda board: board._disks(0, 2), first=True),
        Step("isa-ide", lambda board: board._disks(1, 2)),
    ),
    "microvm": (Step("mc146818rtc", Board._serial),),
}
"""Families of machines: what their boards make, in this order."""
