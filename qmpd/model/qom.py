"""QEMU's object model: typed objects with properties, in one tree, found by absolute or partial paths.

A type is a Python class with a table of properties; a property knows its QOM type name, how to read itself and
how to take a value. What a particular type means is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol

from qmpd import errors, visit
from qmpd.hashorder import GHashOrder
from qmpd.named import NamedTuple
from qmpd.options import values


class Kind(Protocol):
    """The type of a property's value: its QOM name, and how to take it from JSON or from an option string."""

    @property
    def name(self) -> str: ...

    def read(self, value: object, name: str, typed: bool) -> Any:
        """``value`` checked for a property called ``name``; ``typed`` says it came as JSON, else it is a string."""


class Scalar(NamedTuple):
    """A kind made of two readers: one for JSON values, one for option strings."""

    name: str
    from_json: Callable[[Any, str], Any]
    from_string: Callable[[Any, str], Any]

    def read(self, value: object, name: str, typed: bool) -> Any:
        return self.from_json(value, name) if typed else self.from_string(value, name)


def _narrow(kind: str, type_name: str) -> Scalar:
    return Scalar(
        type_name,
        lambda value, name: visit.visit_narrow(value, name, kind),
        lambda value, name: values.visit_narrow_string(value, name, kind),
    )


BOOL = Scalar("bool", visit.visit_bool, values.visit_bool_string)
STRING = Scalar("string", visit.visit_str, values.visit_str_string)
STR = Scalar("str", visit.visit_str, values.visit_str_string)
UINT64 = Scalar("uint64", visit.visit_uint64, values.visit_uint64_string)
SIZE = Scalar("size", visit.visit_uint64, values.visit_size_string)
UINT8 = _narrow("uint8", "uint8")
UINT16 = _narrow("uint16", "uint16")
UINT32 = _narrow("uint32", "uint32")
INT32 = _narrow("int32", "int32")
INT = Scalar("int", visit.visit_int64, values.visit_int64_string)


class Choice(NamedTuple):
    """An enumeration: one of ``members``."""

    name: str
    members: tuple[str, ...]

    def read(self, value: object, name: str, typed: bool) -> str:
        return visit.visit_enum(value, name, self.members)


ON_OFF_AUTO = Choice("OnOffAuto", ("auto", "on", "off"))


class Property(NamedTuple):
    """One row of a type's table.

    ``get`` answers the value as JSON; ``set`` takes the raw value and whether it is typed, and raises what QEMU
    says when it does not fit. Without ``get`` it cannot be read, without ``set`` not be written.
    """

    name: str
    type: str
    get: Callable[[Any], Any] | None = None
    set: Callable[[Any, Any, bool], None] | None = None
    instance: bool = False
    link: Callable[[Any], Object | None] | None = None


def attribute(
    name: str, kind: Kind, *, field: str = "", writable: bool = True, instance: bool = False, type: str = ""
) -> Property:
    """A property that is kept in the attribute ``field`` (by default its own name) and may always be set."""
    field = field or name.replace("-", "_")

    def set_it(obj: Any, value: object, typed: bool) -> None:
        setattr(obj, field, kind.read(value, name, typed))

    return Property(
        name, type or kind.name, lambda obj: getattr(obj, field), set_it if writable else None, instance=instance
    )


def computed(name: str, type: str, get: Callable[[Any], Any], *, instance: bool = False) -> Property:
    """A property that can only be read."""
    return Property(name, type, get, instance=instance)


