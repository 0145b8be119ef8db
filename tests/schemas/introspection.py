"""A real QEMU's ``query-qmp-schema`` brought into a form that can be compared: cut down to some names, or as a tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

Entry = dict[str, Any]
_REFERENCES = ("arg-type", "ret-type", "element-type", "type")


def reduced(schema: list[Entry], names: Collection[str]) -> list[Entry]:
    """The named commands and events and the types they reach, as QEMU would have listed and numbered them alone."""
    by_name = {entry["name"]: entry for entry in schema}
    queue = [entry for entry in schema if entry["meta-type"] in ("command", "event") and entry["name"] in names]
    queued = {entry["name"] for entry in queue}
    numbers: dict[str, str] = {}
    for entry in queue:
        for name in _types_met(entry):
            if name not in queued:
                queued.add(name)
                queue.append(by_name[name])
            if name.isdigit():
                numbers.setdefault(name, str(len(numbers)))
    return [_renamed(entry, numbers) for entry in queue]


def _types_met(entry: Entry) -> Iterator[str]:
    """The types an entry names, in the order in which QEMU's generator meets them; of an array also its element."""
    places = [entry, *entry.get("members", ()), *entry.get("variants", ())]
    for name in (place[key] for place in places for key in _REFERENCES if key in place):
        while name.startswith("["):
            yield name
            name = name[1:-1]
        yield name


def _renamed(value: Any, numbers: dict[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        is_type = value.get("meta-type") not in ("command", "event") and "meta-type" in value
        return {
            name: _renamed(item, numbers, "type" if name == "name" and is_type else name)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_renamed(item, numbers) for item in value]
    if key in _REFERENCES:
        core = value.strip("[]")
        return value.replace(core, numbers.get(core, core))
    return value


def tree(schema: list[Entry], name: str) -> Any:
    """A command or event with its types written out in place; a type inside itself is only marked."""
    by_name = {entry["name"]: entry for entry in schema}

    def written_out(value: Any, above: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [written_out(item, above) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            key: type_of(item, above) if key in _REFERENCES else written_out(item, above)
            for key, item in value.items()
            if not (key == "name" and "meta-type" in value)
        }

    def type_of(type_name: str, above: tuple[str, ...]) -> Any:
        if type_name in above:
            return f"the type {len(above) - above.index(type_name)} levels up"
        return written_out(by_name[type_name], (*above, type_name))

    return written_out(by_name[name], ())
