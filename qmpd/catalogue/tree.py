"""The objects a bare machine starts with: the QOM tree as recorded, object by object on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from qmpd.catalogue.parts import Part
from qmpd.errors import ErrorClass, QemuError
from qmpd.frozen import Frozen
from qmpd.named import NamedTuple

CHILD = "child<"


class PciFunction(NamedTuple):
    """A PCI function present from the start: the bus's QOM path, where on it, and what it is."""

    bus: str
    slot: int
    function: int
    type: str
    path: str


class TreeObject:
    """One object: its type, and what qom-list and qom-get answer about it."""

    __slots__ = ("_recorded", "entries", "path", "type")

    def __init__(self, path: str, type_name: str, entries: Frozen, recorded: list[Any]) -> None:
        self.path = path
        self.type = type_name
        self.entries = entries  #: what qom-list answers
        self._recorded = recorded

    def value(self, name: str) -> Any:
        """What qom-get answers.

        :raise QemuError: as QEMU refuses. :raise KeyError: no such property, or its value differs from run to run
        (a clock, a file name) and so was not recorded.
        """
        position = next((at for at, entry in enumerate(self.entries.value) if entry["name"] == name), None)
        if position is None:
            raise KeyError(name)
        if name == "type":
            return self.type
        if self.entries.value[position]["type"].startswith(CHILD):
            return f"{self.path.rstrip('/')}/{name}"
        recorded = self._recorded[position]
        if recorded is None:
            raise KeyError(name)
        if isinstance(recorded, list):
            kind, content = recorded
            if kind == "error":
                raise QemuError(content["desc"], ErrorClass(content["class"]))
            return content
        return recorded


class Tree:
    """A machine's objects at start, with 128 MiB of memory, one CPU and no default devices."""

    def __init__(self, rows: Part, entry_lists: list[bytes]) -> None:
        self._rows = rows
        self._entry_lists = entry_lists
        self._entries: dict[int, Frozen] = {}

    def paths(self) -> Iterator[str]:
        """All canonical paths, parents before their children, "/" first."""
        return (row[0] for row in self._rows.rows())

    def get(self, path: str) -> TreeObject | None:
        """The object at a canonical path."""
        row = self._rows.get(path)
        if row is None:
            return None
        type_name, entries, values = row
        return TreeObject(path, type_name, self._entry_list(entries), values)

    def _entry_list(self, position: int) -> Frozen:
        entries = self._entries.get(position)
        if entries is None:
            pairs = json.loads(self._entry_lists[position])
            entries = self._entries[position] = Frozen([{"name": name, "type": kind} for name, kind in pairs])
        return entries
