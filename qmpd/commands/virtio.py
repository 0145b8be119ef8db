"""qapi/virtio.json: a look into virtio devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.model.machine import Machine
from qmpd.model.qom import Object

_NAMES = dict.fromkeys(("virtio-tablet", "virtio-mouse", "virtio-keyboard"), "virtio-input")


def x_query_virtio(context: Context) -> list[dict[str, Any]]:
    found = list(_backends(context.machine))
    if not found:
        raise errors.rare.no_virtio_devices()
    return [{"path": backend.path, "name": _name(backend.type)} for backend in reversed(found)]


def _backends(machine: Machine) -> Iterator[Object]:
    """The virtio devices behind PCI functions."""
    for holder in (machine.board_devices, machine.peripheral.children(), machine.peripheral_anon.children()):
        for device in holder:
            backend = device.child("virtio-backend")
            if backend is not None:
                yield backend


def _name(type_name: str) -> str:
    """What the driver knows the device as: ``virtio-rng`` for ``virtio-rng-device``."""
    short = type_name.removesuffix("-device").removesuffix("-hid").removeprefix("vhost-user-").removeprefix("vhost-")
    short = short if short.startswith("virtio") else f"virtio-{short}"
    return _NAMES.get(short, short)


def x_query_virtio_status(context: Context, path: str) -> None:
    raise errors.rare.virtio_not_realized(path)


def x_query_virtio_queue_status(context: Context, path: str, queue: int) -> None:
    raise errors.rare.not_virtio(path)


def x_query_virtio_vhost_queue_status(context: Context, path: str, queue: int) -> None:
    raise errors.rare.not_virtio(path)


def x_query_virtio_queue_element(context: Context, path: str, queue: int, index: int | None = None) -> None:
    raise errors.rare.not_virtio(path, "VirtIO device")
