"""Overlays: what was a disk becomes read-only, and whoever used it uses an image on top of it instead (blockdev.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.creation import create_image
from qmpd.model.block.graph import Edge, Graph, Node
from qmpd.model.block.opening import open_like
from qmpd.model.block.permissions import Permission, Role
from qmpd.model.block.reopening import set_read_only
from qmpd.model.block.steps import Step

Filename: TypeAlias = "Callable[[Node], str]"
"""What QEMU calls the file of a node."""


def snapshot(graph: Graph, name: str, overlay_name: str) -> Step:
    """blockdev-snapshot: ``overlay_name`` goes on top of a node. Raises QEMU's text."""
    node = graph.look_up(name, name)
    node.check_operation("external-snapshot")
    return _append(graph, node, graph.look_up(overlay_name, overlay_name))


def snapshot_sync(graph: Graph, options: dict[str, Any], filename: Filename) -> Step:
    """blockdev-snapshot-sync: the same with an image that is created first, unless it is there. Raises QEMU's text."""
    node = graph.look_up(options.get("device"), options.get("node-name"))
    node.check_operation("external-snapshot")
    name = options.get("snapshot-node-name")
    if "node-name" in options and name is None:
        raise errors.block.overlay_lacks_name()
    if name is not None and (graph.find_node(name) is not None or graph.find_drive(name) is not None):
        raise errors.block.overlay_name_taken()
    format_name, path = options.get("format", "qcow2"), options["snapshot-file"]
    if options.get("mode") != "existing":
        create_image(graph, path, format_name, node.size, (filename(node), node.driver.name))
    overlay = open_like(graph, node, path, format_name, name)
    try:
        return _append(graph, node, overlay)
    except QemuError:
        graph.release(overlay)
        raise


def _append(graph: Graph, node: Node, overlay: Node) -> Step:
    if overlay.demand()[0] & Permission.CONSISTENT_READ:
        raise errors.block.overlay_in_use()
    if overlay.driver.is_filter:
        raise errors.block.overlay_is_filter()
    if overlay.child("backing") is not None:
        raise errors.block.overlay_has_backing()
    if not overlay.driver.supports_backing:
        raise errors.block.overlay_cannot_have_backing()
    users = [edge for edge in node.users if edge.user not in overlay.reach()]
    edge = Edge("backing", overlay, node, Role.COW)
    graph.attach(edge)
    try:
        graph.move(users, overlay)
    except QemuError:
        graph.detach(edge)
        raise

    def undo() -> None:
        graph.move(users, node)
        graph.detach(edge)
        graph.release(overlay)

    return Step(commit=lambda: set_read_only(node, True), undo=undo)
