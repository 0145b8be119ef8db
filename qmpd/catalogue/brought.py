"""What a device brings along: the names it adds to itself while it is plugged, and the objects below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qmpd.named import NamedTuple

OWN_ID = "@"
"""Stands for the device's id in the names of its buses, and for its path at the beginning of others."""
UPSTREAM = "^"
"""Stands for the path of the bridge that the device sits behind."""

_EMPTY: dict[str, Any] = {"bool": False, "str": "", "string": "", "OnOffAuto": "auto"}


def initial_value(entry: Mapping[str, Any]) -> Any:
    """What a property reads that nobody has set, by what qom-list-properties says of it."""
    if entry["name"] == "bootindex":
        return -1
    return entry.get("default-value", _EMPTY.get(entry["type"], 0))


class BroughtObject(NamedTuple):
    """An object below a device: its path from there on, its type, and what qom-list and qom-get say of it.

    Values stand in the order of the entries: None where they follow from the entry, [text] where QEMU refuses to tell.
    """

    path: str
    type: str
    entries: tuple[tuple[str, str], ...]
    values: list[Any]


class Brought(NamedTuple):
    """What a type of device adds, freshly plugged behind a PCI Express port.

    The first ``class_properties`` of the type's properties are those of its class; ``added`` are the names, with their
    types, that each device adds to itself, in order. ``values`` are those that differ from the properties' defaults.
    """

    class_properties: int
    added: tuple[tuple[str, str], ...]
    values: dict[str, Any]
    objects: dict[str, BroughtObject]
