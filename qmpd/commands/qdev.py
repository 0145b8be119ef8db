"""qapi/qdev.json: devices."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.errors import QemuError
from qmpd.frozen import Frozen
from qmpd.model import modules, qdev


def device_list_properties(context: Context, typename: str) -> Frozen:
    modules.look_for(context.machine, typename)
    return context.machine.catalogue.device_properties(typename)


def device_add(context: Context, arguments: dict[str, Any]) -> None:
    modules.look_for(context.machine, arguments.get("driver"))
    qdev.device_add(context.machine, arguments)


def device_del(context: Context, id: str) -> None:
    qdev.device_del(context.machine, id)


def device_sync_config(context: Context, id: str) -> None:
    machine = context.machine
    if machine.migration.in_progress:
        raise errors.migration.config_frozen()
    try:
        device = qdev.find_device(machine, id)
    except QemuError as error:
        raise QemuError(error.desc) from None
    behind = device.child("virtio-backend")
    raise errors.migration.config_not_synchronized((behind or device).type)
