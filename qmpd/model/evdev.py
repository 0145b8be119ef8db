"""The host's own keyboards and mice (ui/input-linux.c, hw/input/virtio-input-host.c): nobody here may have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


def refuse(machine: Machine, path: str) -> NoReturn:
    """Raise QEMU's text for what is no such device."""
    try:
        machine.host.files.open(path, writable=True)
    except OSError as error:
        raise errors.char.file_open_failed(path, error.strerror or "") from None
    if path.startswith("/dev/input/"):
        raise errors.not_modelled("the host's input devices")
    raise errors.ui.not_evdev(path)
