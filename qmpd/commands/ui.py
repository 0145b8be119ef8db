"""qapi/ui.json: displays, keyboards and mice. Nobody sees or touches them."""

from __future__ import annotations

import re
from typing import Any

from qmpd import errors
from qmpd.commands.context import Context

_MAX_UINT64 = (1 << 64) - 1
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?([0-9]+)")


def query_display_options(context: Context) -> dict[str, Any]:
    return context.machine.config.display or {"type": "none"}


# Remote displays


def query_spice(context: Context) -> dict[str, Any]:
    return {"enabled": False, "migrated": False, "mouse-mode": "client"}


def query_vnc(context: Context) -> dict[str, Any]:
    return {"enabled": False}


def query_vnc_servers(context: Context) -> list[dict[str, Any]]:
    return []


def set_password(context: Context, arguments: dict[str, Any]) -> None:
    if arguments["protocol"] == "spice":
        raise errors.ui.spice_not_in_use()
    if arguments.get("connected", "keep") != "keep":
        raise errors.ui.connected_must_be_keep()
    raise errors.ui.password_not_set()


def expire_password(context: Context, arguments: dict[str, Any]) -> None:
    time = arguments["time"]
    if time not in ("now", "never"):
        number = _NUMBER.fullmatch(time.removeprefix("+"))
        if number is None or int(number[1]) > _MAX_UINT64:
            raise errors.ui.time_not_taken(time)
    if arguments["protocol"] == "spice":
        raise errors.ui.spice_not_in_use()
    raise errors.ui.password_expiry_not_set()


def change_vnc_password(context: Context, password: str) -> None:
    raise errors.ui.password_not_set()


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
        raise errors.ui.vnc_display_missing()


def display_update(context: Context, arguments: dict[str, Any]) -> None:
    raise errors.ui.vnc_display_missing()


def screendump(
    context: Context, filename: str, device: str | None = None, head: int | None = None, format: str = "ppm"
) -> None:
    if device is not None:
        _check_console(context, device)
    elif head is not None:
        raise errors.ui.head_without_device()
    raise errors.ui.console_missing()


def _check_console(context: Context, device: str) -> None:
    """Raise QEMU's text for a name that is no device's; consoles are not known here."""
    if context.machine.peripheral.child(device) is None:
        raise errors.device_not_found(device)
    raise errors.not_modelled(f"the console of '{device}'")


# Keyboards and mice


def query_mice(context: Context) -> list[dict[str, Any]]:
    if context.machine.family.chipset is None:
        return []
    return [{"name": "QEMU PS/2 Mouse", "index": 2, "current": True, "absolute": False}]


def send_key(context: Context, keys: list[dict[str, Any]], hold_time: int | None = None) -> None:
    pass


def input_send_event(
    context: Context, events: list[dict[str, Any]], device: str | None = None, head: int | None = None
) -> None:
    if device is not None:
        _check_console(context, device)
    machine = context.machine
    if not machine.run.running and machine.run.state != "suspended":
        raise errors.ui.machine_not_running()
    handled = {"key", "btn", "rel"} if machine.family.chipset else set()
    for event in events:
        if event["type"] not in handled:
            raise errors.ui.no_input_handler(event["type"])
