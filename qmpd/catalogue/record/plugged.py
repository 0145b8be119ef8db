"""Records what a device of each type brings along when it is plugged: its objects, and what its properties read."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from qmpd.catalogue.brought import OWN_ID, UPSTREAM, initial_value
from qmpd.catalogue.record.peer import Peer
from qmpd.catalogue.record.trees import Recorded, walk
from qmpd.catalogue.tree import CHILD
from qmpd.errors import QemuError
from qmpd.hashorder import GHashOrder

Rows = list[Any]

_ALL = "/machine/peripheral"
_PATH = f"{_ALL}/{OWN_ID}"
_PORT = "/machine/peripheral/rp0"
_MACHINE = ("-machine", "q35", "-m", "128M,slots=2,maxmem=1G", "-device", "pcie-root-port,id=rp0")
_BUSES = {"PCI": "rp0"}  #: where a device goes, by the bus type it wants
_NEEDS: dict[str, dict[str, Any]] = {
    **{name: {"chassis": 9} for name in ("pcie-root-port", "ioh3420", "xio3130-downstream", "cxl-downstream")},
    **{name: {"chassis_nr": 1} for name in ("pci-bridge", "pci-bridge-seat")},
}
"""What some must be told."""

_OTHER_IDS = ("x", "dev0", "net1", "pci.9")
"""Where a bus stands among the other names depends on the id; several ids tell more of when it was added."""

# These depend on where the device is, or on others of its kind.
_PLACED = frozenset(
    {
        *("type", "parent_bus", "realized", "hotplugged", "hotpluggable", "addr", "legacy-addr"),
        *("mac", "sas_address", "disable-legacy", "chassis", "chassis_nr"),
    }
)
_FIRST = ("bus master container[0]", "bus master[0]")
_BACKEND = "virtio-backend"
_TRIES = 5_000


def record_plugged(qemu: str, devices: Rows, properties: Mapping[str, Any]) -> dict[str, Rows]:
    """The parts "plugged", "plugged-entries" and "refused". ``properties``: what qom-list-properties says of types."""
    recorder = PlugRecorder(properties)
    recorder.record(qemu, devices)
    return recorder.parts()


class PlugRecorder:
    """Rows of the parts "plugged" and "refused", and the pool of entry lists they point into.

    A device that QEMU takes is [type, properties of its class, names in the order in which they were added to it,
    values, objects below it]. Names stand as [name, QOM type], values only where they differ from the defaults, objects
    as [path from the device on, type, position of its entries, values]. A refused one is [type, class, text].
    """

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._properties = properties  #: type to what qom-list-properties says
        self._pool: dict[str, int] = {}
        self.plugged: Rows = []
        self.refused: Rows = []

    def parts(self) -> dict[str, Rows]:
        return {
            "plugged": self.plugged,
            "plugged-entries": [json.loads(text) for text in self._pool],
            "refused": self.refused,
        }

    def record(self, qemu: str, devices: Rows) -> None:
        """Plug a device of each type among the ``devices`` rows that may come at run time."""
        for name, bus, user_creatable, hotpluggable, _, _ in devices:
            if user_creatable and hotpluggable is not False and bus in _BUSES:
                self._record_one(qemu, name, _BUSES[bus])

    def _record_one(self, qemu: str, name: str, bus: str) -> None:
        listings = {}
        for device_id in (OWN_ID, *_OTHER_IDS):
            with Peer(qemu, *_MACHINE) as peer:
                try:
                    peer.ask("device_add", driver=name, id=device_id, bus=bus, **_NEEDS.get(name, {}))
                except QemuError as error:
                    self.refused.append([name, error.error_class.value, error.desc])
                    return
                if device_id == OWN_ID:
                    objects = dict(walk(peer, _PATH))
                    has_bus = any(OWN_ID in entry for entry, _ in objects[_PATH].entries)
                else:
                    listings[device_id] = [entry["name"] for entry in peer.ask("qom-list", path=f"{_ALL}/{device_id}")]
            if not has_bus:
                break
        self._add_row(_PATH, objects, listings)

    def _add_row(self, top: str, objects: dict[str, Recorded], listings: dict[str, list[str]]) -> None:
        """The row of the device at ``top``; a virtio device behind a PCI function has a row of its own.

        ``listings`` are the names of its entries when it has another id.
        """
        device = objects[top]
        if any(row[0] == device.type for row in self.plugged):
            return
        entries = self._properties[device.type]
        kinds = dict(device.entries)
        shared = _common(device.entries, [(entry["name"], entry["type"]) for entry in entries])
        known = {entry["name"]: initial_value(entry) for entry in entries}
        behind = f"{top}/{_BACKEND}"
        if behind in objects:
            self._add_row(behind, {path: found for path, found in objects.items() if path.startswith(behind)}, {})
            order = [name for name in list(kinds)[shared:] if name not in known]
        else:
            shared, order = _split({OWN_ID: list(kinds), **listings}, shared, known)
        self.plugged.append(
            [
                *(device.type, shared, [[name, kinds[name]] for name in order], _values(top, device, known)),
                [
                    self._object(top, path, found)
                    for path, found in objects.items()
                    if path != top and not path.startswith(behind)
                ],
            ]
        )

    def _object(self, top: str, path: str, recorded: Recorded) -> list[Any]:
        position = self._pool.setdefault(json.dumps(recorded.entries), len(self._pool))
        values = [
            None
            if name == "type" or kind.startswith(CHILD)
            else [answer.error["desc"]]
            if (answer := recorded.answers[name]).error is not None
            else _relative(answer.value, top)
            for name, kind in recorded.entries
        ]
        return [path.removeprefix(f"{top}/"), recorded.type, position, values]


def _values(top: str, device: Recorded, known: Mapping[str, Any]) -> dict[str, Any]:
    """What properties read that do not depend on where the device is, unless it is what ``known`` has.

    One that an inner object refuses to read has that object's [text].
    """
    values = {}
    for name, kind in device.entries:
        answer = device.answers[name]
        if name in _PLACED or kind.startswith(CHILD):
            continue
        if answer.error is None:
            if known.get(name) != answer.value:
                values[name] = _relative(answer.value, top)
        elif f"'{device.type}." not in answer.error["desc"]:
            values[name] = [answer.error["desc"]]
    return values


def _common(listed: list[tuple[str, str]], described: list[tuple[str, str]]) -> int:
    """How many entries both lists begin with: the properties of the class."""
    pairs = zip(listed, described, strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), min(len(listed), len(described)))


def _relative(value: Any, top: str) -> Any:
    if not isinstance(value, str):
        return value
    for path, placeholder in ((top, OWN_ID), (_PORT, UPSTREAM)):
        if value == path or value.startswith(f"{path}/"):
            return placeholder + value.removeprefix(path)
    return value


def _split(listings: dict[str, list[str]], shared: int, known: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Where the class's properties end, at most ``shared``, and an order in which the others may have been added.

    ``listings`` are the names of all properties in QEMU's order, for several ids of the device.
    """
    for number in range(shared, shared - 4, -1):
        order = insertion_order({name: listing[number:] for name, listing in listings.items()}, known)
        if order is not None:
            return number, order
    raise ValueError(f"no order explains {listings}")


