"""qapi/qdev.json: devices."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.frozen import Frozen
from qmpd.model import qdev


def device_list_properties(context: Context, typename: str) -> Frozen:
    return context.machine.catalogue.device_properties(typename)


def device_add(context: Context, arguments: dict[str, Any]) -> None:
    qdev.device_add(context.machine, arguments)


def device_del(context: Context, id: str) -> None:
    qdev.device_del(context.machine, id)
