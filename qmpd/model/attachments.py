"""What devices take from outside: drives, character devices, network back ends, sound
(hw/core/qdev-properties-system.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.qom import STR
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.block.drive import Drive
    from qmpd.model.catalogue_device import CatalogueDevice
    from qmpd.model.chardev import ChardevNode
    from qmpd.model.net import NetClient

_LISTENING = frozenset(
    (
        *("isa-serial", "isa-parallel", "isa-debugcon", "pci-serial", "usb-serial", "usb-braille"),
        *("ccid-card-passthru", "virtconsole"),
    )
)
"""Devices that hear what is said to their character device without the guest's doing."""


_LINE_GOES_ALONG = ("usb-redir",)
"""Devices whose character device goes when they do."""
_SERIAL = "serial"
_AROUND_SERIAL = frozenset({"isa-serial", "pci-serial"})
"""Devices whose character device is that of the port inside."""
SOUND, TPM = "audiodev", "tpmdev"
_VLANS = 4096


class DriveSlot:
    """Where a device has its drive. ``tray_open`` is None for one without a tray."""

    def __init__(self, owner: CatalogueDevice) -> None:
        self.owner = owner
        self.removable = False
        self.tray_open: bool | None = None

    @property
    def label(self) -> str:
        """The id of the device, or the path of what in it has the drive; empty if it is in no tree."""
        owner = self.owner
        if owner.parent is None:
            return ""
        return owner.device_id or owner.path

    def medium_changed(self, loaded: bool) -> None:
        """The guest would be told."""


class Line:
    """A device at the end of a character device."""

    takes_other = True

    def __init__(self, node: ChardevNode, *, listens: bool) -> None:
        self.node = node
        self.listens = listens


class Attached(NamedTuple):
    """What one device has taken, by the name of the property."""

    drives: dict[str, Drive]
    lines: dict[str, Line]
    peers: dict[str, NetClient]
    names: dict[str, str]


def is_attachment(name: str, type_name: str) -> bool:
    """Whether a property stands for something outside."""
    return type_name == "str" and (name in ("drive", "netdev", SOUND, TPM) or name.startswith("chardev"))


def read(device: CatalogueDevice, name: str) -> str:
    """What the property says: the name of what it stands for, or nothing."""
    taken = device.attached
    if taken is None:
        return ""
    if name in taken.drives:
        drive = taken.drives[name]
        return drive.name or (drive.node.name if drive.node is not None else "")
    return taken.names.get(name, "")


def take(device: CatalogueDevice, name: str, value: object, typed: bool) -> None:
    """Set the property. Raises QEMU's text when there is no such thing, or when somebody else has it."""
    if device.realized and name != "drive":
        inside = device.type in _AROUND_SERIAL
        raise errors.set_after_realize(name, None if inside else device.device_id, _holder(device))
    text = STR.read(value, name, typed)
    drive = device.attached.drives.get(name) if device.attached is not None else None
    if device.realized and drive is not None:
        drive.replace(device.machine.block.look_up(None, text))
        return
    if device.attached is None:
        device.attached = Attached({}, {}, {}, {})
    if name == "netdev":
        _take_netdev(device, name, text)
    elif name == SOUND:
        _take_sound(device, text)
    elif name == TPM:
        if text != device.machine.tpm:
            raise errors.device.property_finds_nothing(device.type, name, text)
    elif not text:
        return
    elif name == "drive":
        _take_drive(device, name, text)
    else:
        _take_line(device, name, text)
    device.attached.names[name] = text


def _take_drive(device: CatalogueDevice, name: str, text: str) -> None:
    from qmpd.model.block.drive import Drive

    assert device.attached is not None
    graph = device.machine.block
    drive = graph.find_drive(text)
    if drive is None:
        node = graph.find_node(text)
        if node is None:
            raise errors.device.property_finds_nothing(device.type, name, text)
        drive = Drive(graph)
        drive.insert(node)
    elif drive.slot is not None:
        raise errors.device.drive_taken(text, automatic=drive.automatic)
    _let_go(device, name)
    drive.slot = DriveSlot(device)
    device.attached.drives[name] = drive


