"""Objects that nothing here models, shown as the catalogue recorded them: listed, read, found by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue import LINK
from qmpd.catalogue.tree import CHILD
from qmpd.hashorder import GHashOrder
from qmpd.model import boot_order
from qmpd.model.qom import BOOL, INT, INT32, STRING, UINT8, UINT64, Kind, Object, Property, Root, resolve, resolve_link

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue

_KINDS: dict[str, Kind] = {kind.name: kind for kind in (BOOL, INT, INT32, STRING, UINT8, UINT64)}
"""Of the values that some recorded object takes, by their QOM types or the words that the catalogue has for them."""


class RecordedObject(Object):
    """An object with the properties that ``kinds`` names, with their QOM types; a subclass knows their values."""

    def __init__(self, catalogue: Catalogue, type_name: str, kinds: dict[str, str]) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._type = type_name
        self._kinds = kinds
        self._changed: dict[str, Any] = {}

    @property
    def type(self) -> str:
        return self._type

    def is_a(self, type_name: str) -> bool:
        return type_name == "object" or self._catalogue.is_a(self.type, type_name)

    def value(self, name: str) -> Any:
        """What qom-get answers. Raises QEMU's text where it refuses."""
        raise NotImplementedError

    def find_property(self, name: str) -> Property:
        if self.child(name) is not None:
            return super().find_property(name)
        if name in self._kinds:
            return Property(name, self._kinds[name], lambda _: self._read(name), self._setter(name))
        raise errors.property_not_found(self.type, name)

    def _read(self, name: str) -> Any:
        return self._changed[name] if name in self._changed else self.value(name)

    def _setter(self, name: str) -> Callable[[Any, Any, bool], None] | None:
        kind = self._kinds[name]
        rule = self._catalogue.setter(self.type, name, kind)

        def take(obj: RecordedObject, value: object, typed: bool) -> None:
            if kind.startswith(LINK):
                value = obj._target(name, value, typed)
            if isinstance(rule, str):
                refusal = errors.set_link_after_realize if kind.startswith(LINK) else errors.set_after_realize
                raise refusal(rule, None, obj.type)
            if not kind.startswith(LINK):
                value = (_KINDS.get(kind) or _KINDS[rule[0]]).read(value, name, typed)
            if name.startswith(boot_order.PREFIX):
                assert isinstance(value, int)
                boot_order.claim(obj, name, value)
            obj._changed[name] = value

        def realize(obj: RecordedObject, value: object, typed: bool) -> None:
            if not BOOL.read(value, name, typed):
                raise errors.unrealize_unsupported(None, obj.type)
            obj.keep(name, True)

        if rule is None:
            return None
        return realize if name == "realized" else take

    def _target(self, name: str, path: object, typed: bool) -> str:
        """The path of what a link may be set to."""
        wanted = self._kinds[name][len(LINK) : -1]
        target = resolve_link(self, STRING.read(path, name, typed), name, wanted)
        return target.path if target is not None else ""

    def keep(self, name: str, value: Any) -> None:
        """Have the property say this from now on."""
        self._changed[name] = value

    def list_properties(self) -> list[tuple[str, str]]:
        return list(self._kinds.items())

    def list_children(self, names: Iterable[str]) -> None:
        """List other children than were recorded: these, of which the first was there first."""
        own = {name: kind for name, kind in self._kinds.items() if not kind.startswith(CHILD)}
        children = {name: f"{CHILD}{child.type}>" for name in names if (child := self.child(name)) is not None}
        self._kinds = own | {name: children[name] for name in reversed(list(GHashOrder(children)))}

    def linked(self, name: str) -> Object | None:
        if not self._kinds.get(name, "").startswith(LINK):
            return None
        path, root = self._read(name), self.root
        return resolve(root, path) if path and isinstance(root, Root) else None
