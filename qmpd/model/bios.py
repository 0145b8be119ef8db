"""The firmware that a machine is told to have: ``-bios`` (hw/i386/x86-common.c). Only its size is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_UNIT: Final = 64 << 10
_BROUGHT: Final = {"bios.bin": 2, "bios-256k.bin": 4, "bios-microvm.bin": 2, "qboot.rom": 1}
"""The files that QEMU brings along, in 64 KiB."""


def load(machine: Machine, name: str) -> None:
    """Raise QEMU's text for a file that cannot be one."""
    try:
        size = machine.host.files.open(name, writable=False).size or 0
    except OSError:
        size = _BROUGHT.get(name, 0) * _UNIT
    if not size or size % _UNIT:
        raise errors.firmware.bios_not_loaded(name)
    machine.bios_size = size
