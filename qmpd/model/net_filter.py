"""Filters of network back ends (net/filter*.c, net/dump.c). No packet passes here: they are checked, kept and shown."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.net import NIC, NetClient
from qmpd.model.objects_plain import ChardevUser, PlainObject, kept
from qmpd.model.qom import BOOL, STRING, UINT32, Choice, Property

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.user_object import UserObject

_QUEUES = Choice("NetFilterDirection", ("all", "rx", "tx"))
_HEAD, _TAIL = "head", "tail"
_BY_ID = "id="
_VHOST = ("vhost-user", "vhost-vdpa")
_ETHERNET = 1


def _word(name: str, *words: str) -> Property:
    def set_it(obj: NetFilter, value: object, typed: bool) -> None:
        wanted = STRING.read(value, name, typed)
        if wanted not in words:
            raise errors.net.filter_word_refused(name, *words)
        obj.values[name] = wanted

    return Property(name, "string", lambda obj: obj.values[name], set_it)


def positive(name: str, refused: Callable[[str, str], QemuError], shown: str = "uint32") -> Property:
    """A number of 32 bits above 0, ``shown`` as of that type."""

    def set_it(obj: PlainObject, value: object, typed: bool) -> None:
        number = UINT32.read(value, name, typed)
        if not number:
            raise refused(obj.type, name)
        obj.values[name] = number

    return Property(name, shown, lambda obj: obj.values[name], set_it)


class NetFilter(ChardevUser):
    """One of the filters of a back end, its ``client`` once it is complete (net/filter.c)."""

    type_name = "netfilter"
    own_properties: ClassVar[tuple[Property, ...]] = (
        kept("queue", _QUEUES),
        kept("netdev", STRING),
        _word("insert", "before", "behind"),
        _word("status", "on", "off"),
        kept("position", STRING),
    )
    defaults: ClassVar[dict[str, Any]] = {"queue": "all", "insert": "behind", "status": "on", "position": _TAIL}

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.client: NetClient | None = None

    def check(self) -> None:
        network, position = self.machine.network, self.values["position"]
        clients = [client for client in network.named(self.values["netdev"]) if client.kind != NIC]
        if not clients:
            raise errors.invalid_parameter_value("netdev", "a network backend id")
        if len(clients) > 1:
            raise errors.net.filter_multiqueue()
        client = clients[0]
        if client.kind in _VHOST:
            raise errors.net.filter_vhost()
        neighbour = self._neighbour(position, client) if position not in (_HEAD, _TAIL) else None
        self.set_up()
        if neighbour is not None:
            place = client.filters.index(neighbour) + (self.values["insert"] == "behind")
        else:
            place = 0 if position == _HEAD else len(client.filters)
        client.filters.insert(place, self)
        self.client = client

    def _neighbour(self, position: str, client: NetClient) -> NetFilter:
        name = position.removeprefix(_BY_ID)
        if name == position:
            raise errors.invalid_parameter_value("position", "'head', 'tail' or 'id=<id>'")
        other = self.machine.objects.child(name)
        if not isinstance(other, NetFilter):
            raise errors.net.filter_missing(name)
        if other.client is not client:
            raise errors.net.filter_elsewhere(name)
        return other

    def set_up(self) -> None:
        """Get what the kind needs. Raises QEMU's text."""

    def unparent(self) -> None:
        super().unparent()
        if self.client is not None:
            self.client.filters.remove(self)


class FilterBuffer(NetFilter):
    """It holds packets back for a while (net/filter-buffer.c)."""

    type_name = "filter-buffer"
    own_properties = (positive("interval", errors.net.value_not_positive),)


_VNET_HEADER = kept("vnet_hdr_support", BOOL)
_NO_VNET_HEADER: dict[str, Any] = {**NetFilter.defaults, "vnet_hdr_support": False}


class FilterMirror(NetFilter):
    """It sends copies of packets elsewhere (net/filter-mirror.c)."""

    type_name = "filter-mirror"
    own_properties = (kept("outdev", STRING), _VNET_HEADER)
    defaults = _NO_VNET_HEADER

    def set_up(self) -> None:
        self.take_chardev(self.values["outdev"], listens=False)


class FilterRedirector(NetFilter):
    """It takes packets from elsewhere, or sends them there (net/filter-mirror.c)."""

    type_name = "filter-redirector"
    own_properties = (kept("outdev", STRING), kept("indev", STRING), _VNET_HEADER)
    defaults = _NO_VNET_HEADER

    def set_up(self) -> None:
        source, target = self.values.get("indev"), self.values.get("outdev")
        if source is None and target is None:
            raise errors.net.redirector_lacks_device()
        if source == target:
            raise errors.net.redirector_devices_equal()
        if source is not None:
            self.take_chardev(source, errors.net.filter_indev_missing, listens=True)
        if target is not None:
            self.take_chardev(target, errors.net.filter_outdev_missing, listens=False)


class FilterRewriter(NetFilter):
    """It changes TCP packets for a copy of the machine (net/filter-rewriter.c)."""

    type_name = "filter-rewriter"
    own_properties = (_VNET_HEADER,)
    defaults = _NO_VNET_HEADER


class FilterReplay(NetFilter):
    """It takes packets from a recording (net/filter-replay.c)."""

    type_name = "filter-replay"


class FilterDump(NetFilter):
    """It writes packets to a file, which begins as pcap has it (net/dump.c)."""

    type_name = "filter-dump"
    own_properties = (positive("maxlen", errors.net.dump_length_refused), kept("file", STRING))
    defaults: ClassVar[dict[str, Any]] = {**NetFilter.defaults, "maxlen": 65536}

    def set_up(self) -> None:
        path, images = self.values["file"], self.machine.host.images
        try:
            images.create(path, 0)
            images.write(path, struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self.values["maxlen"], _ETHERNET))
        except OSError as error:
            raise errors.net.dump_unopened(path, error.strerror or "") from None


TYPES: dict[str, Callable[[Machine], UserObject]] = {
    kind.type_name: kind
    for kind in (FilterBuffer, FilterMirror, FilterRedirector, FilterRewriter, FilterReplay, FilterDump)
}
