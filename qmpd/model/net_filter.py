"""filter-buffer: it holds packets back for a while (net/filter.c, net/filter-buffer.c). No packet passes here."""

from __future__ import annotations

from typing import Any, ClassVar

from qmpd import errors
from qmpd.model.net import NIC
from qmpd.model.objects_plain import PlainObject
from qmpd.model.qom import STRING, UINT32, Choice, Kind, Property

_QUEUES = Choice("NetFilterDirection", ("all", "rx", "tx"))
_WORDS = {"status": ("on", "off"), "insert": ("before", "behind")}
_ENDS = ("head", "tail")
_BY_ID = "id="
_VHOST = ("vhost-user", "vhost-vdpa")


def _kept(name: str, kind: Kind) -> Property:
    def set_it(obj: FilterBuffer, value: object, typed: bool) -> None:
        wanted = kind.read(value, name, typed)
        if wanted not in _WORDS.get(name, (wanted,)):
            raise errors.net.filter_word_refused(name, *_WORDS[name])
        if name == "interval" and not wanted:
            raise errors.net.filter_interval_refused(obj.type)
        obj.values[name] = wanted

    return Property(name, kind.name, lambda obj: obj.values[name], set_it)


class FilterBuffer(PlainObject):
    """One of the filters of a back end."""

    type_name = "filter-buffer"
    own_properties = (
        _kept("queue", _QUEUES),
        _kept("netdev", STRING),
        _kept("insert", STRING),
        _kept("status", STRING),
        _kept("position", STRING),
        _kept("interval", UINT32),
    )
    defaults: ClassVar[dict[str, Any]] = {
        "queue": "all",
        "netdev": "",
        "insert": "behind",
        "status": "on",
        "position": "tail",
        "interval": 0,
    }

    def check(self) -> None:
        network, position = self.machine.network, self.values["position"]
        clients = [client for client in network.named(self.values["netdev"]) if client.kind != NIC]
        if not clients:
            raise errors.invalid_parameter_value("netdev", "a network backend id")
        if len(clients) > 1:
            raise errors.net.filter_multiqueue()
        if clients[0].kind in _VHOST:
            raise errors.net.filter_vhost()
        if position not in _ENDS:
            self._check_neighbour(position)
        clients[0].filters.append(self)

    def _check_neighbour(self, position: str) -> None:
        name = position.removeprefix(_BY_ID)
        if name == position:
            raise errors.invalid_parameter_value("position", "'head', 'tail' or 'id=<id>'")
        other = self.machine.objects.child(name)
        if not isinstance(other, FilterBuffer):
            raise errors.net.filter_missing(name)
        if other.values["netdev"] != self.values["netdev"]:
            raise errors.net.filter_elsewhere(name)
