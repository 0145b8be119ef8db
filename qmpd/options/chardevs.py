"""Character devices and monitors on the command line: the short names (``unix:/run/qmp,server=on``), and the checks
that QEMU makes before it opens anything. Opening is the server's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from qmpd import errors
from qmpd.config import ChardevConfig, MonitorConfig
from qmpd.errors import QemuError
from qmpd.options import optsvisitor
from qmpd.options.groups import Group, group
from qmpd.options.qemuopts import Opts, Store, fill
from qmpd.options.types import MONITOR

# A host may be left out, but not a longer one than this; what follows the port is more options.
_HOST_PORT: Final = r"(?s)(?:([^:]{1,64})|):([^,]{1,32})"
_UDP_PEER: Final = r"(?s)(?:([^:]{1,64})|):([^@,]{1,32})"
_VC_SIZE: Final = r"([0-9]{1,7})x([0-9]{1,7})"
_VC_CELLS: Final = r"([0-9]{1,7})Cx([0-9]{1,7})"

_PLAIN_NAMES = frozenset({"null", "pty", "msmouse", "wctablet", "braille", "testdev", "stdio"})

BACKENDS: Final = tuple(
    "stdio ringbuf mux pipe qemu-vdagent pty hub null msmouse socket vc parallel memory udp file wctablet serial"  # noqa: SIM905
    " testdev".split()
)

# What a backend cannot do without: the member, and the error if it is missing.
_REQUIRED: Final = {
    "file": ("path", errors.startup.chardev_lacks("file", "filename")),
    "mux": ("chardev", errors.startup.chardev_lacks("mux", "chardev")),
    "parallel": ("path", errors.startup.chardev_lacks("parallel", "device path")),
    "pipe": ("path", errors.startup.chardev_lacks("pipe", "device path")),
    "serial": ("path", errors.startup.chardev_lacks("serial/tty", "device path")),
    "udp": ("port", errors.startup.chardev_udp_lacks_port()),
}


class CompatError(Exception):
    """A short name that names nothing. ``reason`` is what QEMU says of it, which may be nothing."""

    def __init__(self, reason: QemuError | None = None) -> None:
        super().__init__(reason)
        self.reason = reason


def chardev_group() -> Group:
    found = group("chardev")
    assert found is not None
    return found


def parse_compat(store: Store, label: str, name: str, origin: str) -> Opts:
    """The character device that a short name stands for, under the id ``label``. Raises CompatError."""
    try:
        opts = store.create(chardev_group(), label, origin)
        if name.startswith("mon:"):
            name = name.removeprefix("mon:")
            opts.set("mux", "on")
            if name == "stdio":
                opts.set("signal", "off")
        _fill_from_name(opts, name)
    except QemuError as error:
        raise CompatError(error) from None
    return opts


def _fill_from_name(opts: Opts, name: str) -> None:
    if name in _PLAIN_NAMES:
        opts.set("backend", name)
        return
    for prefix, read in _PREFIXES.items():
        if name.startswith(prefix):
            read(opts, prefix, name[len(prefix) :])
            return
    raise errors.startup.chardev_name_unknown(name)


def _read_vc(opts: Opts, prefix: str, rest: str) -> None:
    opts.set("backend", "vc")
    if not rest.startswith(":"):
        return
    for pattern, members in ((_VC_CELLS, ("cols", "rows")), (_VC_SIZE, ("width", "height"))):
        found = re.match(pattern, rest[1:])
        if found:
            opts.set(members[0], found[1])
            opts.set(members[1], found[2])
            return
    raise CompatError


def _read_path(opts: Opts, prefix: str, rest: str) -> None:
    opts.set("backend", prefix.rstrip(":"))
    opts.set("path", rest)


def _read_console(opts: Opts, prefix: str, rest: str) -> None:
    if rest:
        raise errors.startup.chardev_name_unknown(prefix + rest)
    opts.set("backend", "console")


def _read_device(backend: str) -> Callable[[Opts, str, str], None]:
    def read(opts: Opts, prefix: str, rest: str) -> None:
        opts.set("backend", backend)
        opts.set("path", prefix + rest)

    return read


def _read_tcp(opts: Opts, prefix: str, rest: str) -> None:
    found = re.match(_HOST_PORT, rest)
    if found is None:
        raise CompatError
    opts.set("backend", "socket")
    opts.set("host", found[1] or "")
    opts.set("port", found[2])
    if rest.startswith(",", found.end()):
        fill(opts, rest[found.end() + 1 :])
    if prefix != "tcp:":
        opts.set(prefix.rstrip(":"), "on")


def _read_udp(opts: Opts, prefix: str, rest: str) -> None:
    opts.set("backend", "udp")
    peer = re.match(_UDP_PEER, rest)
    if peer is None:
        raise CompatError
    opts.set("host", peer[1] or "")
    opts.set("port", peer[2])
    if rest.startswith("@", peer.end()):
        own = re.match(_HOST_PORT, rest[peer.end() + 1 :])
        if own is None:
            raise CompatError
        opts.set("localaddr", own[1] or "")
        opts.set("localport", own[2])


def _read_unix(opts: Opts, prefix: str, rest: str) -> None:
    opts.set("backend", "socket")
    fill(opts, rest, "path")


_PREFIXES: Final[dict[str, Callable[[Opts, str, str], None]]] = {
    "vc": _read_vc,
    "con:": _read_console,
    "COM": _read_device("serial"),
    "file:": _read_path,
    "pipe:": _read_path,
    "pty:": _read_path,
    "tcp:": _read_tcp,
    "telnet:": _read_tcp,
    "tn3270:": _read_tcp,
    "websocket:": _read_tcp,
    "udp:": _read_udp,
    "unix:": _read_unix,
    "/dev/parport": _read_device("parallel"),
    "/dev/ppi": _read_device("parallel"),
    "/dev/": _read_device("serial"),
}


def read_chardev(opts: Opts) -> list[ChardevConfig]:
    """The device that ``opts`` describe, and the one behind it if it is shared. Raises QemuError."""
    backend = opts.get("backend")
    if opts.id is None:
        raise errors.startup.chardev_lacks_id()
    if backend is None:
        raise errors.startup.chardev_lacks_backend(opts.id)
    if backend not in BACKENDS:
        raise errors.startup.chardev_backend_unknown(backend)
    if backend in _REQUIRED and opts.get(_REQUIRED[backend][0]) is None:
        raise _REQUIRED[backend][1]
    size = opts.get_size("size", 65536)
    if backend == "ringbuf" and size & (size - 1):
        raise errors.startup.chardev_ring_size()
    shared = opts.get_bool("mux", False)
    option_id = f"{opts.id}-base" if shared else opts.id
    device = _read_socket(opts, option_id) if backend == "socket" else _read_other(opts, option_id, backend)
    return [device, ChardevConfig(opts.id, "mux", opts.origin, base=option_id)] if shared else [device]


def _read_other(opts: Opts, option_id: str, backend: str) -> ChardevConfig:
    return ChardevConfig(
        option_id,
        backend,
        opts.origin,
        path=opts.get("path") or "",
        append=opts.get_bool("append", False),
        logfile=opts.get("logfile") or "",
        log_append=opts.get_bool("logappend", False),
        base=(opts.get("chardev") or "") if backend == "mux" else "",
        size=opts.get_size("size", 65536),
        signal=opts.get_bool("signal", True),
        fixed=all(opts.get(pixels) or opts.get(cells) for pixels, cells in (("width", "cols"), ("height", "rows"))),
    )


def _read_socket(opts: Opts, option_id: str) -> ChardevConfig:
    """Source of the checks and their order: chardev/char-socket.c."""
    path, host, fd = opts.get("path"), opts.get("host"), opts.get("fd")
    server = opts.get_bool("server", False)
    if [path, host, fd].count(None) < 2:
        raise errors.startup.chardev_address_ambiguous()
    if host is not None and opts.get("port") is None:
        raise errors.startup.chardev_lacks("socket", "port")
    for first, second in (("delay", "nodelay"),):
        if opts.get(first) is not None and opts.get(second) is not None:
            raise errors.startup.chardev_exclusive(first, second)
    if opts.get("tls-authz") is not None and opts.get("tls-creds") is None:
        raise errors.startup.chardev_tls_authz_alone()
    if server and opts.get("reconnect") is not None:
        raise errors.startup.chardev_option_incompatible("reconnect", "server listen")
    if not server and opts.get("wait") is not None:
        raise errors.startup.chardev_option_incompatible("wait", "client connect")
    if opts.get("reconnect") is not None and opts.get("reconnect-ms") is not None:
        raise errors.startup.chardev_exclusive("reconnect", "reconnect-ms")
    return ChardevConfig(
        option_id,
        "socket",
        opts.origin,
        path=path or "",
        host=host or "",
        port=opts.get("port") or "",
        fd=_read_fd(fd or "") if path is None and host is None else None,
        server=server,
        wait=opts.get_bool("wait", True),
        reconnect_ms=opts.get_number("reconnect-ms", 0) or opts.get_number("reconnect", 0) * 1000,
        telnet=opts.get_bool("telnet", False),
        logfile=opts.get("logfile") or "",
        log_append=opts.get_bool("logappend", False),
    )


def _read_fd(text: str) -> int:
    if not text.isdecimal():
        raise errors.startup.chardev_fd_malformed(text)
    return int(text)


def read_monitor(opts: Opts, chardevs: dict[str, ChardevConfig], taken: set[str]) -> MonitorConfig:
    """The monitor that ``opts`` describe; its device is noted in ``taken``. Raises QemuError."""
    given = optsvisitor.read(opts, MONITOR)
    name: str = given["chardev"]
    control = given.get("mode") == "control"
    pretty: bool = given.get("pretty", False)
    if name not in chardevs:
        raise errors.startup.chardev_not_found(name)
    if pretty and not control:
        raise errors.startup.pretty_needs_control()
    if name in taken and chardevs[name].backend != "mux":
        raise errors.startup.chardev_in_use(name)
    taken.add(name)
    return MonitorConfig(name, opts.origin, control, pretty)
