"""Devices whose properties are those the catalogue knows of their type: stored, checked, and without effect.

A subclass declares only the properties that mean something; it need not repeat names, types or order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.model.device import Device, static_link
from qmpd.model.qom import (
    BOOL,
    INT,
    INT32,
    ON_OFF_AUTO,
    SIZE,
    STR,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Choice,
    Kind,
    Object,
    Property,
)

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue
    from qmpd.model.machine import Machine

_KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *(BOOL, INT, INT32, ON_OFF_AUTO, SIZE, STR, STRING, UINT8, UINT16, UINT32, UINT64),
        Choice("PCIELinkSpeed", ("2_5", "5", "8", "16", "32", "64")),
        Choice("PCIELinkWidth", ("1", "2", "4", "8", "12", "16", "32")),
    )
}
_EMPTY: dict[str, Any] = {"bool": False, "str": "", "string": "", "OnOffAuto": "auto"}
_SET_ANY_TIME = ("bootindex",)
"""What devices add to themselves, not to their class: it can be changed later, and is listed with the children."""


class CatalogueDevice(Device):
    """A device of the type ``device_type``; ``values`` holds what the properties that mean nothing are set to."""

    own_properties: ClassVar[tuple[Property, ...]] = ()

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine)
        self.device_type = device_type
        self.values: dict[str, Any] = {}
        # The class's own table holds only what was declared; this one has all the type's properties in order.
        self.properties = property_table(type(self), machine.catalogue, device_type)  # type: ignore[misc]
        self.links: dict[str, Object | None] = {}

    @property
    def type(self) -> str:
        return self.device_type

    def is_a(self, type_name: str) -> bool:
        return self.machine.catalogue.is_a(self.device_type, type_name)

    @property
    def class_hotpluggable(self) -> bool:
        return self.machine.catalogue.type_info(self.device_type).hotpluggable is not False

    def value(self, name: str) -> Any:
        """What the property ``name`` is set to: by the user, by the machine's version, or by default."""
        if name in self.values:
            return self.values[name]
        return defaults(self.machine.catalogue, self.machine.info.name, self.device_type)[name]

    @classmethod
    def instance_properties(cls, catalogue: Catalogue, device_type: str) -> Iterable[Property]:
        """The properties that each object adds to itself, in the order in which it does."""
        names = {entry["name"]: entry for entry in catalogue.qom_properties(device_type).value}
        declared = [prop for prop in cls.properties.values() if prop.instance and prop.name in names]
        stored = [_stored(names[name], instance=True) for name in _SET_ANY_TIME if name in names]
        return [*declared, *stored]


@cache
def defaults(catalogue: Catalogue, machine_type: str, device_type: str) -> Mapping[str, Any]:
    """The values of the properties that nobody has set."""
    entries = catalogue.qom_properties(device_type).value
    values: dict[str, Any] = {
        entry["name"]: entry.get("default-value", _EMPTY.get(entry["type"], 0)) for entry in entries
    }
    values.update(catalogue.compat_defaults(machine_type).get(device_type, {}))
    return values


_tables: dict[tuple[type, Catalogue, str], Mapping[str, Property]] = {}


def property_table(cls: type[CatalogueDevice], catalogue: Catalogue, device_type: str) -> Mapping[str, Property]:
    """All properties of ``device_type``, the class's first; those that ``cls`` declares replace the stored ones."""
    key = cls, catalogue, device_type
    if key not in _tables:
        _tables[key] = _build_table(cls, catalogue, device_type)
    return _tables[key]


def _build_table(cls: type[CatalogueDevice], catalogue: Catalogue, device_type: str) -> Mapping[str, Property]:
    instance = {prop.name: prop for prop in cls.instance_properties(catalogue, device_type)}
    table = {}
    for entry in catalogue.qom_properties(device_type).value:
        name = entry["name"]
        if name in instance or entry["type"].startswith("child<"):
            continue
        table[name] = cls.properties.get(name) or _stored(entry, instance=False)
    return table | instance


def _stored(entry: Mapping[str, Any], *, instance: bool) -> Property:
    """A property that only keeps its value; one of the class cannot change once the device is realized."""
    name, type_name = entry["name"], entry["type"]
    if name.startswith("legacy-"):
        return Property(name, type_name)
    if type_name.startswith("link<"):
        return _stored_link(name, type_name[len("link<") : -1])
    kind = _KINDS.get(type_name)

    def set_it(device: CatalogueDevice, value: object, typed: bool) -> None:
        if device.realized and not instance:
            raise errors.set_after_realize(name, device.device_id, device.type)
        if kind is None:
            raise errors.not_modelled(f"property '{name}' of devices of type '{device.type}'")
        device.values[name] = kind.read(value, name, typed)

    return Property(name, type_name, lambda device: device.value(name), set_it, instance=instance)


def _stored_link(name: str, target_type: str) -> Property:
    declared = static_link(name, target_type, field="_target")
    assert declared.set is not None
    set_target = declared.set

    def set_it(device: CatalogueDevice, value: object, typed: bool) -> None:
        set_target(device, value, typed)
        device.links[name] = vars(device).pop("_target")

    def get(device: CatalogueDevice) -> str:
        target = device.links.get(name)
        return target.path if target is not None else ""

    return Property(name, declared.type, get, set_it, link=lambda device: device.links.get(name))
