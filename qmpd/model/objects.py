"""Creating and deleting user objects (qom/object_interfaces.c)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.hashorder import qdict_order
from qmpd.model.hostmem import MemoryBackendRam
from qmpd.model.iothread import Iothread, MainLoop
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


def _file(machine: Machine) -> UserObject:
    from qmpd.model.hostmem_file import MemoryBackendFile

    return MemoryBackendFile(machine)


def _memfd(machine: Machine) -> UserObject:
    from qmpd.model.hostmem_memfd import MemoryBackendMemfd

    return MemoryBackendMemfd(machine)


def _shm(machine: Machine) -> UserObject:
    from qmpd.model.hostmem_memfd import MemoryBackendShm

    return MemoryBackendShm(machine)


def _epc(machine: Machine) -> UserObject:
    from qmpd.model.hostmem_epc import MemoryBackendEpc

    if not machine.host.sgx:
        raise errors.invalid_object_type(MemoryBackendEpc.type_name)
    return MemoryBackendEpc(machine)


def _throttle_group(machine: Machine) -> UserObject:
    from qmpd.model.throttle_group import ThrottleGroup

    return ThrottleGroup(machine)


TYPES: dict[str, Callable[[Machine], UserObject]] = {
    "memory-backend-ram": MemoryBackendRam,
    "memory-backend-file": _file,
    "memory-backend-memfd": _memfd,
    "memory-backend-shm": _shm,
    "memory-backend-epc": _epc,
    "iothread": Iothread,
    "main-loop": MainLoop,
    "throttle-group": _throttle_group,
}
"""What a machine can make. The modules of the rarer kinds are read when the first one is asked for."""


def _maker(type_name: str) -> Callable[[Machine], UserObject] | None:
    if type_name in TYPES:
        return TYPES[type_name]
    from qmpd.model import objects_plain, objects_security

    maker = objects_plain.TYPES.get(type_name) or objects_security.TYPES.get(type_name)
    if maker is None:
        from qmpd.model import objects_rare

        maker = objects_rare.TYPES.get(type_name)
    return maker


_IDENTIFIER = r"[A-Za-z][A-Za-z0-9._-]*\Z"


def property_order(names: Mapping[str, Any]) -> list[str]:
    """The order in which QEMU sets properties given together: that of a copied QDict."""
    return qdict_order(reversed(list(names)))


def object_add(machine: Machine, options: Mapping[str, Any]) -> None:
    """Create the object that ``options`` (ObjectOptions in qapi/qom.json, checked for its shape) describe.

    Raises QEMU's text, and then nothing has changed.
    """
    properties = dict(options)
    type_name, name = properties.pop("qom-type"), properties.pop("id")
    if not re.match(_IDENTIFIER, name):
        raise errors.options.option_id_malformed()
    create = _maker(type_name)
    if create is None:
        if not machine.catalogue.has_type(type_name):
            raise errors.invalid_object_type(type_name)
        raise errors.not_modelled(f"objects of type '{type_name}'")
    obj = create(machine)
    # QEMU resolves links before the object is in the tree, so the lookup starts from the machine's root.
    obj.lookup_root = machine.root_object
    for prop in property_order(properties):
        obj.set_property(prop, properties[prop])
    machine.objects.add_child(name, obj)
    try:
        obj.complete()
    except QemuError:
        obj.unparent()
        machine.objects.resize_if_due()
        raise


def object_del(machine: Machine, name: str) -> None:
    """Delete the object ``name`` of ``/objects``. Raises QEMU's text when there is none or something needs it."""
    obj = machine.objects.child(name)
    if not isinstance(obj, UserObject):
        raise errors.object_not_found(name)
    if obj.in_use:
        raise errors.object_in_use(name)
    obj.unparent()
