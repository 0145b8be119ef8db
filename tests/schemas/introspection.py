"""A command or event of ``query-qmp-schema`` as a tree, which can be compared."""

from __future__ import annotations

from typing import Any

Entry = dict[str, Any]
_REFERENCES = ("arg-type", "ret-type", "element-type", "type")


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
