"""Where a migration may go to: addresses as text, and whether somebody is there."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import Any

from qmpd import errors
from qmpd.errors import QemuError

_INET = re.compile(r"(?P<host>[^:,\[\]]*|\[[^\]]*\]):(?P<port>[^,]+)(?P<options>,.*)?")


def parse(uri: str) -> dict[str, Any]:
    """The MigrationAddress that ``uri`` means. Raises QemuError."""
    scheme, _, rest = uri.partition(":")
    if f"{scheme}:" not in uri or scheme not in _PARSERS:
        raise errors.migration.protocol_unknown(uri)
    return _PARSERS[scheme](rest)


def _inet(text: str) -> dict[str, Any]:
    found = _INET.fullmatch(text)
    if found is None:
        raise errors.migration.address_malformed(text)
    return {"transport": "socket", "type": "inet", "host": found["host"].strip("[]"), "port": found["port"]}


def _rdma(text: str) -> dict[str, Any]:
    return _inet(text) | {"transport": "rdma"}


def _unix(text: str) -> dict[str, Any]:
    if not text:
        raise errors.migration.unix_address_invalid()
    return {"transport": "socket", "type": "unix", "path": text}


def _vsock(text: str) -> dict[str, Any]:
    cid, colon, port = text.partition(":")
    if not colon or not cid or not port:
        raise errors.migration.address_malformed(text)
    return {"transport": "socket", "type": "vsock", "cid": cid, "port": port}


def _fd(text: str) -> dict[str, Any]:
    if not text:
        raise errors.migration.fd_address_invalid()
    return {"transport": "socket", "type": "fd", "str": text}


def _file(text: str) -> dict[str, Any]:
    return {"transport": "file", "filename": text.partition(",offset=")[0], "offset": 0}


def _exec(text: str) -> dict[str, Any]:
    return {"transport": "exec", "args": ["/bin/sh", "-c", text]}


_PARSERS = {
    "exec": _exec,
    "fd": _fd,
    "file": _file,
    "rdma": _rdma,
    "tcp": _inet,
    "unix": _unix,
    "vsock": _vsock,
}


def awaited(address: dict[str, Any]) -> list[dict[str, Any]]:
    """The addresses at which a machine is said to be awaited."""
    match address.get("type"):
        case "unix":
            return [{"type": "unix", "path": address["path"]}]
        case "inet":
            return [{"type": "inet", "host": address["host"], "port": address["port"], "ipv4": True}]
        case _:
            return []


def open_at_once(address: dict[str, Any]) -> None:
    """Raise what QEMU finds out before it replies."""
    if address["transport"] == "rdma":
        raise errors.migration.rdma_channel_failed()
    if address["transport"] == "file":
        check_creatable(address["filename"])
    if address.get("type") == "fd":
        raise errors.migration.fd_name_unknown(address["str"])


def why_not(address: dict[str, Any]) -> QemuError:
    """What QEMU finds out after its reply: nobody listens there. Where somebody may, that nothing moves here."""
    if address.get("type") == "unix":
        path = address["path"]
        reason = _obstacle(path, os.W_OK)
        if not reason and not stat.S_ISSOCK(os.stat(path).st_mode):
            reason = os.strerror(errno.ECONNREFUSED)
        if reason:
            return errors.sockets.socket_connect_failed(path, reason)
    return errors.not_modelled("migration")


def check_creatable(path: str) -> None:
    """Raise QEMU's text for a file that cannot be created. Creates nothing."""
    folder = os.path.dirname(path) or "."
    reason = _obstacle(path, os.W_OK) if os.path.exists(path) else _obstacle(folder, os.W_OK | os.X_OK)
    if not path or reason:
        raise errors.migration.file_not_created(path, reason or os.strerror(errno.ENOENT))


def check_readable(path: str) -> None:
    """Raise QEMU's text for a file that cannot be read."""
    if reason := _obstacle(path, os.R_OK):
        raise errors.char.file_open_failed(path, reason)


def _obstacle(path: str, mode: int) -> str:
    try:
        os.stat(path)
    except OSError as error:
        return os.strerror(error.errno or 0)
    return "" if os.access(path, mode) else os.strerror(errno.EACCES)
