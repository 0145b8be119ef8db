"""qapi/char.json: character devices."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.config import ChardevConfig
from qmpd.errors import QemuError
from qmpd.model import base64_text, modules
from qmpd.model.chardev import ChardevNode, Ring
from qmpd.model.machine import Machine
from qmpd.model.modules import BRAILLE
from qmpd.model.objects_security import check_credentials

KINDS = (
    *("testdev", "serial", "wctablet", "file", "udp", "memory", "parallel", "vc"),
    *("braille", "socket", "msmouse", "null", "hub"),
    *("pty", "qemu-vdagent", "pipe", "mux", "ringbuf", "stdio"),
)
_BRAILLE = "braille"
_PATH_MEMBERS = {"file": "out", "pipe": "device", "serial": "device", "parallel": "device", "pty": "path"}


def query_chardev(context: Context) -> list[dict[str, Any]]:
    """The devices in the order of QEMU's table of them, the last first."""
    known = {status.label: status for status in context.host.chardevs}
    told = [
        {
            "label": node.name,
            "filename": known[node.name].filename,
            "frontend-open": known[node.name].frontend_open or node.heard,
        }
        for node in context.machine.chardevs.children()
        if isinstance(node, ChardevNode)
    ]
    told.reverse()
    return told


def query_chardev_backends(context: Context) -> list[dict[str, str]]:
    return [{"name": name} for name in kinds(context.machine)]


def kinds(machine: Machine) -> list[str]:
    """The kinds that QEMU lists: one comes in a module."""
    return [kind for kind in KINDS if kind != _BRAILLE or BRAILLE in machine.loaded_modules]


# Ring buffers


def _ring(context: Context, device: str) -> Ring:
    node = context.machine.find_chardev(device)
    if node is None:
        raise errors.char.ringbuf_device_missing(device)
    if node.ring is None:
        raise errors.char.not_a_ringbuf(device)
    return node.ring


def ringbuf_write(context: Context, device: str, data: str, format: str = "utf8") -> None:
    ring = _ring(context, device)
    ring.write(data.encode("utf-8", "surrogatepass") if format == "utf8" else base64_text.decode(data))


def ringbuf_read(context: Context, device: str, size: int, format: str = "utf8") -> str:
    ring = _ring(context, device)
    if size <= 0:
        raise errors.char.ringbuf_size_zero()
    taken = ring.read(size)
    if format == "base64":
        from base64 import b64encode

        return b64encode(taken).decode()
    return taken.decode("utf-8", "replace")


# They come and go


def chardev_add(context: Context, id: str, backend: dict[str, Any]) -> dict[str, str]:
    if context.machine.chardevs.child(id) is not None:
        raise errors.char.chardev_exists(id)
    try:
        config = _read(context, id, backend["type"], backend.get("data", {}))
        status = context.host.open_chardev(config)
    except QemuError as error:
        raise errors.char.chardev_add_failed(id, error) from None
    context.machine.add_chardev(config)
    return {"pty": status.filename.removeprefix("pty:")} if backend["type"] == "pty" else {}


def chardev_remove(context: Context, id: str) -> None:
    node = _find(context, id, errors.char.chardev_missing(id))
    if node.users:
        raise errors.char.chardev_busy(id)
    context.machine.remove_chardev(node)


def _find(context: Context, id: str, failure: QemuError) -> ChardevNode:
    node = context.machine.find_chardev(id)
    if node is None:
        raise failure
    return node


def chardev_change(context: Context, id: str, backend: dict[str, Any]) -> dict[str, str]:
    node = _find(context, id, errors.char.chardev_does_not_exist(id))
    if node.backend in ("mux", "hub"):
        raise errors.char.chardev_mux_hotswap()
    users = node.users
    if not all(user.takes_other for user in users):
        raise errors.char.chardev_hotswap_unsupported()
    if not users:
        context.machine.remove_chardev(node)
        return chardev_add(context, id, backend)
    config = _read(context, id, backend["type"], backend.get("data", {}))
    context.host.close_chardev(id)
    status = context.host.open_chardev(config)
    node.unparent()
    context.machine.add_chardev(config)
    _find(context, id, errors.char.chardev_missing(id)).users = users
    return {"pty": status.filename.removeprefix("pty:")} if backend["type"] == "pty" else {}


def chardev_send_break(context: Context, id: str) -> None:
    _find(context, id, errors.char.chardev_missing(id))


def _read(context: Context, label: str, kind: str, data: dict[str, Any]) -> ChardevConfig:
    """ChardevBackend in qapi/char.json as the server takes it. Raises QEMU's text."""
    if kind not in KINDS:
        raise errors.char.chardev_driver_invalid(kind)
    machine = context.machine
    size = data.get("size", 65536)
    if kind == _BRAILLE:
        modules.look_for(machine, BRAILLE)
        raise errors.char.chardev_braille_missing()
    if kind in ("ringbuf", "memory") and (size & (size - 1) or size <= 0):
        raise errors.startup.chardev_ring_size()
    if kind == "mux" and machine.find_chardev(data["chardev"]) is None:
        raise errors.char.chardev_mux_base_missing(data["chardev"])
    if kind == "hub" and not data["chardevs"]:
        raise errors.char.chardev_hub_empty()
    for member in data["chardevs"] if kind == "hub" else ():
        if machine.find_chardev(member) is None:
            raise errors.char.chardev_hub_member_missing(member)
    if kind == "udp" and data["remote"]["type"] != "inet":
        raise errors.char.chardev_dgram_unsupported()
    config = _read_socket(context, label, data) if kind == "socket" else ChardevConfig(label, kind, "")
    return config._replace(
        path=data.get(_PATH_MEMBERS.get(kind, ""), config.path),
        input=data.get("in", ""),
        append=data.get("append", False),
        logfile=data.get("logfile", ""),
        base=data["chardev"] if kind == "mux" else "",
        size=size,
    )


def _read_socket(context: Context, label: str, data: dict[str, Any]) -> ChardevConfig:
    """Source of the checks and their order: chardev/char-socket.c."""
    server = data.get("server", True)
    if "reconnect" in data and "reconnect-ms" in data:
        raise errors.startup.chardev_exclusive("reconnect", "reconnect-ms")
    if server and ("reconnect" in data or "reconnect-ms" in data):
        raise errors.startup.chardev_option_incompatible("reconnect", "server listen")
    if not server and "wait" in data:
        raise errors.startup.chardev_option_incompatible("wait", "client connect")
    if "tls-creds" in data:
        check_credentials(context.machine, data["tls-creds"], listens=server)
    kind, address = data["addr"]["type"], data["addr"]["data"]
    config = ChardevConfig(
        label,
        "socket",
        "",
        server=server,
        wait=False,
        reconnect_ms=data.get("reconnect-ms", data.get("reconnect", 0) * 1000),
        telnet=data.get("telnet", False),
    )
    if kind == "unix":
        return config._replace(path=address["path"])
    if kind == "inet":
        return config._replace(host=address["host"], port=address["port"])
    if kind == "fd":
        return config._replace(fd=context.monitor.descriptors.take_any(address["str"]))
    raise errors.not_modelled(f"sockets of type {kind}")
