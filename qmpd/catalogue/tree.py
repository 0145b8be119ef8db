"""The objects a bare machine starts with: the QOM tree as recorded, object by object on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from qmpd.catalogue.parts import Part
from qmpd.errors import ErrorClass, QemuError
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

    __slots__ = ("_entry_list", "_recorded", "_tree", "path", "type")

    def __init__(self, tree: Tree, path: str, type_name: str, entry_list: int, recorded: list[Any]) -> None:
        self._tree = tree
        self._entry_list = entry_list
        self._recorded = recorded
        self.path = path
        self.type = type_name

    @property
    def entries(self) -> Mapping[str, str]:
        """Names to types, as qom-list answers."""
        return self._tree.entries(self._entry_list)

    def value(self, name: str) -> Any:
        """What qom-get answers.

        :raise QemuError: as QEMU refuses. :raise KeyError: no such property, or its value differs from run to run
        (a clock, a file name) and so was not recorded.
        """
        entries = self.entries
        if entries[name].startswith(CHILD):
            return f"{self.path.rstrip('/')}/{name}"
        if name == "type":
            return self.type
        recorded = self._recorded[list(entries).index(name)]
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
        self._entries: dict[int, dict[str, str]] = {}

    def paths(self) -> Iterator[str]:
        """All canonical paths, parents before their children, "/" first."""
        return iter(self.types())

    def types(self) -> dict[str, str]:
        """The types of all objects by their paths, in that order."""
        return {row[0]: row[1] for row in self._rows.rows()}

    def get(self, path: str) -> TreeObject | None:
        """The object at a canonical path."""
        row = self._rows.get(path)
        if row is None:
            return None
        return TreeObject(self, path, *row)

    def entries(self, position: int) -> Mapping[str, str]:
        """One of the lists that objects share."""
        entries = self._entries.get(position)
        if entries is None:
            entries = self._entries[position] = dict(json.loads(self._entry_lists[position]))
        return entries