class Object:
    """A node of the tree. Subclasses name their QOM type and add properties, parents' first."""

    type_name: ClassVar[str] = "object"
    interfaces: ClassVar[tuple[str, ...]] = ()
    own_properties: ClassVar[tuple[Property, ...]] = (computed("type", "string", lambda obj: obj.type),)
    properties: ClassVar[Mapping[str, Property]] = {own_properties[0].name: own_properties[0]}
    ancestry: ClassVar[frozenset[str]] = frozenset({"object"})

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        base: type[Object] = cls.__mro__[1] if issubclass(cls.__mro__[1], Object) else Object
        added = cls.own_properties if "own_properties" in vars(cls) else ()
        cls.properties = {**base.properties, **{prop.name: prop for prop in added}}
        names = {cls.type_name, *cls.interfaces}
        cls.ancestry = frozenset(base.ancestry | names)
        _LINK_NAMES.update(prop.name for prop in added if prop.link is not None)

    def __init__(self) -> None:
        self.parent: Object | None = None
        self.name = ""
        # Where links are looked up while the object itself is in no tree yet.
        self.lookup_root: Root | None = None
        self._children: dict[str, Object] = {}
        self._order: GHashOrder | None = None

    @property
    def type(self) -> str:
        """The QOM type name; one class may stand for several types."""
        return self.type_name

    def is_a(self, type_name: str) -> bool:
        """Whether the object is of this type, of one derived from it, or implements this interface."""
        return type_name == self.type or type_name in self.ancestry

    # The tree

    @property
    def path(self) -> str:
        """The canonical path; ``/`` for the root, and for what is not in the tree."""
        parts = []
        node: Object = self
        while node.parent is not None:
            parts.append(node.name)
            node = node.parent
        return "/" + "/".join(reversed(parts))

    @property
    def root(self) -> Object:
        node: Object = self
        while node.parent is not None:
            node = node.parent
        return node

    def add_child(self, name: str, child: Object) -> None:
        """Put ``child`` (in no tree yet) under ``name``. Raises QEMU's text when the name is taken (qom/object.c)."""
        if name in self._children or name in self.properties:
            raise errors.duplicate_property(name, self.type)
        self._children[name] = child
        self._instance_order().add(name)
        child.parent, child.name = self, name
        index = getattr(self.root, "index", None)
        if index is not None:
            index.add(child)

    def remove_child(self, name: str) -> None:
        """Take the child out of the tree."""
        child = self._children[name]
        index = getattr(self.root, "index", None)
        if index is not None:
            index.remove(child)
        del self._children[name]
        self._instance_order().remove(name, resize=False)
        child.parent = None

    def resize_if_due(self) -> None:
        """Let the order be that after a removal by name."""
        self._instance_order().resize_if_due()

    def unparent(self) -> None:
        """Leave the tree, if in one."""
        if self.parent is not None:
            self.parent.remove_child(self.name)

    def child(self, name: str) -> Object | None:
        return self._children.get(name)

    def children(self) -> Iterator[Object]:
        """The children in the order in which QEMU walks them."""
        for name in self._order or ():
            if name in self._children:
                yield self._children[name]

    def children_by_age(self) -> Iterator[Object]:
        """The children in the order in which they came."""
        yield from self._children.values()

    def subtree(self) -> Iterator[Object]:
        """This object and all below it, in no particular order."""
        yield self
        for child in self._children.values():
            yield from child.subtree()

    def _instance_order(self) -> GHashOrder:
        if self._order is None:
            self._order = GHashOrder(name for name, prop in self.properties.items() if prop.instance)
        return self._order

    # Properties

    def find_property(self, name: str) -> Property:
        """The property ``name``, children included. Raises QEMU's text when there is none."""
        prop = self.properties.get(name)
        if prop is not None:
            return prop
        child = self._children.get(name)
        if child is None:
            raise errors.property_not_found(self.type, name)
        return Property(name, f"child<{child.type}>", lambda obj: obj.child(name).path)

    def get_property(self, name: str) -> Any:
        prop = self.find_property(name)
        if prop.get is None:
            raise errors.property_not_readable(self.type, name)
        return prop.get(self)

    def set_property(self, name: str, value: object, typed: bool = True) -> None:
        prop = self.find_property(name)
        if prop.set is None:
            raise errors.property_not_writable(self.type, name)
        prop.set(self, value, typed)

    def list_properties(self) -> list[tuple[str, str]]:
        """(name, type) of each property, in the order of ``qom-list``: the class's, then the instance's."""
        listed = [(prop.name, prop.type) for prop in self.properties.values() if not prop.instance]
        names = list(self._instance_order())
        names.reverse()
        return listed + [(name, self.find_property(name).type) for name in names]

    def add_property(self, prop: Property) -> None:
        """Give this one object a further property."""
        order = self._instance_order()
        self.properties = {**self.properties, prop.name: prop}  # type: ignore[misc]
        order.add(prop.name)

    def remove_property(self, name: str) -> None:
        self._instance_order().remove(name)
        self.properties = {key: prop for key, prop in self.properties.items() if key != name}  # type: ignore[misc]

    def linked(self, name: str) -> Object | None:
        """The object that the link ``name`` points to."""
        prop = self.properties.get(name)
        return prop.link(self) if prop is not None and prop.link is not None else None


