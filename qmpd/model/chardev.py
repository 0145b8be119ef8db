"""Character devices as objects below ``/chardevs``: only their existence and type are known here."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.catalogue import Catalogue
from qmpd.model.qom import Object, Property


class ChardevNode(Object):
    """One character device with this backend."""

    def __init__(self, catalogue: Catalogue, backend: str) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._type = f"chardev-{backend}"

    @property
    def type(self) -> str:
        return self._type

    def is_a(self, type_name: str) -> bool:
        return self._catalogue.is_a(self._type, type_name)

    def list_properties(self) -> list[tuple[str, str]]:
        return [(entry["name"], entry["type"]) for entry in self._catalogue.qom_properties(self._type).value]

    def find_property(self, name: str) -> Property:
        for listed, type_name in self.list_properties():
            if listed == name:
                return Property(name, type_name, self._value_of(name))
        raise errors.property_not_found(self._type, name)

    def _value_of(self, name: str) -> Any:
        def read(node: ChardevNode) -> str:
            if name == "type":
                return node.type
            raise errors.not_modelled(f"property '{name}' of {node.path}")

        return read
