"""Records the QOM trees of bare machines: every object, its entries, and the values that all runs agree on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qmpd.catalogue.record.peer import Peer
from qmpd.catalogue.tree import CHILD
from qmpd.errors import QemuError

Rows = list[Any]

RTC = ("base=2001-02-03T04:05:06", "base=2012-11-10T21:20:19")  #: two runs differ in all that follows the clock


@dataclass(frozen=True)
class Answer:
    """What qom-get answered: a value, or a refusal as {"class", "desc"}."""

    value: Any = None
    error: dict[str, str] | None = None


@dataclass(frozen=True)
class Recorded:
    """One object: its type, its entries as (name, type) in QEMU's order, and what qom-get answers for each."""

    type: str
    entries: list[tuple[str, str]]
    answers: dict[str, Answer]


def walk(peer: Peer, root: str = "/") -> Iterator[tuple[str, Recorded]]:
    """Every object from ``root`` down with its path, parents first."""
    entries = [(entry["name"], entry["type"]) for entry in peer.ask("qom-list", path=root)]
    answers = {name: _get(peer, root, name) for name, _ in entries}
    yield root, Recorded(answers["type"].value, entries, answers)
    for name, kind in entries:
        if kind.startswith(CHILD):
            yield from walk(peer, f"{root.rstrip('/')}/{name}")


def _get(peer: Peer, path: str, name: str) -> Answer:
    try:
        return Answer(value=peer.ask("qom-get", path=path, property=name))
    except QemuError as error:
        return Answer(error={"class": error.error_class.value, "desc": error.desc})


class TreeRecorder:
    """Rows [path, type, position of its entries, values], and the pool of entry lists they point into.

    Values stand in the order of the entries: null where they follow from the entry or differ between runs, an array
    ["value", list or object] or ["error", refusal], else the value itself.
    """

    def __init__(self, types: Rows) -> None:
        self._parents = {row[0]: row[1] for row in types}
        self._pool: dict[str, int] = {}

    def entry_lists(self) -> Rows:
        """The pool, by position: lists of [name, type]."""
        return [json.loads(text) for text in self._pool]

    def record(self, qemu: str, machine: str) -> tuple[Rows, Rows]:
        """The objects' rows of ``machine``, and its PCI functions as rows [bus, slot, function, type, path]."""
        arguments = ("-machine", machine, "-m", "128M", "-rtc")
        with Peer(qemu, *arguments, RTC[0]) as first, Peer(qemu, *arguments, RTC[1]) as second:
            objects, again = dict(walk(first)), dict(walk(second))
        rows = [self._row(path, recorded, again[path]) for path, recorded in objects.items()]
        return rows, sorted(self._pci_functions(objects))

    def _row(self, path: str, recorded: Recorded, again: Recorded) -> list[Any]:
        position = self._pool.setdefault(json.dumps(recorded.entries), len(self._pool))
        values = [
            None
            if name == "type" or kind.startswith(CHILD) or recorded.answers[name] != again.answers[name]
            else _stored(recorded.answers[name])
            for name, kind in recorded.entries
        ]
        return [path, recorded.type, position, values]

    def _pci_functions(self, objects: dict[str, Recorded]) -> Iterator[list[Any]]:
        for path, recorded in objects.items():
            bus = recorded.answers["parent_bus"].value if "parent_bus" in recorded.answers else ""
            if bus and self._is_pci_bus(objects[bus].type):
                address = recorded.answers["addr"].value
                yield [bus, address >> 3, address & 7, recorded.type, path]

    def _is_pci_bus(self, name: str | None) -> bool:
        while name not in (None, "PCI"):
            name = self._parents[name]
        return name is not None


def _stored(answer: Answer) -> Any:
    if answer.error is not None:
        return ["error", answer.error]
    return ["value", answer.value] if isinstance(answer.value, (list, dict)) or answer.value is None else answer.value
