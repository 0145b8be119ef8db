"""Arguments of a command, held against its schema as QEMU's generated visitors do, in QEMU's words and order.

Members are visited depth first in the order of the schema: those of the base, then those of the branch that the
discriminator picks; only then are members that nobody asked for reported (scripts/qapi/visit.py,
qapi/qobject-input-visitor.c). The rules for scalars live in qmpd/visit.py.

A schema is turned into nested functions once, when its command is first used; a branch when it is first taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from qmpd import errors, visit
from qmpd.hashorder import GHashOrder, qdict_order
from qmpd.schemas.documents import Located, Node, command, is_builtin, resolve, type_name

Check = Callable[[Any, str], Any]
"""(value, full path) -> the value as the command shall see it; raises QemuError."""

_INTEGERS: dict[str, Check] = {
    "int": visit.visit_int64,
    "int64": visit.visit_int64,
    "uint64": visit.visit_uint64,
    "size": visit.visit_uint64,
    **{
        name: partial(visit.visit_narrow, kind=name) for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
    },
}
_SCALARS: dict[str, Check] = {
    "string": visit.visit_str,
    "boolean": visit.visit_bool,
    "number": visit.visit_number,
    "null": visit.visit_null,
}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def check_arguments(name: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    """The arguments as command ``name`` takes them, in the order of its schema.

    Negative values of unsigned members are wrapped. A command without checked schema gets its arguments as they are.
    Raises QemuError for arguments that QEMU refuses, KeyError where there is no such command.
    """
    checked: dict[str, Any] = _checker(name)(arguments or {}, "")
    return checked


@cache
def _checker(name: str) -> Check:
    found = command(name)
    if found is None:
        raise KeyError(name)
    node, module = found
    if not node.get("gen", True):
        return _any
    return _compile(node.get("arguments", {"type": "object"}), module)


def _compile(node: Node, module: str) -> Check:
    if "$ref" in node:
        reference: str = node["$ref"]
        if is_builtin(reference):
            return _INTEGERS.get(type_name(reference), _any)
        return _compile_type(*resolve(reference, module), type_name(reference))
    if "enum" in node:
        return partial(visit.visit_enum, members=frozenset(node["enum"]))
    if node.get("type") == "array":
        return _list(_compile(node["items"], module))
    if node.get("type") == "object":
        return _object(_Members(node, module))
    if "oneOf" in node:
        return _alternate(node, module)
    return _SCALARS[node["type"]]


_types: dict[tuple[str, str], Check] = {}


def _compile_type(node: Node, module: str, name: str) -> Check:
    """Each type once; one that contains itself is found half built and reached through its place in the table."""
    key = module, name
    if key in _types:
        return _types[key]
    _types[key] = lambda value, path: _types[key](value, path)
    _types[key] = check = _compile(node, module)
    return check


def _any(value: Any, path: str) -> Any:
    return value


def _list(check_element: Check) -> Check:
    def check(value: Any, path: str) -> list[Any]:
        if type(value) is not list:
            raise errors.invalid_parameter_type(path, "array")
        return [check_element(element, f"{path}[{number}]") for number, element in enumerate(value)]

    return check


def _alternate(node: Node, module: str) -> Check:
    """One of several types, told apart by the JSON type of the value alone."""
    name: str = node["title"]
    by_type: dict[type, Check] = {}
    for alternative in node["oneOf"]:
        check_alternative = _compile(alternative, module)
        by_type.update(dict.fromkeys(_PYTHON_TYPES[_json_type(alternative, module)], check_alternative))

    def check(value: Any, path: str) -> Any:
        chosen = by_type.get(type(value))
        if chosen is None:
            raise errors.invalid_parameter_type(visit.last_component(path), name)
        return chosen(value, path)

    return check


def _json_type(node: Node, module: str) -> str:
    while "$ref" in node:
        node, module = resolve(node["$ref"], module)
    json_type: str = node["type"]
    return json_type


class _Members:
    """The members of an object type, ready to be visited in order."""

    def __init__(self, node: Node, module: str, tag: str = "") -> None:
        required = frozenset(node.get("required", ()))
        self._fields = [
            (name, _compile(member, module), name in required)
            for name, member in node.get("properties", {}).items()
            if name != tag
        ]
        self._tag: str = node.get("discriminator", {}).get("propertyName", "")
        self._branches = {value: Located(branch, module) for branch, value in _tagged(node, self._tag)}
        self._taken: dict[str, _Members] = {}

    def visit(self, value: dict[str, Any], prefix: str, seen: dict[str, Any]) -> None:
        """Move each member that the type has from ``value``, checked, to ``seen``."""
        for name, check, required in self._fields:
            if name in value:
                seen[name] = check(value[name], prefix + name)
            elif required:
                raise errors.missing_parameter(prefix + name)
        if self._tag:
            self._branch(seen[self._tag]).visit(value, prefix, seen)

    def _branch(self, tag_value: str) -> _Members:
        branch = self._taken.get(tag_value)
        if branch is None:
            branch = self._taken[tag_value] = _Members(*self._branches[tag_value], tag=self._tag)
        return branch


def _tagged(node: Node, tag: str) -> Iterable[tuple[Node, str]]:
    """The branches of a union, each with every value of the discriminator that picks it."""
    if tag:
        for branch in node["oneOf"]:
            picks = branch["properties"][tag]
            for value in picks.get("enum") or (picks["const"],):
                yield branch, value


def _object(members: _Members) -> Check:
    def check(value: Any, path: str) -> dict[str, Any]:
        if type(value) is not dict:
            raise errors.invalid_parameter_type(path, "object")
        prefix = path and path + "."
        seen: dict[str, Any] = {}
        members.visit(value, prefix, seen)
        if len(seen) != len(value):
            raise errors.unexpected_parameter(prefix + _first_left(value, seen))
        return seen

    return check


def _first_left(names: Iterable[str], taken: Iterable[str]) -> str:
    """QEMU keeps the names not yet visited in a hash table and reports the one in its lowest slot."""
    left = GHashOrder(qdict_order(names))
    for name in taken:
        left.remove(name)
    return next(iter(left))
