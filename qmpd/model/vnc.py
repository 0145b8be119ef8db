"""VNC displays as they are told of: where each would listen, and who may come (ui/vnc.c). None does listen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qmpd import errors
from qmpd.model import consoles
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_FIRST_PORT: Final = 5900
_FIRST_WEB_PORT: Final = 5700
_ANY: Final = (("0.0.0.0", "ipv4"), ("::", "ipv6"))
_NAMES: Final = {"localhost": "127.0.0.1"}
_LARGEST_PORT: Final = 65535
_SHARING: Final = ("ignore", "allow-exclusive", "force-shared")
_ON: Final = frozenset({"on", "yes", "true", "y"})


class Server(NamedTuple):
    """One place to listen; ``service`` is a port, or a path."""

    host: str
    service: str
    family: str
    websocket: bool = False


class VncDisplay:
    """``servers`` come in the order in which QEMU opens them; ``console`` names the device whose picture is shown."""

    def __init__(self, options: Mapping[str, str], machine: Machine) -> None:
        self.name = options.get("id", "default")
        self.console = options.get("display")
        password = options.get("password") in _ON or "password-secret" in options
        self.auth = "vnc" if password else "sasl" if options.get("sasl") in _ON else "none"
        credentials = machine.objects.child(options.get("tls-creds", ""))
        self.encryption = "" if credentials is None else "x509" if credentials.type.endswith("-x509") else "tls"
        self.servers = _servers(options.get("vnc", ""), options.get("websocket", "off"))

    def listen(self, addresses: list[dict[str, Any]]) -> None:
        """Listen at these addresses (SocketAddress in qapi/sockets.json) instead, apart from those for web pages."""
        web = [server for server in self.servers if server.websocket]
        self.servers = [_server(address) for address in addresses if address["type"] in ("inet", "unix")] + web

    def listed(self) -> list[Server]:
        """The servers as QEMU lists them."""
        return self.servers[::-1]


def check(machine: Machine, given: Mapping[str, Any]) -> None:
    """Raise QEMU's text for options that do not do."""
    _check_place(given.get("vnc", "none"))
    secret, credentials = given.get("password-secret"), given.get("tls-creds")
    if secret is not None and "password" in given:
        raise errors.ui.vnc_password_redundant()
    if secret is not None and machine.objects.child(secret) is None:
        raise errors.user_objects.secret_not_found(secret)
    if credentials is not None:
        from qmpd.model.objects_security import check_credentials

        check_credentials(machine, credentials, listens=True)
    if "tls-authz" in given and credentials is None:
        raise errors.ui.vnc_rights_without("tls-authz", "TLS")
    if "sasl-authz" in given and given.get("sasl") not in _ON:
        raise errors.ui.vnc_rights_without("sasl-authz", "SASL auth")
    if given.get("share", "ignore") not in _SHARING:
        raise errors.ui.vnc_sharing_unknown()
    sound = given.get("audiodev")
    if sound is not None and all(audiodev.values.get("id") != sound for audiodev in machine.config.audiodevs):
        raise errors.ui.audiodev_not_found(sound)
    if "display" in given:
        consoles.check(machine, given["display"], int(given.get("head", 0)))


def _check_place(place: str) -> None:
    if place == "none" or place.startswith("unix:"):
        return
    _, colon, display = place.rpartition(":")
    if not colon:
        raise errors.ui.vnc_port_missing()
    if not display:
        raise errors.ui.vnc_port_empty()
    if not display.isdecimal():
        raise errors.ui.vnc_port_malformed(display)
    if int(display) > _LARGEST_PORT - _FIRST_PORT:
        raise errors.ui.vnc_port_out_of_range(display)


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
