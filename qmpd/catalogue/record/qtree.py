"""Records how ``info qtree`` shows devices: which properties of each class, in which order, and their wires."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from qmpd.named import NamedTuple

Rows = list[Any]

_DEVICE = re.compile(r"( *)dev: ([^,]+), id ")
_PROPERTY = re.compile(r" *([^ ]+) = ")
_WIRES = ("gpio-in", "gpio-out", "clock-in", "clock-out")
_ROOT = "device"


class _Shown(NamedTuple):
    names: list[str]
    wires: list[str]


class QtreeRecorder:
    """Takes in texts of ``info qtree``. ``types`` are rows [type, parent, ...], ``properties`` what each type has.

    A row of the part "qtree" is [class, the properties that the class itself adds, lines about wires]; a device shows
    those of its type first, and then those of the types that it is derived from.
    """

    def __init__(self, types: Rows, properties: Mapping[str, Any]) -> None:
        self._parents = {row[0]: row[1] for row in types}
        self._properties = properties
        self._shown: dict[str, _Shown] = {}

    def take(self, text: str) -> None:
        lines = text.splitlines()
        for number, line in enumerate(lines):
            match = _DEVICE.match(line)
            if match is not None and match[2] not in self._shown:
                inside = " " * (len(match[1]) + 2)
                self._shown[match[2]] = _read(lines[number + 1 :], inside)

    def rows(self) -> Rows:
        classes = sorted({name for shown in self._shown for name in self._chain(shown)})
        return [
            [name, self._own(name), self._shown[name].wires if name in self._shown else []]
            for name in classes
            if self._own(name) or name in self._shown
        ]

    def _chain(self, name: str) -> Iterator[str]:
        while name and name != _ROOT:
            yield name
            name = self._parents[name]

    def _all(self, name: str) -> list[str]:
        """The names that every device of the class ends with."""
        if name == _ROOT:
            return []
        if name in self._shown:
            return self._shown[name].names
        lists = [shown.names for derived, shown in self._shown.items() if name in self._chain(derived)]
        known = {entry["name"] for entry in self._properties.get(name, ())}
        common: list[str] = []
        for nth in zip(*(names[::-1] for names in lists), strict=False):
            if len(set(nth)) > 1 or nth[0] not in known:
                break
            common.insert(0, nth[0])
        return common

    def _own(self, name: str) -> list[str]:
        inherited = self._all(self._parents[name])
        names = self._all(name)
        return names[: len(names) - len(inherited)]


def _read(lines: list[str], inside: str) -> _Shown:
    shown = _Shown([], [])
    for line in lines:
        if not line.startswith(inside):
            break
        if (match := _PROPERTY.match(line)) is not None:
            shown.names.append(match[1])
        elif line.lstrip().startswith(_WIRES):
            shown.wires.append(line.strip())
        else:
            break
    return shown