def insertion_order(listings: dict[str, list[str]], known: Mapping[str, Any]) -> list[str] | None:
    """An order in which QEMU may have added the names that it lists like this, None if there is none.

    Those ``known`` before the device was plugged came first, then the view of memory; the rest is found by trying.
    """
    wanted = {name: listing[::-1] for name, listing in listings.items()}
    names = wanted[OWN_ID]
    chance = random.Random(1)
    before = [name for name in names if name in known]
    order = before + [name for name in _FIRST if name in names]
    movable = [(0, len(before)), (len(order), len(names))]
    movable = [(low, high) for low, high in movable if high - low > 1]
    order += [name for name in names if name not in order]
    cost = _distance(order, wanted)
    for _ in range(_TRIES):
        if not cost or not movable:
            break
        low, high = chance.choice(movable)
        trial = list(order)
        trial.insert(chance.randrange(low, high), trial.pop(chance.randrange(low, high)))
        trial_cost = _distance(trial, wanted)
        if trial_cost <= cost or chance.random() < 0.01:
            order, cost = trial, trial_cost
    return None if cost else order


def _distance(order: list[str], wanted: dict[str, list[str]]) -> int:
    """In how many places the names, added in this ``order``, would be listed otherwise."""
    return sum(
        one != other
        for device_id, names in wanted.items()
        for one, other in zip(GHashOrder([name.replace(OWN_ID, device_id) for name in order]), names, strict=True)
    )
