"""qapi/qom.json: the object tree."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.frozen import Frozen
from qmpd.model import modules, objects
from qmpd.model.machine import Machine
from qmpd.model.qom import AmbiguousPath, Object, resolve


def _find(machine: Machine, path: str) -> Object | None:
    """The object at ``path``; the objects that are only recorded come into the tree when the others do not answer."""
    if not path.startswith("/"):
        machine.show_boot_tree_for(path)
    found = resolve(machine.root_object, path)
    if found is None or found is machine.unattached:
        machine.show_recorded(path)
        found = resolve(machine.root_object, path)
    return found


def _get(context: Context, path: str) -> Object:
    try:
        found = _find(context.machine, path)
    except AmbiguousPath:
        found = None
    if found is None:
        raise errors.device_not_found(path)
    return found


def has_device(machine: Machine, path: str) -> bool:
    """Whether ``path`` leads to a device, and to one only."""
    try:
        found = _find(machine, path)
    except AmbiguousPath:
        return False
    return found is not None and found.is_a("device")


def qom_list(context: Context, path: str) -> list[dict[str, str]]:
    try:
        found = _find(context.machine, path)
    except AmbiguousPath:
        raise errors.path_ambiguous(path) from None
    if found is None:
        raise errors.device_not_found(path)
    return [{"name": name, "type": type_name} for name, type_name in found.list_properties()]


def qom_get(context: Context, path: str, property: str) -> Any:
    return _get(context, path).get_property(property)


def qom_set(context: Context, path: str, property: str, value: object) -> None:
    _get(context, path).set_property(property, value)


def qom_list_types(context: Context, implements: str | None = None, abstract: bool | None = None) -> Frozen:
    modules.load_all(context.machine)
    return context.machine.catalogue.types(implements, abstract)


def qom_list_properties(context: Context, typename: str) -> Frozen:
    modules.look_for(context.machine, typename)
    return context.machine.catalogue.qom_properties(typename)


def object_add(context: Context, arguments: dict[str, Any]) -> None:
    objects.object_add(context.machine, arguments)


def object_del(context: Context, id: str) -> None:
    objects.object_del(context.machine, id)
