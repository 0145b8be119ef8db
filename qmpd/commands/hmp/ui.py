"""The human monitor's commands about displays, keyboards and mice (ui/ui-hmp-cmds.c, audio/audio-hmp-cmds.c)."""

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.commands import ui as qmp
from qmpd.commands.hmp.call import Call, Handler
from qmpd.options import numbers
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.schemas import documents


def _member(type_name: str, value: str) -> str:
    """``value`` if it is one of an enumeration's."""
    if value not in documents.document("ui")["$defs"][type_name]["enum"]:
        raise errors.hmp.enum_value_invalid(value)
    return value


def set_password(call: Call) -> str:
    given = call.arguments
    options = {"password": given["password"]}
    if "connected" in given:
        options["connected"] = _member("SetPasswordAction", given["connected"])
    options["protocol"] = _member("DisplayProtocol", given["protocol"])
    qmp.set_password(call.context, options)
    return ""


def expire_password(call: Call) -> str:
    protocol = _member("DisplayProtocol", call.arguments["protocol"])
    qmp.expire_password(call.context, {"protocol": protocol, "time": call.arguments["time"]})
    return ""


def client_migrate_info(call: Call) -> str:
    qmp.client_migrate_info(call.context, call.arguments["protocol"], call.arguments["hostname"])
    return ""


def screendump(call: Call) -> str:
    given = call.arguments
    image = _member("ImageFormat", given["format"]) if "format" in given else "ppm"
    qmp.screendump(call.context, given["filename"], given.get("device"), given.get("head"), image)
    return ""


def sendkey(call: Call) -> str:
    """Presses keys nobody notices; says which it does not know."""
    names = documents.document("ui")["$defs"]["QKeyCode"]["enum"]
    for key in call.arguments["keys"].split("-"):
        name = "less" if key == "<" else key
        if not (_is_number(name) if name.startswith("0x") else name in names):
            return f"invalid parameter: {name}\n"
    return ""


def _is_number(text: str) -> bool:
    try:
        return numbers.parse_int64(text) < 1 << 31
    except (MalformedError, OutOfRangeError):
        return False


def mouse(call: Call) -> str:
    """Moves a mouse, or presses its buttons, to no effect."""
    return ""


def mouse_set(call: Call) -> str:
    index = call.arguments["index"]
    devices = qmp.input_devices(call.context.machine)
    if not 0 < index <= len(devices):
        raise errors.ui.mouse_not_found(index)
    name, absolute = devices[index - 1]
    if absolute is None:
        raise errors.ui.not_a_mouse(name)
    return ""


def wavcapture(call: Call) -> str:
    return f"{errors.ui.audiodev_not_found(call.arguments['audiodev']).desc}\n"


def info_vnc(call: Call) -> str:
    displays = qmp.query_vnc_servers(call.context)
    return "".join(_vnc_display(display) for display in displays) or "None\n"


def _family(server: dict[str, Any]) -> str:
    return f"{server['family']} (Websocket)" if server["websocket"] else str(server["family"])


def _vnc_display(display: dict[str, Any]) -> str:
    servers = "".join(
        f"  Server: {server['host']}:{server['service']} ({_family(server)})\n"
        f"    Auth: {server['auth']} (Sub: {server.get('vencrypt', 'none')})\n"
        for server in display["server"]
    )
    own = "" if servers else f"  Auth: {display['auth']} (Sub: {display.get('vencrypt', 'none')})\n"
    shown = f"  Display: {display['display']}\n" if "display" in display else ""
    return f"{display['id']}:\n{servers}{own}{shown}"


HANDLERS: Final[dict[str, Handler]] = {
    "client_migrate_info": client_migrate_info,
    "expire_password": expire_password,
    "mouse_button": mouse,
    "mouse_move": mouse,
    "mouse_set": mouse_set,
    "screendump": screendump,
    "sendkey": sendkey,
    "set_password": set_password,
    "stopcapture": mouse,
    "wavcapture": wavcapture,
}

INFO_HANDLERS: Final[dict[str, Handler]] = {"vnc": info_vnc}
