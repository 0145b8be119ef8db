"""Nodes that are shown to others: exports come and go, and use their node. Nobody listens, so nobody connects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.drive import Drive
from qmpd.model.block.permissions import ALL, NONE, Permission
from qmpd.model.iothread import Iothread
from qmpd.model.objects_security import check_credentials

if TYPE_CHECKING:
    from qmpd.model.block.graph import Graph, Node

_ID = r"[A-Za-z][A-Za-z0-9._-]*\Z"
_LONGEST_TEXT = 4096


class Export:
    """One export; ``name`` is what clients of the NBD server call it, ``bitmaps`` what it shows besides."""

    def __init__(self, options: dict[str, Any], node: Node) -> None:
        self.id: str = options["id"]
        self.kind: str = options["type"]
        self.name: str = options.get("name", options["node-name"])
        self.writable: bool = options.get("writable", False)
        self.bitmaps: list[dict[str, Any]] = []
        self.node = node
        self.drive = Drive(node.graph)
        self.drive.demand = (
            Permission.CONSISTENT_READ | (Permission.WRITE if self.writable else NONE),
            ALL & ~Permission.RESIZE,
        )

    def info(self) -> dict[str, Any]:
        return {"id": self.id, "type": self.kind, "node-name": self.node.name, "shutting-down": False}


def start_server(graph: Graph, options: dict[str, Any]) -> None:
    """nbd-server-start. Raises QEMU's text."""
    if graph.nbd_server_runs:
        raise errors.exports.nbd_server_running()
    if "tls-creds" in options:
        check_credentials(graph.machine, options["tls-creds"], listens=True)
    graph.nbd_server_runs = True


def stop_server(graph: Graph) -> None:
    """nbd-server-stop: with the server go its exports. Raises QEMU's text."""
    if not graph.nbd_server_runs:
        raise errors.exports.nbd_server_not_running()
    for export in reversed(list(graph.exports.values())):
        if export.kind == "nbd":
            _remove(graph, export)
    graph.nbd_server_runs = False


def add(graph: Graph, options: dict[str, Any]) -> None:
    """block-export-add. Raises QEMU's text."""
    if not re.match(_ID, options["id"]):
        raise errors.exports.export_id_malformed()
    if options["id"] in graph.exports:
        raise errors.exports.export_id_taken(options["id"])
    node = graph.look_up(None, options["node-name"])
    if node.read_only and options.get("writable", False):
        raise errors.exports.export_read_only()
    iothread = options.get("iothread")
    if iothread is not None and not isinstance(graph.machine.objects.child(iothread), Iothread):
        raise errors.exports.export_iothread_not_found(iothread)
    export = Export(options, node)
    try:
        export.drive.insert(node)
        if export.kind != "nbd":
            raise errors.not_modelled(f"exports of type {export.kind}")
        _check(graph, export, options)
    except QemuError:
        export.drive.close()
        raise
    for bitmap in export.bitmaps:
        bitmap["busy"] = True
    graph.exports[export.id] = export


def _check(graph: Graph, export: Export, options: dict[str, Any]) -> None:
    """Raise what the NBD server has against an export, and find its bitmaps."""
    if not graph.nbd_server_runs:
        raise errors.exports.nbd_server_not_running()
    for what, text in (("export name", export.name), ("description", options.get("description", ""))):
        if len(text.encode()) > _LONGEST_TEXT:
            raise errors.exports.nbd_text_too_long(what, text)
    if any(other.name == export.name for other in graph.exports.values()):
        raise errors.exports.nbd_export_taken(export.name)
    for given in options.get("bitmaps", []):
        owner, name = (
            (export.node, given) if isinstance(given, str) else (graph.look_up(None, given["node"]), given["name"])
        )
        bitmap = _find_bitmap(owner, name)
        if not export.writable and not export.node.read_only and bitmap["recording"]:
            raise errors.exports.bitmap_enabled(name)
        export.bitmaps.append(bitmap)


def _find_bitmap(node: Node, name: str) -> dict[str, Any]:
    """A bitmap of that name in the chain."""
    at: Node | None = node
    while at is not None:
        for bitmap in at.bitmaps:
            if bitmap.get("name") == name:
                return bitmap
        at = at.filtered_or_backing
    raise errors.exports.bitmap_missing(name)


def delete(graph: Graph, name: str) -> None:
    """block-export-del. Raises QEMU's text."""
    if name not in graph.exports:
        raise errors.exports.export_not_found(name)
    _remove(graph, graph.exports[name])


def _remove(graph: Graph, export: Export) -> None:
    del graph.exports[export.id]
    for bitmap in export.bitmaps:
        bitmap["busy"] = False
    export.drive.close()
    graph.machine.emit("BLOCK_EXPORT_DELETED", {"id": export.id})
