"""Addresses of message buses as GLib reads them (gio/gdbusaddress.c), with what it says of wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.hostmem_host import UnresolvedError

if TYPE_CHECKING:
    from qmpd.model.hostmem_host import Line, Outside


def connect(outside: Outside, address: str) -> Line:
    """The first of the places in ``address`` that can be reached. Raises QEMU's text about the last one."""
    failure = _failure("The given address is empty")
    for place in address.split(";") if address else ():
        try:
            return _connect(outside, place)
        except QemuError as error:
            failure = error
    raise failure


def _connect(outside: Outside, place: str) -> Line:
    kind, colon, rest = place.partition(":")
    if not colon:
        raise _failure(f"Address element “{place}” does not contain a colon (:)")
    if not kind:
        raise _failure(f"Transport name in address element “{place}” must not be empty")
    options: dict[str, str] = {}
    for number, pair in enumerate(rest.split(",") if rest else ()):
        name, equals, value = pair.partition("=")
        where = f"Key/Value pair {number}, “{pair}”, in address element “{place}”"
        if not equals:
            raise _failure(f"{where} does not contain an equal sign")
        if not name:
            raise _failure(f"{where} must not have an empty key")
        options[name] = value
    if kind == "unix":
        return _connect_unix(outside, place, options)
    if kind in ("tcp", "nonce-tcp"):
        return _connect_tcp(outside, place, options)
    if kind == "autolaunch":
        raise _failure("Error auto-launching: Cannot autolaunch D-Bus without X11 $DISPLAY")
    raise _failure(f"Unknown or unsupported transport “{kind}” for address “{place}”")


def _connect_unix(outside: Outside, place: str, options: dict[str, str]) -> Line:
    path = options.get("path", "\0" + options.get("abstract", ""))
    if ("path" in options) == ("abstract" in options):
        raise _failure(
            f"Error in address “{place}” — the unix transport requires exactly one of the keys “path” or “abstract”"
            " to be set"
        )
    try:
        return outside.connect_unix(path)
    except OSError as error:
        raise _failure(f"Could not connect: {error.strerror}") from None


def _connect_tcp(outside: Outside, place: str, options: dict[str, str]) -> Line:
    if "host" not in options:
        raise _failure(f"Error in address “{place}” — the host attribute is missing or malformed")
    port = options.get("port", "0")
    if not port.isdecimal() or int(port) >= 1 << 16:
        raise _failure(f"Error in address “{place}” — the port attribute is missing or malformed")
    host = options["host"]
    try:
        return outside.connect_inet(host, port)
    except UnresolvedError as error:
        raise _failure(f"Error resolving “{host}”: {error.strerror}") from None
    except OSError as error:
        raise _failure(f"Could not connect to {host}: {error.strerror}") from None


def _failure(reason: str) -> QemuError:
    return errors.user_objects.bus_unreachable(reason)
