"""Parts of QEMU that it loads when somebody first asks for their types, which shows in what it then offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

USB_HOST, BRAILLE = "usb-host", "chardev-braille"
_ALL = frozenset({USB_HOST, BRAILLE})


def look_for(machine: Machine, type_name: object) -> None:
    """Somebody asks for this type."""
    if isinstance(type_name, str) and type_name in _ALL:
        machine.loaded_modules |= {type_name}


def load_all(machine: Machine) -> None:
    """Somebody asks for all types."""
    machine.loaded_modules |= _ALL
