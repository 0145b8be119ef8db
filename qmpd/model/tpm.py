"""``-tpmdev``: TPMs of the host and emulated ones, as far as they can be told to be none (system/tpm.c)."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from qmpd import errors
from qmpd.errors import StartupError

if TYPE_CHECKING:
    from qmpd.config import OptionArguments
    from qmpd.model.machine import Machine

_MEMBERS: Final = {
    "passthrough": ("id", "type", "path", "cancel-path"),
    "emulator": ("id", "type", "chardev"),
}
_DEVICE: Final = "/dev/tpm0"
_SOCKET: Final = "chardev-socket"


def add(machine: Machine, tpms: list[OptionArguments]) -> None:
    """Connect the one that there may be. Raises StartupError."""
    for number, (given, origin) in enumerate((tpm.values, tpm.origin) for tpm in tpms):
        if number:
            raise StartupError(origin, errors.tpm.several())
        kind = given.get("type")
        if "id" not in given:
            raise StartupError(origin, errors.tpm.id_missing())
        if kind is None:
            raise StartupError(origin, errors.tpm.type_missing())
        if kind not in _MEMBERS:
            raise StartupError(origin, errors.tpm.type_unknown())
        for name in given:
            if name not in _MEMBERS[kind]:
                raise StartupError(origin, errors.options.invalid_parameter(name))
        if kind == "passthrough":
            _open(machine, origin, given.get("path", _DEVICE))
        else:
            _connect(machine, origin, given.get("chardev"))
            machine.tpm = given["id"]


def _open(machine: Machine, origin: str, path: str) -> None:
    try:
        machine.host.files.open(path, writable=True)
    except OSError as error:
        raise StartupError(origin, errors.tpm.path_not_opened(path, error.strerror or "")) from None
    raise StartupError(origin, errors.tpm.path_is_no_tpm(path))


def _connect(machine: Machine, origin: str, label: str | None) -> None:
    if label is None:
        raise StartupError(origin, errors.tpm.chardev_missing())
    chardev = machine.find_chardev(label)
    if chardev is None:
        raise StartupError(origin, errors.tpm.chardev_not_found(label))
    if chardev.type != _SOCKET:
        reason = os.strerror(errno.ENOTTY)
        raise StartupError(origin, errors.tpm.emulator_not_reached(reason), errors.tpm.emulator_not_shut_down(reason))
