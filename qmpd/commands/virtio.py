"""qapi/virtio.json: a look into virtio devices."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context


def x_query_virtio(context: Context) -> list[dict[str, Any]]:
    raise errors.rare.no_virtio_devices()


def x_query_virtio_status(context: Context, path: str) -> None:
    raise errors.rare.virtio_not_realized(path)


def x_query_virtio_queue_status(context: Context, path: str, queue: int) -> None:
    raise errors.rare.not_virtio(path)


def x_query_virtio_vhost_queue_status(context: Context, path: str, queue: int) -> None:
    raise errors.rare.not_virtio(path)


def x_query_virtio_queue_element(context: Context, path: str, queue: int, index: int | None = None) -> None:
    raise errors.rare.not_virtio(path, "VirtIO device")
