"""Objects that nothing here models, shown as the catalogue recorded them: listed, read, found by path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.qom import Object, Property, Root, resolve

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue


class RecordedObject(Object):
    """An object with the properties that ``kinds`` names, with their QOM types; a subclass knows their values."""

    def __init__(self, catalogue: Catalogue, type_name: str, kinds: dict[str, str]) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._type = type_name
        self._kinds = kinds

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
            return Property(name, self._kinds[name], lambda _: self.value(name), self._setter(name))
        raise errors.property_not_found(self.type, name)

    def _setter(self, name: str) -> Callable[[Any, Any, bool], None] | None:
        if not self.is_a("device") or all(
            entry["name"] != name for entry in self._catalogue.device_properties(self.type).value
        ):
            return None

        def refuse(obj: RecordedObject, value: object, typed: bool) -> None:
            raise errors.set_after_realize(name, None, obj.type)

        return refuse

    def list_properties(self) -> list[tuple[str, str]]:
        return list(self._kinds.items())

    def linked(self, name: str) -> Object | None:
        if not self._kinds.get(name, "").startswith("link<"):
            return None
        path, root = self.value(name), self.root
        return resolve(root, path) if path and isinstance(root, Root) else None
