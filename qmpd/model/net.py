"""The network: back ends, who is whose peer, and links up or down (net/net.c). No packet ever passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.model.chardev import ChardevNode
    from qmpd.model.machine import Machine
    from qmpd.model.nics import Nic
    from qmpd.model.qom import Object

TakeFd = Callable[[str], int]
"""The descriptor that a name or a number stands for. Raises QEMU's text."""

HUB = "hubport"
NIC = "nic"
_OUTSIDE = frozenset({"user", "tap", "socket", "stream", "dgram", "vde", "vhost-user"})
_ID = r"[A-Za-z][A-Za-z0-9._-]*\Z"
_USER_NETWORK = "10.0.2.0/24"
_OWN = {"host": 0x0202, "dns": 0x0203}
"""Where a user network is itself, in the network."""
_ADDRESS_BITS = 32
_SHORTEST_MASK = 4


class NetClient:
    """One end of a connection: a back end, or a card (``kind`` is ``nic``).

    ``words`` say what it is, None if that is not known here. ``hub`` is the hub that it is a port of. A ``fixed`` one
    cannot be deleted.
    """

    def __init__(self, name: str, kind: str, words: str | None = None, hub: int | None = None) -> None:
        self.name = name
        self.kind = kind
        self.words = words
        self.hub = hub
        self.fixed = False
        self.link_down = False
        self.peer: NetClient | None = None
        self.rx_filter: dict[str, Any] | None = None
        self.filters: list[Object] = []
        self.forwarded: list[ChardevNode] = []


