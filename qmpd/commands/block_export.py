"""qapi/block-export.json: block nodes shown to others. Nobody connects; exports come and go."""

from __future__ import annotations

import re
from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.model.iothread import Iothread

_ID = r"[A-Za-z][A-Za-z0-9._-]*\Z"


def nbd_server_start(context: Context, addr: dict[str, Any], **options: Any) -> None:
    raise errors.not_modelled("an NBD server")


def nbd_server_add(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.block.look_up(arguments["device"], arguments["device"])
    raise errors.block.nbd_server_not_running()


def nbd_server_remove(context: Context, name: str, mode: str = "safe") -> None:
    raise errors.block.export_not_found(name)


def nbd_server_stop(context: Context) -> None:
    raise errors.block.nbd_server_not_running()


def block_export_add(context: Context, arguments: dict[str, Any]) -> None:
    if not re.match(_ID, arguments["id"]):
        raise errors.block.export_id_malformed()
    machine = context.machine
    node = machine.block.look_up(None, arguments["node-name"])
    if node.read_only and arguments.get("writable", False):
        raise errors.block.export_read_only()
    iothread = arguments.get("iothread")
    if iothread is not None and not isinstance(machine.objects.child(iothread), Iothread):
        raise errors.block.export_iothread_not_found(iothread)
    if arguments["type"] == "nbd":
        raise errors.block.nbd_server_not_running()
    raise errors.not_modelled(f"exports of type {arguments['type']}")


def block_export_del(context: Context, id: str, mode: str = "safe") -> None:
    raise errors.block.export_not_found(id)


def query_block_exports(context: Context) -> list[dict[str, Any]]:
    return []
