"""Cards that -nic and -net ask for, and what is at the other end of them (net/net.c). The board makes the cards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.net import HUB, NIC, NetClient, TakeFd

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_MOST_NICS = 8
_OCTETS = 6
_MOST_VECTORS = 0x7FFFFFF


class Nic:
    """A card to be made: ``made`` once it is. ``vectors`` is None where nobody has asked for a number."""

    def __init__(self, name: str, model: str | None, mac: str, peer: NetClient | None, vectors: int | None) -> None:
        self.name = name
        self.model = model
        self.mac = mac
        self.peer = peer
        self.vectors = vectors
        self.made = False

    def take(self, *, has_vectors: bool) -> dict[str, Any]:
        """The properties of the device that this becomes."""
        self.made = True
        vectors = {"vectors": self.vectors} if has_vectors and self.vectors is not None else {}
        return {"mac": self.mac, **({"netdev": self.peer.name} if self.peer is not None else {}), **vectors}


def add_nic(machine: Machine, model: str | None, mac: str | None, backend: dict[str, Any], take_fd: TakeFd) -> None:
    """A card with a back end of its own (-nic). Raises QEMU's text."""
    network = machine.network
    if len(network.nics) >= _MOST_NICS:
        raise errors.net.nic_slots_exhausted()
    address = machine.buses.macs.take(_checked(mac, errors.net.nic_multicast()))
    network.create(backend, take_fd)
    network.nics.append(Nic("anonymous", model, address, network.find_netdev(backend["id"]), 0))


def add_net(machine: Machine, options: dict[str, Any], take_fd: TakeFd) -> None:
    """A back end, or a card, on the hub that -net has. Raises QEMU's text."""
    network, kind = machine.network, options["type"]
    if kind == "none":
        return
    if kind == HUB:
        raise errors.net.net_hubport_unsupported()
    on_hub = kind != NIC or "netdev" not in options
    port = network.add_hub_port(0) if on_hub else None
    if network.find_netdev(options["id"]) is not None:
        raise errors.net.netdev_name_taken(options["id"])
    if kind != NIC:
        network.create(options, take_fd, port)
        return
    if len(network.nics) >= _MOST_NICS:
        raise errors.net.too_many_nics()
    peer = port or network.find_netdev(options["netdev"])
    if peer is None:
        raise errors.net.netdev_not_found(options["netdev"])
    address = machine.buses.macs.take(_checked(options.get("macaddr"), errors.net.net_nic_multicast()))
    vectors = options.get("vectors")
    if vectors is not None and vectors > _MOST_VECTORS:
        raise errors.net.vectors_refused(vectors)
    network.nics.append(Nic(options["id"], options.get("model"), address, peer, vectors))


def _checked(text: str | None, multicast: errors.QemuError) -> str:
    """An address that a card can have, "" if none was given. Raises QEMU's text."""
    if text is None:
        return ""
    octets = _octets(text)
    if octets is None:
        raise errors.net.mac_malformed()
    if octets[0] & 1:
        raise multicast
    return ":".join(f"{octet:02x}" for octet in octets)


def _octets(text: str) -> list[int] | None:
    """The bytes of an address; a number alone stands for all of them."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*", text):
        offset = int(text, 8 if re.fullmatch("0[0-7]+", text) else 0)
        return list(offset.to_bytes(_OCTETS, "big")) if offset < 1 << 24 else None
    parts = re.split("[:-]", text)
    if len(parts) != _OCTETS or not all(re.fullmatch("[0-9a-fA-F]*", part) for part in parts):
        return None
    return [int(part or "0", 16) & 0xFF for part in parts]