def _let_go(device: CatalogueDevice, name: str) -> None:
    assert device.attached is not None
    old = device.attached.drives.pop(name, None)
    if old is not None:
        leave_drive(old, unplugged=False)


def leave_drive(drive: Drive, *, unplugged: bool) -> None:
    """The device has no use for its drive any more; a drive that only it knew, or that came for it, goes as well."""
    drive.slot = None
    drive.reports_status = False
    if not drive.name or unplugged:
        drive.close()
    else:
        drive.set_demand(drive.idle)


def _holder(device: CatalogueDevice) -> str:
    """The type of what really has the property: the device, or the port in it."""
    return _SERIAL if device.type in _AROUND_SERIAL else device.type


def _take_line(device: CatalogueDevice, name: str, text: str) -> None:
    assert device.attached is not None
    node = device.machine.find_chardev(text)
    owner = _holder(device)
    if node is None:
        raise errors.device.property_finds_nothing(owner, name, text)
    if name in device.attached.lines:
        raise errors.device.property_override(name, text)
    if node.full:
        raise errors.memory.property_value_not_taken(owner, name, text, node.refusal())
    line = Line(node, listens=device.type in _LISTENING)
    node.attach(line)
    device.attached.lines[name] = line


def _take_netdev(device: CatalogueDevice, name: str, text: str) -> None:
    assert device.attached is not None
    peer = device.machine.network.find_netdev(text)
    if peer is None:
        raise errors.device.property_finds_nothing(device.type, name, text)
    if peer.peer is not None or peer in device.attached.peers.values():
        raise errors.device.property_value_in_use(device.type, name, text)
    if name in device.attached.peers:
        raise errors.device.property_override(name, text)
    device.attached.peers[name] = peer


def _take_sound(device: CatalogueDevice, text: str) -> None:
    if all(audiodev.values.get("id") != text for audiodev in device.machine.config.audiodevs):
        raise errors.device.audiodev_missing(text)


def use_default_sound(device: CatalogueDevice) -> None:
    """Let a device that was not told where to play play where all such do. Raises QEMU's text."""
    config = device.machine.config
    if not config.default_audiodev:
        raise errors.sound.no_default(next((given.values["id"] for given in config.audiodevs), ""))
    device.attached = device.attached or Attached({}, {}, {}, {})
    device.attached.names[SOUND] = config.default_audiodev


def connect_card(device: CatalogueDevice) -> None:
    """Let a network card that is complete have its end of the network."""
    if "netdev" not in device.properties:
        return
    peer = device.attached.peers.get("netdev") if device.attached is not None else None
    owner = device.card_owner
    device.card = device.machine.network.add_nic(owner.device_id, owner.type, device.value("mac"), peer)
    if device.type == "virtio-net-device":
        device.card.rx_filter = {
            "name": device.card.name,
            "promiscuous": True,
            "multicast": "normal",
            "unicast": "normal",
            "vlan": "all",
            "broadcast-allowed": False,
            "multicast-overflow": False,
            "unicast-overflow": False,
            "main-mac": device.value("mac"),
            "vlan-table": list(range(_VLANS - 1, -1, -1)),
            "unicast-table": [],
            "multicast-table": [],
        }


def release(device: CatalogueDevice, *, unplugged: bool) -> None:
    """Give back all that the device has taken; ``unplugged`` unless it never came to be."""
    if device.card is not None:
        device.machine.network.remove(device.card)
        device.card = None
    if device.attached is None:
        return
    for drive in device.attached.drives.values():
        leave_drive(drive, unplugged=unplugged)
    for line in device.attached.lines.values():
        line.node.detach(line)
        if unplugged and device.type in _LINE_GOES_ALONG:
            device.machine.remove_chardev(line.node)
    device.attached = None
