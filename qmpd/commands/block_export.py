"""qapi/block-export.json: block nodes shown to others. Nobody connects; exports come and go."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.model.block import exports


def nbd_server_start(context: Context, arguments: dict[str, Any]) -> None:
    exports.start_server(context.machine.block, arguments)


def nbd_server_add(context: Context, arguments: dict[str, Any]) -> None:
    graph, device = context.machine.block, arguments["device"]
    node = graph.look_up(device, device)
    name = arguments.get("name", device)
    bitmaps = {"bitmaps": [arguments["bitmap"]]} if "bitmap" in arguments else {}
    writable = arguments.get("writable", False) and not node.read_only
    described = {key: arguments[key] for key in ("description",) if key in arguments}
    base = {"type": "nbd", "id": name, "node-name": node.name, "name": name, "writable": writable}
    exports.add(graph, base | described | bitmaps)


def nbd_server_remove(context: Context, name: str, mode: str = "safe") -> None:
    exports.delete(context.machine.block, name)


def nbd_server_stop(context: Context) -> None:
    exports.stop_server(context.machine.block)


def block_export_add(context: Context, arguments: dict[str, Any]) -> None:
    exports.add(context.machine.block, arguments)


def block_export_del(context: Context, id: str, mode: str = "safe") -> None:
    exports.delete(context.machine.block, id)


def query_block_exports(context: Context) -> list[dict[str, Any]]:
    return [export.info() for export in reversed(context.machine.block.exports.values())]