class Network:
    """All clients of one machine, the oldest first. ``nics`` are the cards that the board shall make."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.clients: list[NetClient] = []
        self.nics: list[Nic] = []
        self._hubs: dict[int, int] = {}  #: how many ports each had
        self._unnamed: dict[str, int] = {}

    def find_netdev(self, name: str) -> NetClient | None:
        """The back end of this name; cards are none."""
        return next((client for client in self.named(name) if client.kind != NIC), None)

    def named(self, name: str) -> Iterator[NetClient]:
        return (client for client in self.clients if client.name == name)

    def add(self, options: dict[str, Any], take_fd: TakeFd) -> None:
        """Create the back end that ``options`` (Netdev in qapi/net.json) describe. Raises QEMU's text."""
        if not re.match(_ID, options["id"]):
            raise errors.invalid_parameter_value("id", "an identifier")
        self.create(options, take_fd)

    def create(self, options: dict[str, Any], take_fd: TakeFd, port: NetClient | None = None) -> None:
        """The same under any name, at a ``port`` of a hub if given one."""
        name, kind = options["id"], options["type"]
        if kind not in _KINDS:
            raise errors.net.netdev_kind_missing(kind)
        if self.find_netdev(name) is not None:
            raise errors.net.netdev_name_taken(name)
        peer = port or self._hub_peer(options)
        _KINDS[kind](options, take_fd)
        forwarded = self._forward(options) if options.get("guestfwd") else []
        if kind == HUB:
            client = self.add_hub_port(options["hubid"], name)
        else:
            client = self._append(NetClient(name, kind, _words(options)))
        client.fixed, client.forwarded = port is not None, forwarded
        if peer is not None:
            connect(client, peer)

    def _forward(self, options: dict[str, Any]) -> list[ChardevNode]:
        from qmpd.model import guest_forwarding  # hardly anybody asks for it

        network, mask = _network(options.get("net", _USER_NETWORK))
        network &= mask
        own = {_aton(options[name]) if name in options else network | at & ~mask for name, at in _OWN.items()}
        rules = [rule["str"] for rule in options["guestfwd"]]
        return guest_forwarding.begin(
            self._machine, rules, _aton, lambda address: address & mask == network and address not in own
        )

    def _append(self, client: NetClient) -> NetClient:
        self.clients.append(client)
        return client

    def add_hub_port(self, hub: int, name: str | None = None) -> NetClient:
        """A further port of a hub, which need not exist; without a name it gets a number."""
        number = self._hubs.get(hub, 0)
        self._hubs[hub] = number + 1
        port = self._append(NetClient(name or f"hub{hub}port{number}", HUB, "", hub))
        port.fixed = name is None
        return port

    def hubs(self) -> Iterator[tuple[int, list[NetClient]]]:
        """The hubs with their ports, the newest first."""
        for hub in reversed(self._hubs):
            yield hub, [client for client in reversed(self.clients) if client.hub == hub]

    def _hub_peer(self, options: dict[str, Any]) -> NetClient | None:
        name = options.get("netdev") if options["type"] == HUB else None
        if name is None:
            return None
        peer = self.find_netdev(name)
        if peer is None:
            raise errors.net.netdev_not_found(name)
        return peer

    def delete(self, name: str) -> None:
        """Remove a back end. Raises QEMU's text when there is none."""
        client = self.find_netdev(name)
        if client is None:
            raise errors.device_not_found(name)
        if client.fixed:
            raise errors.net.not_a_netdev(name)
        self.remove(client)

    def remove(self, client: NetClient) -> None:
        self.clients.remove(client)
        if client.forwarded:
            from qmpd.model import guest_forwarding

            guest_forwarding.end(self._machine, client.forwarded)
        for user_object in list(client.filters):
            user_object.unparent()
        if client.peer is None:
            return
        if client.peer.kind == NIC:
            client.peer.link_down = True  # a card keeps its end, which leads nowhere
        else:
            client.peer.peer = None

    def set_link(self, name: str, *, up: bool) -> None:
        """Raises QEMU's text when there is no such client."""
        client = next(self.named(name), None)
        if client is None:
            raise errors.device_not_found(name)
        client.link_down = not up
        if client.peer is not None and client.peer.kind == NIC:
            client.peer.link_down = not up

    def lonely(self) -> list[str]:
        """What to warn of: clients that talk to nobody."""
        told = []
        for hub, ports in self.hubs():
            told += [f"hub port {port.name} has no peer" for port in ports if port.peer is None]
            kinds = {port.peer.kind for port in ports if port.peer is not None}
            if kinds & _OUTSIDE and NIC not in kinds:
                told.append(f"hub {hub} with no nics")
            if NIC in kinds and not kinds & _OUTSIDE:
                told.append(f"hub {hub} is not connected to host network")
        lonely = [client for client in self.clients if client.peer is None]
        told += [f"{'nic' if client.kind == NIC else 'netdev'} {client.name} has no peer" for client in lonely]
        return told + [
            f"requested NIC ({nic.name}, model {nic.model or 'unspecified'}) was not created"
            " (not supported by this machine?)"
            for nic in self.nics
            if not nic.made
        ]

    def rx_filters(self, name: str | None) -> list[dict[str, Any]]:
        """What cards were told to receive, of all or of one. Raises QEMU's text."""
        told = []
        for client in self.clients:
            if name is not None and client.name != name:
                continue
            if client.kind == NIC and client.rx_filter is not None:
                told.append(client.rx_filter)
            elif name is not None:
                raise (
                    errors.net.net_client_not_a_nic(name)
                    if client.kind != NIC
                    else errors.net.nic_without_rx_filter(name)
                )
            if name is not None:
                break
        if name is not None and not told:
            raise errors.net.net_client_unknown(name)
        return told

    def add_nic(self, name: str | None, model: str, mac: str, peer: NetClient | None) -> NetClient:
        """A card's end; without a name it gets the model's and a number."""
        if name is None:
            number = self._unnamed.get(model, 0)
            self._unnamed[model] = number + 1
            name = f"{model}.{number}"
        client = self._append(NetClient(name, NIC, f"model={model},macaddr={mac}"))
        if peer is not None:
            connect(client, peer)
        return client


def _words(options: dict[str, Any]) -> str | None:
    """What QEMU says of a back end; None where it depends on the outside."""
    if options["type"] == "user":
        network, mask = _network(options.get("net", _USER_NETWORK))
        address = ".".join(str(byte) for byte in (network & mask).to_bytes(4, "big"))
        return f"net={address},restrict={'on' if options.get('restrict', False) else 'off'}"
    return {"l2tpv3": "l2tpv3: connected", "vhost-vdpa": "vhost-vdpa"}.get(options["type"])


def connect(one: NetClient, other: NetClient) -> None:
    one.peer, other.peer = other, one


# What each kind of back end checks


def _accept(options: dict[str, Any], take_fd: TakeFd) -> None:
    """Nothing to check without opening something."""


