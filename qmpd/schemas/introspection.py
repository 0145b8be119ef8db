"""What ``query-commands`` and ``query-qmp-schema`` answer, derived from the documents in QEMU's own way.

QEMU hides the names of its types behind decimal numbers, given in the order in which its generator meets them:
commands and events first, module by module, then the types they use, then the types those use
(scripts/qapi/introspect.py). Members of a base count as members of the type itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from qmpd.frozen import Frozen
from qmpd.schemas.documents import Node, command, document, event, index, is_builtin, resolve, type_name

_BUILTIN_JSON_TYPES = {
    "any": "value",
    "bool": "boolean",
    "int": "int",
    "null": "null",
    "number": "number",
    "str": "string",
}
_BUILTIN_NAMES = {"string": "str", "boolean": "bool", "number": "number", "null": "null"}
_EMPTY = "q_empty"
_STRANGERS_MODULE = "introspect"
"""Its document says which types of other builds QEMU numbers, and in part lists, before which of this build's."""


@cache
def query_commands(extended: bool) -> Frozen:
    """All commands, the one registered last first (qapi/qmp-registry.c, monitor/qmp-cmds-control.c)."""
    names = [name for name in _names(extended) if command(name)]
    # QEMU registers the commands that it has no marshaller for by hand, after all others.
    names.sort(key=_registered_by_hand)
    return Frozen([{"name": name} for name in reversed(names)])


def _names(extended: bool) -> list[str]:
    """Commands and events, in order."""
    return [name for names in index(extended).values() for name in names]


def _registered_by_hand(name: str) -> bool:
    found = command(name)
    return found is not None and not found.node.get("gen", True)


@cache
def query_qmp_schema(extended: bool) -> Frozen:
    """A list of SchemaInfo: commands, events and every type they reach."""
    return Frozen(_Introspection(_names(extended)).entries)


class _Introspection:
    """One pass over all documents. A type is known here by its QAPI name, ``[NAME]`` for an array of it."""

    def __init__(self, names: Iterable[str]) -> None:
        self.entries: list[Node] = []
        self._numbers: dict[str, str] = {}
        self._strangers: dict[str, dict[str, Node | None]] = dict(document(_STRANGERS_MODULE)["strangers"])
        self._used: dict[str, tuple[Node, str]] = {}
        for name in names:
            self._add_command_or_event(name)
        for name, node, module in self._types_in_order_of_use():
            self._add_type(name, node, module)

    def _types_in_order_of_use(self) -> Iterator[tuple[str, Node, str]]:
        done = 0
        while done < len(self._used):
            # Adding a type may use further ones, so the tail is read anew until it is empty.
            for name, (node, module) in list(self._used.items())[done:]:
                done += 1
                yield name, node, module

    # Names

    def _use(self, node: Node, module: str, name: str = "") -> str:
        """Note that a type is used; what it is called in the answer."""
        if "$ref" in node and not is_builtin(node["$ref"]):
            name = type_name(node["$ref"])
            node, module = resolve(node["$ref"], module)
        name = name or _unmasked(node)
        is_list = node.get("type") == "array"
        listed = name if is_list or name in _BUILTIN_JSON_TYPES else self._number(name)
        self._used.setdefault(name, (node, module))
        return f"[{self._use(node['items'], module)}]" if is_list else listed

    def _number(self, name: str) -> str:
        for stranger, node in self._strangers.pop(name, {}).items():
            self._number(stranger) if node is None else self._use(node, _STRANGERS_MODULE, stranger)
        return self._numbers.setdefault(name, str(len(self._numbers)))

    def _use_data(self, node: Node | None, module: str, name: str) -> str:
        """The type of arguments, of a result or of an event's data, which may be none or written in place."""
        return self._use({"type": "object"}, module, _EMPTY) if node is None else self._use(node, module, name)

    # Entries

    def _add(self, name: str, meta_type: str, node: Node, details: Node) -> None:
        self.entries.append(_sorted({"name": name, "meta-type": meta_type, **details, **_features(node)}))

    def _add_command_or_event(self, name: str) -> None:
        if found := command(name):
            node, module = found
            details: Node = {
                "arg-type": self._use_data(node.get("arguments"), module, f"q_obj_{name}-arg"),
                "ret-type": self._use_data(node.get("returns"), module, ""),
            }
            if node.get("allow-oob"):
                details["allow-oob"] = True
            self._add(name, "command", node, details)
        elif found := event(name):
            node, module = found
            self._add(name, "event", node, {"arg-type": self._use_data(node.get("data"), module, f"q_obj_{name}-arg")})

    def _add_type(self, name: str, node: Node, module: str) -> None:
        if name in _BUILTIN_JSON_TYPES:
            self._add(name, "builtin", {}, {"json-type": _BUILTIN_JSON_TYPES[name]})
        elif node.get("type") == "array":
            element = self._use(node["items"], module)
            self._add(f"[{element}]", "array", {}, {"element-type": element})
        elif "enum" in node:
            self._add(self._number(name), "enum", node, self._enumeration(node))
        elif "oneOf" in node and "discriminator" not in node and "type" not in node:
            members = [{"type": self._use(alternative, module)} for alternative in node["oneOf"]]
            self._add(self._number(name), "alternate", node, {"members": members})
        else:
            self._add(self._number(name), "object", node, self._object(node, module))

    def _enumeration(self, node: Node) -> Node:
        features: dict[str, list[str]] = node.get("enumFeatures", {})
        members = [
            _sorted({"name": value, **({"features": features[value]} if value in features else {})})
            for value in node["enum"]
        ]
        return {"members": members, "values": list(node["enum"])}

    def _object(self, node: Node, module: str) -> Node:
        required = node.get("required", ())
        members = []
        for name, member in node.get("properties", {}).items():
            entry = {"name": name, "type": self._use(member, module), **_features(member)}
            if name not in required:
                entry["default"] = None
            members.append(_sorted(entry))
        if "discriminator" not in node:
            return {"members": members}
        tag: str = node["discriminator"]["propertyName"]
        variants = [variant for branch in node["oneOf"] for variant in self._variants(branch, tag, module)]
        return {"members": members, "tag": tag, "variants": variants}

    def _variants(self, branch: Node, tag: str, module: str) -> Iterator[Node]:
        """One branch of a union: its type is what it has beside the discriminator."""
        picks = branch["properties"][tag]
        rest = {name: member for name, member in branch["properties"].items() if name != tag}
        name = branch.get("title", _EMPTY)
        for value in picks.get("enum") or [picks["const"]]:
            yield {"case": value, "type": self._use({**branch, "properties": rest}, module, name)}


def _unmasked(node: Node) -> str:
    if "$ref" in node:
        name = type_name(node["$ref"])
        return name if name == "any" else "int"
    if node["type"] == "array":
        return f"[{_element_name(node['items'])}]"
    return _BUILTIN_NAMES[node["type"]]


def _element_name(node: Node) -> str:
    if "$ref" in node and not is_builtin(node["$ref"]):
        return type_name(node["$ref"])
    return _unmasked(node)


def _features(node: Node) -> Node:
    return {"features": node["features"]} if "features" in node else {}


def _sorted(entry: Node) -> Node:
    """QEMU writes the members of an entry down by name, which is the order they are inserted in."""
    return dict(sorted(entry.items()))
