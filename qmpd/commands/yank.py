"""qapi/yank.json: breaking connections that hang. There are none here that could be broken."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context

_SOCKET = "unix:"


def yank(context: Context, instances: list[dict[str, Any]]) -> None:
    for _ in instances:
        raise errors.rare.yank_instance_not_found()


def query_yank(context: Context) -> list[dict[str, Any]]:
    return [{"type": "chardev", "id": status.label} for status in context.host.chardevs if _SOCKET in status.filename]