def _aton(text: str) -> int | None:
    """An IPv4 address as inet_aton takes it: one to four numbers, each decimal, octal or hexadecimal."""
    parts = text.split(".")
    if not 1 <= len(parts) <= 4 or not all(re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", part) for part in parts):
        return None
    try:
        numbers = [int(part, 8 if part.isdigit() and part[0] == "0" else 0) for part in parts]
    except ValueError:
        return None
    last_bits = 8 * (5 - len(parts))
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 1 << last_bits:
        return None
    address = numbers[-1]
    for position, number in enumerate(numbers[:-1]):
        address |= number << 24 - 8 * position
    return address


def _parsed(options: dict[str, Any], name: str, default: int, what: str) -> int:
    if name not in options:
        return default
    address = _aton(options[name])
    if address is None:
        raise errors.net.slirp_unparsed(what)
    return address


def _default_mask(address: int) -> int:
    """The network's size by its class, if nobody said."""
    for bits, value, length in (
        (0x80000000, 0, 8),
        (0xFFF00000, 0xAC100000, 12),
        (0xC0000000, 0x80000000, 16),
        (0xFFFF0000, 0xC0A80000, 16),
        (0xFFFF0000, 0xC6120000, 15),
        (0xE0000000, 0xC0000000, 24),
    ):
        if address & bits == value:
            return _mask(length)
    return _mask(28)


def _mask(length: int) -> int:
    return (1 << _ADDRESS_BITS) - (1 << _ADDRESS_BITS - length)


def _network(given: str) -> tuple[int, int]:
    text, slash, length = given.partition("/")
    network = _aton(text)
    if network is None:
        raise errors.net.slirp_unparsed("netmask")
    if not slash:
        return network, _default_mask(network)
    if re.fullmatch(r"\s*[+-]?\d+", length) or not length:
        if not _SHORTEST_MASK <= int(length or 0) <= _ADDRESS_BITS:
            raise errors.net.slirp_mask_length()
        return network, _mask(int(length))
    mask = _aton(length)
    if mask is None:
        raise errors.net.slirp_unparsed("netmask (trailing chars)")
    return network, mask


def _check_user(options: dict[str, Any], take_fd: TakeFd) -> None:
    """net/slirp.c"""
    ipv4, ipv6 = options.get("ipv4"), options.get("ipv6")
    has_v4 = ipv4 if ipv4 is not None else not (ipv6 or False)
    has_v6 = ipv6 if ipv6 is not None else not (ipv4 or False)
    if ipv4 is None and ipv6 is None:
        has_v4 = has_v6 = True
    if not has_v4 and options.keys() & {"net", "host", "dns"}:
        raise errors.net.slirp_ipv4_disabled()
    if not has_v6 and options.keys() & {"ipv6-prefix", "ipv6-host", "ipv6-dns"}:
        raise errors.net.slirp_ipv6_disabled()
    if not has_v4 and not has_v6:
        raise errors.net.slirp_disabled()
    network, mask = _network(options.get("net", _USER_NETWORK))
    network &= mask
    host = _parsed(options, "host", network | 0x0202 & ~mask, "host")
    _check_inside(host, network, mask, "Host")
    dns = _parsed(options, "dns", network | 0x0203 & ~mask, "DNS")
    if options.get("restrict", False):
        _check_inside(dns, network, mask, "DNS")
    if dns == host:
        raise errors.net.slirp_addresses_equal("DNS", "host")
    dhcp = _parsed(options, "dhcpstart", network | 0x020F & ~mask, "DHCP start address")
    _check_inside(dhcp, network, mask, "DHCP")
    if dhcp in (host, dns):
        raise errors.net.slirp_addresses_equal("DHCP", "host and DNS")
    _parsed(options, "smbserver", 0, "SMB address")
    if options.get("domainname") == "":
        raise errors.net.slirp_domain_empty()
    for rule in options.get("hostfwd", []):
        if ":" not in rule["str"]:
            raise errors.net.slirp_forward_refused("host", f"'{rule['str']}' (No : separators)")


def _check_inside(address: int, network: int, mask: int, what: str) -> None:
    if address & mask != network:
        raise errors.net.slirp_outside(what)


_TAP_ALONE = frozenset({"ifname", "script", "downscript", "vnet_hdr", "helper", "queues"})


def _check_tap(options: dict[str, Any], take_fd: TakeFd) -> None:
    """net/tap.c"""
    if "fd" in options:
        if options.keys() & (_TAP_ALONE | {"fds", "vhostfds"}):
            raise errors.net.tap_options_with_fd()
        _use_fd(options, options["fd"], take_fd)
    elif "fds" in options:
        if options.keys() & (_TAP_ALONE | {"vhostfd"}):
            raise errors.net.tap_options_with_fds()
        names = options["fds"].split(":")
        if "vhostfds" in options and len(options["vhostfds"].split(":")) != len(names):
            raise errors.net.tap_fds_uneven()
        for name in names:
            _use_fd(options, name, take_fd)
    elif "helper" in options:
        if options.keys() & (_TAP_ALONE - {"helper"} | {"vhostfds"}):
            raise errors.net.tap_options_with_helper()
        raise errors.net.bridge_helper_failed()
    elif "vhostfds" in options:
        raise errors.net.tap_vhostfds_alone()


def _use_fd(options: dict[str, Any], name: str, take_fd: TakeFd) -> None:
    fd = take_fd(name)
    if fd < 0:
        raise errors.net.netdev_fd_unusable(options["id"], int(name))


def _check_bridge(options: dict[str, Any], take_fd: TakeFd) -> None:
    raise errors.net.bridge_helper_failed()


def _check_socket(options: dict[str, Any], take_fd: TakeFd) -> None:
    """net/socket.c"""
    if len(options.keys() & {"fd", "listen", "connect", "mcast", "udp"}) != 1:
        raise errors.net.net_socket_ambiguous()
    if "localaddr" in options and not options.keys() & {"mcast", "udp"}:
        raise errors.net.net_socket_localaddr_alone()
    if "fd" in options:
        _use_fd(options, options["fd"], take_fd)
    for name in ("listen", "connect", "mcast"):
        if name in options and ":" not in options[name]:
            raise errors.net.net_address_without_port(options[name])
    if "udp" in options and "localaddr" not in options:
        raise errors.net.net_socket_udp_lacks_localaddr()


def _check_stream(options: dict[str, Any], take_fd: TakeFd) -> None:
    """net/stream.c"""
    if "reconnect" in options and "reconnect-ms" in options:
        raise errors.startup.chardev_exclusive("reconnect", "reconnect-ms")
    if options.get("server", False) and ("reconnect" in options or "reconnect-ms" in options):
        raise errors.net.stream_reconnect_in_server()
    if options["addr"]["type"] == "fd":
        _use_fd(options, options["addr"]["str"], take_fd)


def _check_dgram(options: dict[str, Any], take_fd: TakeFd) -> None:
    """net/dgram.c"""
    local, remote = options.get("local"), options.get("remote")
    if local is None:
        raise errors.net.dgram_lacks_local()
    if local["type"] == "fd":
        if remote is not None:
            raise errors.net.dgram_remote_with_fd()
        _use_fd(options, local["str"], take_fd)
        return
    if remote is None:
        raise errors.net.dgram_lacks_remote()
    if remote["type"] != local["type"]:
        raise errors.net.dgram_types_differ()
    if local["type"] == "vsock":
        raise errors.net.dgram_type_unsupported()


def _check_vhost_user(options: dict[str, Any], take_fd: TakeFd) -> None:
    raise errors.net.vhost_user_chardev_missing(options["chardev"])


def _check_vdpa(options: dict[str, Any], take_fd: TakeFd) -> None:
    """net/vhost-vdpa.c"""
    if "vhostdev" not in options and "vhostfd" not in options:
        raise errors.net.vdpa_lacks_device()
    if "vhostdev" in options and "vhostfd" in options:
        raise errors.net.vdpa_device_and_fd()
    if "vhostfd" in options:
        try:
            take_fd(options["vhostfd"])
        except errors.QemuError as error:
            raise errors.net.vdpa_fd_unparsed(error) from None
        raise errors.not_modelled("vhost-vdpa")
    raise errors.image.image_open_failed(options["vhostdev"], "No such file or directory")


def _check_vde(options: dict[str, Any], take_fd: TakeFd) -> None:
    raise errors.net.vde_open_failed()


_KINDS: dict[str, Callable[[dict[str, Any], TakeFd], None]] = {
    "user": _check_user,
    "tap": _check_tap,
    "bridge": _check_bridge,
    "l2tpv3": _accept,
    "socket": _check_socket,
    "stream": _check_stream,
    "dgram": _check_dgram,
    "vde": _check_vde,
    HUB: _accept,
    "vhost-user": _check_vhost_user,
    "vhost-vdpa": _check_vdpa,
}
