"""VNC displays as they are told of: where each would listen, and who may come (ui/vnc.c). None does listen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from qmpd.named import NamedTuple

_FIRST_PORT: Final = 5900
_FIRST_WEB_PORT: Final = 5700
_ANY: Final = (("0.0.0.0", "ipv4"), ("::", "ipv6"))
_NAMES: Final = {"localhost": "127.0.0.1"}
_ON: Final = frozenset({"on", "yes", "true", "y"})


class Server(NamedTuple):
    """One place to listen; ``service`` is a port, or a path."""

    host: str
    service: str
    family: str
    websocket: bool = False


class VncDisplay:
    """``servers`` come in the order in which QEMU opens them; ``console`` names the device whose picture is shown."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.name = options.get("id", "default")
        self.console = options.get("display")
        self.auth = "vnc" if options.get("password") in _ON else "sasl" if options.get("sasl") in _ON else "none"
        self.servers = _servers(options.get("vnc", ""), options.get("websocket", "off"))

    def listen(self, addresses: list[dict[str, Any]]) -> None:
        """Listen at these addresses (SocketAddress in qapi/sockets.json) instead, apart from those for web pages."""
        web = [server for server in self.servers if server.websocket]
        self.servers = [_server(address) for address in addresses if address["type"] in ("inet", "unix")] + web

    def listed(self) -> list[Server]:
        """The servers as QEMU lists them."""
        return self.servers[::-1]


def _servers(place: str, websocket: str) -> list[Server]:
    if place.startswith("unix:"):
        return [Server("", place.removeprefix("unix:"), "unix")]
    host, colon, display = place.rpartition(":")
    if not colon or not display.isdigit():
        return []
    ends = [(str(_FIRST_PORT + int(display)), False)]
    if websocket != "off":
        ends.append((websocket if websocket.isdigit() else str(_FIRST_WEB_PORT + int(display)), True))
    name = host.strip("[]")
    hosts = (_named(name),) if name else _ANY
    return [Server(at, port, family, web) for port, web in ends for at, family in hosts]


def _named(name: str) -> tuple[str, str]:
    return _NAMES.get(name, name), "ipv6" if ":" in name else "ipv4"


def _server(address: dict[str, Any]) -> Server:
    if address["type"] == "unix":
        return Server("", address["path"], "unix")
    host, family = _named(address["host"])
    return Server(host, address["port"], family)
