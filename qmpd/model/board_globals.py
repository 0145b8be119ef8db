"""What ``-global`` does to devices that a board makes, and what is said of one that no device took
(hw/core/qdev-properties.c).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue.catalogue import family_of
from qmpd.errors import QemuError
from qmpd.model.stored_properties import KINDS
from qmpd.options.values import GlobalText

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue
    from qmpd.model.machine import Machine

_CPU = "-x86_64-cpu"
_FLASH, _SPEAKER = "cfi.pflash01", "isa-pcspk"
_EARLY = {"pc-q35": (_FLASH, _SPEAKER), "pc-i440fx": (_FLASH, _SPEAKER), "isapc": (_SPEAKER,)}
"""What families of machines make before their properties are set."""


def apply(machine: Machine, *, early: bool) -> None:
    """Tell the devices that are there before the machine's properties are set, or the others. Raises QEMU's text."""
    first = _EARLY.get(family_of(machine.info.name), ())
    if early:
        _apply(machine, first)
    else:
        types = _device_types(machine.catalogue, machine.numbering.types)
        _apply(machine, [name for name in types if name not in first])


@cache
def _device_types(catalogue: Catalogue, types: tuple[str, ...]) -> tuple[str, ...]:
    """Those of devices, but for CPUs."""
    return tuple(name for name in types if not name.endswith(_CPU) and catalogue.is_a(name, "device"))


def _apply(machine: Machine, types: Iterable[str]) -> None:
    for type_name in types:
        for owner, name, text in machine.config.globals:
            if not machine.catalogue.is_a(type_name, owner):
                continue
            try:
                value = _read(machine, type_name, name, text)
            except QemuError as error:
                raise errors.machine.global_not_applicable(owner, name, text, error) from None
            if value is not None:
                machine.board_values.setdefault(type_name, {})[name] = value


def _read(machine: Machine, type_name: str, name: str, text: str) -> Any:
    """What a device of the type makes of the value; None if that shows nowhere."""
    entries = machine.catalogue.qom_properties(type_name).value
    kind = next((entry["type"] for entry in entries if entry["name"] == name), None)
    if kind is None:
        raise errors.property_not_found(type_name, name)
    if (type_name, name) == (_SPEAKER, "audiodev"):
        raise errors.machine.audiodev_not_found(text)  # there is none yet when boards make their speaker
    if machine.catalogue.setter(type_name, name, kind) is None:
        raise errors.property_not_writable(type_name, name)
    return KINDS[kind].read(GlobalText(text), name, typed=False) if kind in KINDS else None


def unused(machine: Machine) -> Iterable[str]:
    """What QEMU says of globals that are for nobody who is there."""
    catalogue = machine.catalogue
    types = {machine.cpus.type, _FLASH, _SPEAKER, *_device_types(catalogue, machine.numbering.types)}
    for place in (machine.peripheral, machine.peripheral_anon):
        types |= {found.type for found in place.subtree()}
    for owner, name, text in machine.config.globals:
        if any(catalogue.is_a(type_name, owner) for type_name in types):
            continue
        if not catalogue.has_type(owner) or not catalogue.is_a(owner, "device"):
            yield errors.machine.global_of_no_class(owner, name)
        elif catalogue.type_info(owner).hotpluggable is False:
            yield errors.machine.global_not_used(owner, name, text)
