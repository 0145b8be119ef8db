"""The human monitor's commands about the network, character devices and descriptors."""

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.commands import char
from qmpd.commands.dispatch import dispatch
from qmpd.commands.hmp.arguments import BadArguments
from qmpd.commands.hmp.block import run
from qmpd.commands.hmp.call import Call, Handler
from qmpd.errors import QemuError
from qmpd.model.net import NIC, NetClient
from qmpd.options import optsvisitor, qemuopts, structs
from qmpd.options.groups import Group
from qmpd.options.words import HELP_WORDS

_NETDEVS: Final = (
    *("socket", "stream", "dgram", "hubport", "tap", "user", "l2tpv3", "vde", "bridge", "vhost-user", "vhost-vdpa"),
)
_USER_HEADER: Final = "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\n"
_GROUP: Final = Group("netdev", "type", merged=False, types={})
_PEERLESS: Final = "user mode network stack not in use\n"


def netdev_add(call: Call) -> str:
    options: dict[str, Any] = {
        pair.name: pair.value for pair in qemuopts.split(call.arguments.get("netdev") or "", "type")
    }
    if options.get("type") in HELP_WORDS:
        return "".join(f"{line}\n" for line in ("Available netdev backend types:", *_NETDEVS))
    if call.context.machine.network.find_netdev(options.get("id", "")) is not None:
        raise BadArguments("")  # QEMU says why on its standard error only
    if "id" not in options:
        raise errors.missing_parameter("id")
    opts = qemuopts.Opts(_GROUP, options.pop("id"), "", options.items())
    options = optsvisitor.read(opts, structs.from_schema("net", "Netdev"))
    dispatch(call.context, "netdev_add", options, out_of_band=False)
    return ""


def netdev_del(call: Call) -> str:
    run(call, "netdev_del", id=call.arguments["id"])
    return ""


def set_link(call: Call) -> str:
    run(call, "set_link", name=call.arguments["name"], up=call.arguments["up"])
    return ""


def announce_self(call: Call) -> str:
    return ""


def info_network(call: Call) -> str:
    network = call.context.machine.network
    text = ""
    for hub, ports in network.hubs():
        text += f"hub {hub}\n"
        for port in ports:
            text += f" \\ {port.name}" + (f": {_client(port.peer)}" if port.peer is not None else "\n")
    for client in network.clients:
        peer = client.peer
        if client.hub is not None or (peer is not None and peer.hub is not None):
            continue
        if peer is None or client.kind == NIC:
            text += _client(client)
        if peer is not None and client.kind == NIC:
            text += f" \\ {_client(peer)}"
    return text


def _client(client: NetClient) -> str:
    if client.words is None:
        raise errors.not_modelled(f"'info network' of network back ends of type '{client.kind}'")
    text = f"{client.name}: index=0,type={client.kind},{client.words}\n"
    if client.filters:
        text += "filters:\n"
    for user_object in client.filters:
        shown = [name for name, _ in reversed(user_object.list_properties()) if name != "type"]
        words = [f"{name}={_word(user_object.get_property(name))}" for name in shown]
        text += f"  - {user_object.name}: type={user_object.type},{','.join(words)}\n"
    return text


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def info_usernet(call: Call) -> str:
    """The user-mode networks, through which nothing goes."""
    text = ""
    for client in call.context.machine.network.clients:
        if client.kind == "user":
            hub = client.peer.hub if client.peer is not None else None
            text += f"Hub {-1 if hub is None else hub} ({client.name}):\n{_USER_HEADER}"
    return text


def hostfwd(call: Call) -> str:
    """Of networks that nobody forwards to."""
    network = call.context.machine.network
    if call.arguments.get("arg2") is not None:
        client = network.find_netdev(call.arguments["arg1"])
        if client is None:
            return f"unrecognized netdev id '{call.arguments['arg1']}'\n"
        if client.kind != "user":
            return "invalid device specified\n"
    elif not any(client.kind == "user" for client in network.clients):
        return _PEERLESS
    raise errors.not_modelled("forwarding to the guest's network")


# Character devices and descriptors


def chardev_add(call: Call) -> str:
    options = _chardev_options(call.arguments["args"])
    if options.get("backend") in HELP_WORDS:
        return "Available chardev backend types: \n" + "".join(
            f"  {kind}\n" for kind in reversed(char.kinds(call.context.machine))
        )
    device_id = options.pop("id", None)
    if device_id is None:
        raise errors.startup.chardev_lacks_id()
    if call.context.machine.chardevs.child(device_id) is not None:
        raise errors.duplicate_property(device_id, "container")
    backend = _backend(options)
    try:
        run(call, "chardev-add", id=device_id, backend=backend)
    except QemuError as error:
        failure = errors.char.chardev_add_failed(device_id, QemuError("")).desc
        raise QemuError(error.desc.removeprefix(failure), error.error_class, error.hint) from None
    return ""


def chardev_change(call: Call) -> str:
    options = _chardev_options(call.arguments["args"])
    if "id" in options:
        raise errors.char.chardev_id_unexpected()
    run(call, "chardev-change", id=call.arguments["id"], backend=_backend(options))
    return ""


def _chardev_options(text: str) -> dict[str, str]:
    return {pair.name: pair.value for pair in qemuopts.split(text, "backend")}


def _backend(options: dict[str, str]) -> dict[str, Any]:
    """Those that need no more than a name, and rings of a size."""
    kind = options.pop("backend", "")
    if kind not in char.KINDS:
        raise errors.char.chardev_driver_invalid(kind)
    data: dict[str, Any] = {}
    if kind == "ringbuf" and "size" in options:
        data["size"] = qemuopts.check_size("size", options.pop("size"))
    if options:
        raise errors.not_modelled("options of character devices in the human monitor")
    return {"type": kind, "data": data}


def chardev_remove(call: Call) -> str:
    run(call, "chardev-remove", id=call.arguments["id"])
    return ""


def chardev_send_break(call: Call) -> str:
    run(call, "chardev-send-break", id=call.arguments["id"])
    return ""


def ringbuf_write(call: Call) -> str:
    run(call, "ringbuf-write", device=call.arguments["device"], data=call.arguments["data"])
    return ""


def ringbuf_read(call: Call) -> str:
    """Characters that are not printable are shown by their number."""
    text = run(call, "ringbuf-read", device=call.arguments["device"], size=call.arguments["size"])
    return "".join(_shown(character) for character in text) + "\n"


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    hidden = (character < " " and character not in "\n\t") or character == "\x7f"
    return f"\\u{ord(character):04X}" if hidden else character


def getfd(call: Call) -> str:
    run(call, "getfd", fdname=call.arguments["fdname"])
    return ""


def closefd(call: Call) -> str:
    run(call, "closefd", fdname=call.arguments["fdname"])
    return ""


INFO_HANDLERS: Final[dict[str, Handler]] = {"network": info_network, "usernet": info_usernet}
HANDLERS: Final[dict[str, Handler]] = {
    "announce_self": announce_self,
    "chardev-add": chardev_add,
    "chardev-change": chardev_change,
    "chardev-remove": chardev_remove,
    "chardev-send-break": chardev_send_break,
    "closefd": closefd,
    "getfd": getfd,
    "hostfwd_add": hostfwd,
    "hostfwd_remove": hostfwd,
    "netdev_add": netdev_add,
    "netdev_del": netdev_del,
    "ringbuf_read": ringbuf_read,
    "ringbuf_write": ringbuf_write,
    "set_link": set_link,
}
