"""qapi/ui.json: displays, keyboards and mice. Nobody sees or touches them."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.errors import QemuError
from qmpd.model import consoles

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.vnc import VncDisplay

_INPUT_DEVICES: dict[str, tuple[str, bool | None]] = {
    "chardev-msmouse": ("QEMU Microsoft Mouse", False),
    "chardev-qemu-vdagent": ("vdagent mouse", True),
    "chardev-wctablet": ("QEMU Wacom Pen Tablet", True),
    "usb-kbd": ("QEMU HID Keyboard", None),
    "usb-mouse": ("QEMU HID Mouse", False),
    "usb-tablet": ("QEMU HID Tablet", True),
    "virtio-keyboard-pci": ("QEMU Virtio Keyboard", None),
    "virtio-mouse-pci": ("QEMU Virtio Mouse", False),
    "virtio-tablet-pci": ("QEMU Virtio Tablet", True),
}
"""What QEMU calls a device that somebody's hand is on, and whether it points at a place; None for keyboards."""
_MAX_UINT64 = (1 << 64) - 1
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?([0-9]+)")


def query_display_options(context: Context) -> dict[str, Any]:
    return context.machine.config.display or {"type": "none"}


# Remote displays


def query_spice(context: Context) -> dict[str, Any]:
    return {"enabled": False, "migrated": False, "mouse-mode": "client"}


def query_vnc(context: Context) -> dict[str, Any]:
    display = next(iter(context.machine.vnc), None)
    server = display.servers[0] if display is not None and display.servers else None
    if display is None or server is None or server.websocket:
        return {"enabled": False}
    place = {"host": server.host, "service": server.service, "family": server.family}
    auth = f"vencrypt+{display.encryption}+{display.auth}" if display.encryption else display.auth
    return {"enabled": True, **place, "auth": auth, "clients": []}


def query_vnc_servers(context: Context) -> list[dict[str, Any]]:
    return [
        {
            "id": display.name,
            "server": [server._asdict() | _protection(display) for server in display.listed()],
            "clients": [],
        }
        | _protection(display)
        | consoles.shown_by(context.machine, display.console)
        for display in reversed(context.machine.vnc)
    ]


def _protection(display: VncDisplay) -> dict[str, str]:
    """Who is let in, and how what is said is kept secret."""
    if not display.encryption:
        return {"auth": display.auth}
    return {"auth": "vencrypt", "vencrypt": f"{display.encryption}-{display.auth}"}


def _vnc(context: Context, name: str | None, failure: QemuError) -> VncDisplay:
    """The display of a name, or the first. Raises ``failure`` where it is not."""
    for display in context.machine.vnc:
        if name is None or display.name == name:
            return display
    raise failure


def set_password(context: Context, arguments: dict[str, Any]) -> None:
    if arguments["protocol"] == "spice":
        raise errors.ui.spice_not_in_use()
    if arguments.get("connected", "keep") != "keep":
        raise errors.ui.connected_must_be_keep()
    _set_vnc_password(context, arguments.get("display"))


def _set_vnc_password(context: Context, name: str | None) -> None:
    failure = errors.ui.password_not_set()
    if _vnc(context, name, failure).auth == "none":
        raise failure


def expire_password(context: Context, arguments: dict[str, Any]) -> None:
    time = arguments["time"]
    if time not in ("now", "never"):
        number = _NUMBER.fullmatch(time.removeprefix("+"))
        if number is None or int(number[1]) > _MAX_UINT64:
            raise errors.ui.time_not_taken(time)
    if arguments["protocol"] == "spice":
        raise errors.ui.spice_not_in_use()
    _vnc(context, arguments.get("display"), errors.ui.password_expiry_not_set())


def change_vnc_password(context: Context, password: str) -> None:
    _set_vnc_password(context, None)


def client_migrate_info(
    context: Context,
    protocol: str,
    hostname: str,
    port: int | None = None,
    tls_port: int | None = None,
    cert_subject: str | None = None,
) -> None:
    if protocol != "spice":
        raise errors.invalid_parameter_value("protocol", "'spice'")
    raise errors.ui.spice_not_in_use()


def display_reload(context: Context, arguments: dict[str, Any]) -> None:
    if arguments.get("tls-certs"):
        _vnc(context, None, errors.ui.vnc_display_missing())
        raise errors.ui.vnc_without_tls()


def display_update(context: Context, arguments: dict[str, Any]) -> None:
    display = _vnc(context, None, errors.ui.vnc_display_missing())
    if "addresses" in arguments:
        display.listen(arguments["addresses"])


def screendump(
    context: Context, filename: str, device: str | None = None, head: int | None = None, format: str = "ppm"
) -> None:
    if device is not None:
        consoles.check(context.machine, device, head or 0)
    elif head is not None:
        raise errors.ui.head_without_device()
    elif not consoles.shows_anything(context.machine):
        raise errors.ui.console_missing()
    try:
        with open(filename, "wb") as file:
            file.write(consoles.blank_picture(format))
    except OSError as error:
        raise errors.ui.picture_not_opened(filename, os.strerror(error.errno or errno.EIO)) from None


# Keyboards and mice


def query_mice(context: Context) -> list[dict[str, Any]]:
    """The one that came last first; the first one is in use."""
    mice = [
        {"name": name, "index": index, "current": False, "absolute": absolute}
        for index, (name, absolute) in enumerate(input_devices(context.machine), start=1)
        if absolute is not None
    ]
    if mice:
        mice[0]["current"] = True
    return mice[::-1]


def input_devices(machine: Machine) -> list[tuple[str, bool | None]]:
    """Keyboards, mice and tablets in the order of their numbers, from 1 on."""
    born: list[tuple[str, bool | None]] = [("QEMU PS/2 Keyboard", None), ("QEMU PS/2 Mouse", False)]
    has_ps2 = machine.family.chipset is not None and "i8042" not in machine.numbering.left_out
    unnamed = sorted(machine.peripheral_anon.children(), key=lambda device: int(device.name[len("device[") : -1]))
    plugged = [*machine.board_devices, *machine.peripheral.children(), *unnamed]
    started = {config.id for config in machine.config.chardevs}
    chardevs = [node for node in machine.chardevs.children_by_age() if node.type in _INPUT_DEVICES]
    early = [_INPUT_DEVICES[node.type] for node in chardevs if node.name in started]
    late = [_INPUT_DEVICES[node.type] for node in chardevs if node.name not in started]
    found = [_INPUT_DEVICES[device.type] for device in plugged if device.type in _INPUT_DEVICES]
    return early + (born if has_ps2 else []) + found + late


def send_key(context: Context, keys: list[dict[str, Any]], hold_time: int | None = None) -> None:
    pass


def input_send_event(
    context: Context, events: list[dict[str, Any]], device: str | None = None, head: int | None = None
) -> None:
    if device is not None:
        consoles.check(context.machine, device, head or 0)
    machine = context.machine
    if not machine.run.running and machine.run.state != "suspended":
        raise errors.ui.machine_not_running()
    handled = {"key", "btn", "rel"} if machine.family.chipset else set()
    for event in events:
        if event["type"] not in handled:
            raise errors.ui.no_input_handler(event["type"])
