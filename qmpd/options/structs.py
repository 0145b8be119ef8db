"""QAPI structs on the command line: a tree of strings or JSON becomes checked values, member by member.

Which members there are is told by a ``Struct``: made here from the schema documents, or for types that no command takes
from the tables in ``types``. Errors, their order and their paths are those of QEMU's object visitor
(qapi/qobject-input-visitor.c) in its two flavours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from qmpd import errors, visit
from qmpd.hashorder import GHashOrder, qdict_order
from qmpd.named import NamedTuple
from qmpd.options import values
from qmpd.schemas import documents


class ListOf(NamedTuple):
    element: Kind


class Struct:
    """Members in QEMU's order: name, kind, whether it must be there.

    ``tag`` names the member whose value picks more members from ``branch``. An ``open`` struct takes what it does not
    know.
    """

    __slots__ = ("branch", "members", "open", "tag")

    def __init__(
        self,
        members: tuple[tuple[str, Kind, bool], ...],
        tag: str = "",
        branch: Callable[[str], Struct] | None = None,
        open: bool = False,
    ) -> None:
        self.members = members
        self.tag = tag
        self.branch = branch
        self.open = open


class Alternate(NamedTuple):
    """One of several kinds, told apart by the JSON type of the value."""

    name: str
    choices: tuple[Kind, ...]


Kind: TypeAlias = "str | tuple[str, ...] | ListOf | Alternate | Struct"
"""A scalar's QAPI name, the words of an enum, a list, an alternate, or a struct."""


class Flavour(NamedTuple):
    """How scalars are read, and how the path of a list element is written."""

    scalars: Mapping[str, Callable[[Any, str], Any]]
    enum: Callable[[Any, str, tuple[str, ...]], str]
    element: str


_NARROW = ("int8", "int16", "int32", "uint8", "uint16", "uint32")

STRINGS: Final = Flavour(
    {
        "str": values.visit_str_string,
        "bool": values.visit_bool_string,
        "int": values.visit_int64_string,
        "int64": values.visit_int64_string,
        "uint64": values.visit_uint64_string,
        "size": values.visit_size_string,
        "number": values.visit_number_string,
        **{kind: partial(values.visit_narrow_string, kind=kind) for kind in _NARROW},
    },
    values.visit_enum_string,
    ".{}",
)

JSON: Final = Flavour(
    {
        "str": visit.visit_str,
        "bool": visit.visit_bool,
        "int": visit.visit_int64,
        "int64": visit.visit_int64,
        "uint64": visit.visit_uint64,
        "size": visit.visit_uint64,
        "number": visit.visit_number,
        "null": visit.visit_null,
        **{kind: partial(visit.visit_narrow, kind=kind) for kind in _NARROW},
    },
    visit.visit_enum,
    "[{}]",
)


def read(value: object, kind: Kind, flavour: Flavour, path: str = "") -> Any:
    """``value`` as ``kind`` takes it. Raises QemuError, naming the member by ``path`` and what follows."""
    if isinstance(kind, str):
        return flavour.scalars[kind](value, path)
    if isinstance(kind, ListOf):
        if type(value) is not list:
            raise errors.invalid_parameter_type(path, "array")
        return [
            read(element, kind.element, flavour, path + flavour.element.format(number))
            for number, element in enumerate(value)
        ]
    if isinstance(kind, Struct):
        return _read_struct(value, kind, flavour, path)
    if isinstance(kind, Alternate):
        return read(value, _choose(value, kind, path), flavour, path)
    return flavour.enum(value, path, kind)


_JSON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "bool": (bool,),
    "null": (type(None),),
    "number": (int, float),
}


def _choose(value: object, kind: Alternate, path: str) -> Kind:
    for choice in kind.choices:
        if isinstance(choice, Struct):
            fits = type(value) is dict
        elif isinstance(choice, tuple):
            fits = type(value) is str
        else:
            fits = type(value) in _JSON_TYPES.get(str(choice), (int,))
        if fits:
            return choice
    raise errors.invalid_parameter_type(visit.last_component(path), kind.name)


def _read_struct(value: object, struct: Struct, flavour: Flavour, path: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise errors.invalid_parameter_type(path, "object")
    prefix = path and f"{path}."
    seen: dict[str, Any] = {}
    chosen: Struct | None = struct
    while chosen is not None:
        for name, kind, required in chosen.members:
            if name in value:
                seen[name] = read(value[name], kind, flavour, prefix + name)
            elif required:
                raise errors.missing_parameter(prefix + name)
        struct = chosen
        chosen = chosen.branch(seen[chosen.tag]) if chosen.branch else None
    if struct.open:
        return value | seen
    left = GHashOrder(qdict_order(value))
    for name in seen:
        left.remove(name)
    for name in left:
        raise errors.unexpected_parameter(prefix + name)
    return seen


def from_schema(module: str, type_name: str) -> Struct:
    """The struct or union ``type_name`` as the schema document of ``module`` describes it."""
    kind = _kind({"$ref": f"#/$defs/{type_name}"}, module)
    assert isinstance(kind, Struct)
    return kind


def _kind(node: documents.Node, module: str) -> Kind:
    if "$ref" in node:
        reference: str = node["$ref"]
        if documents.is_builtin(reference):
            return documents.type_name(reference)
        return _kind(*documents.resolve(reference, module))
    if "enum" in node:
        return tuple(node["enum"])
    if "oneOf" in node and "type" not in node:
        return Alternate(node["title"], tuple(_kind(choice, module) for choice in node["oneOf"]))
    if node["type"] == "array":
        return ListOf(_kind(node["items"], module))
    if node["type"] == "object":
        return _struct(node, module)
    json_type: str = node["type"]
    return {"string": "str", "boolean": "bool"}.get(json_type, json_type)


def _struct(node: documents.Node, module: str, tag: str = "") -> Struct:
    required = node.get("required", ())
    members = tuple(
        (name, _kind(member, module), name in required)
        for name, member in node.get("properties", {}).items()
        if name != tag
    )
    if "discriminator" not in node:
        return Struct(members)
    own_tag: str = node["discriminator"]["propertyName"]

    def branch(value: str) -> Struct:
        for alternative in node["oneOf"]:
            picks = alternative["properties"][own_tag]
            if value in (picks.get("enum") or (picks["const"],)):
                return _struct(alternative, module, own_tag)
        return Struct(())

    return Struct(members, own_tag, branch)