_LINK_NAMES: set[str] = set()


class Container(Object):
    """A node that only holds others."""

    type_name = "container"


class NameIndex:
    """Every object of a tree by the last component of its path, so that a partial path needs no walk."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[int, Object]] = {}

    def add(self, top: Object) -> None:
        for obj in top.subtree():
            self._by_name.setdefault(obj.name, {})[id(obj)] = obj

    def remove(self, top: Object) -> None:
        for obj in top.subtree():
            named = self._by_name[obj.name]
            del named[id(obj)]
            if not named:
                del self._by_name[obj.name]

    def named(self, name: str) -> Iterable[Object]:
        return self._by_name.get(name, {}).values()


class Root(Container):
    """The root of a tree."""

    def __init__(self) -> None:
        super().__init__()
        self.index = NameIndex()
        self.boot_indices: dict[int, tuple[Object, str]] = {}
        # Brings in what is only recorded.
        self.reveal: Callable[[], None] = lambda: None


class AmbiguousPath(Exception):
    """A partial path that fits more than one object."""


def resolve_at(start: Object, parts: Iterable[str]) -> Object | None:
    """The object reached from ``start`` by names of children and links; empty names are skipped."""
    node: Object | None = start
    for part in parts:
        if part and node is not None:
            node = node.child(part) or node.linked(part)
    return node


def resolve(root: Root, path: str, type_name: str = "object") -> Object | None:
    """The object of type ``type_name`` that ``path``, absolute or partial, leads to; ``None`` if there is none.

    Raises AmbiguousPath when a partial path fits several (qom/object.c).
    """
    parts = path.split("/")
    if path and not parts[0]:
        found = resolve_at(root, parts)
        return found if found is not None and found.is_a(type_name) else None
    matches = [obj for obj in _partial_matches(root, [part for part in parts if part]) if obj.is_a(type_name)]
    if len(matches) > 1:
        raise AmbiguousPath(path)
    return matches[0] if matches else None


def _partial_matches(root: Root, parts: list[str]) -> Iterator[Object]:
    if not parts or parts[0] in _LINK_NAMES:
        starts: Iterable[Object] = root.subtree()
    else:
        starts = [obj.parent for obj in root.index.named(parts[0]) if obj.parent is not None]
    for start in starts:
        found = resolve_at(start, parts)
        if found is not None:
            yield found


def link(
    name: str,
    target_type: str,
    *,
    field: str = "",
    check: Callable[[Any], None] | None = None,
    writable: bool = True,
    instance: bool = False,
) -> Property:
    """A property that points to an object of ``target_type``, kept in the attribute ``field``.

    ``check`` may refuse the change, after the target has been found. An empty string clears the link.
    """
    field = field or name.replace("-", "_")

    def target(obj: Any) -> Object | None:
        found: Object | None = getattr(obj, field)
        return found

    def get(obj: Any) -> str:
        found = target(obj)
        # Something that was deleted while the link held it has no path any more.
        return found.path if found is not None and found.parent is not None else ""

    def set_it(obj: Any, value: object, typed: bool) -> None:
        found = resolve_link(obj, visit.visit_str(value, name), name, target_type)
        if check is not None:
            check(obj)
        setattr(obj, field, found)

    return Property(name, f"link<{target_type}>", get, set_it if writable else None, instance, target)


def resolve_link(obj: Object, path: str, name: str, target_type: str) -> Object | None:
    """What the link ``name`` of ``obj`` may point to under ``path``; ``None`` for an empty path (qom/object.c)."""
    if not path:
        return None
    root = obj.lookup_root or obj.root
    assert isinstance(root, Root)
    try:
        found = resolve(root, path, target_type)
        if found is None:
            root.reveal()
            found = resolve(root, path, target_type)
    except AmbiguousPath:
        raise errors.path_not_unique(path) from None
    if found is not None:
        return found
    try:
        other = resolve(root, path)
    except AmbiguousPath:
        other = root
    if other is not None:
        raise errors.invalid_parameter_type(name, target_type)
    raise errors.device_not_found(path)
