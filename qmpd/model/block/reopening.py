"""What changes nodes that are there: other options, bitmaps (block.c, block/dirty-bitmap.c)."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.model.block.graph import Graph, Node
from qmpd.model.block.images import SECTOR
from qmpd.model.block.permissions import Permission

_DEFAULT_GRANULARITY = 65536
_SMALLEST_CLUSTER = 4096


def reopen(graph: Graph, options: list[dict[str, Any]]) -> None:
    """blockdev-reopen. Raises QEMU's text, and then nothing has changed."""
    chosen: list[tuple[Node, dict[str, Any]]] = []
    for given in options:
        name = given.get("node-name")
        if name is None:
            raise errors.block.block_reopen_lacks_name()
        chosen.append((graph.require_node(name), given))
    for node, given in chosen:
        _check_options(graph, node, given)
    for node, given in chosen:
        node.read_only = given.get("read-only", False)
        if node.read_only:
            _write_bitmaps(node)
        node.auto_read_only = given.get("auto-read-only", False)
        cache = given.get("cache", {})
        node.direct, node.no_flush = cache.get("direct", False), cache.get("no-flush", False)
        node.detect_zeroes = given.get("detect-zeroes", "off")


def _check_options(graph: Graph, node: Node, given: dict[str, Any]) -> None:
    for name in node.options:
        if name not in given and name != "filename":
            raise errors.image.option_not_resettable(name)
    if given["driver"] != node.driver.name:
        raise errors.block.reopen_option_fixed("driver")
    for edge in node.children:
        below = given.get(edge.name, edge.child.name)
        if isinstance(below, str) and below != edge.child.name:
            graph.look_up(None, below)
            raise errors.not_modelled("another child for a block node")
    for name, value in node.options.items():
        if given.get(name, value) != value:
            raise errors.block.reopen_option_fixed(name)
    if given.get("read-only", False) and node.demand()[0] & (Permission.WRITE | Permission.WRITE_UNCHANGED):
        raise errors.block.reopen_writers_remain(node.name)


def _write_bitmaps(node: Node) -> None:
    if node.bitmaps:
        from qmpd.model.block import stored_bitmaps

        stored_bitmaps.write(node)


def set_read_only(node: Node, read_only: bool) -> bool:
    """Let the node, and what goes with it, be read-only or not; False if somebody writes to it."""
    if read_only and node.demand()[0] & (Permission.WRITE | Permission.WRITE_UNCHANGED):
        return False
    node.read_only = read_only
    if read_only:
        _write_bitmaps(node)
    for edge in node.children:
        if edge.child.inherits:
            edge.child.read_only = read_only
    return True


def resize(node: Node, size: int) -> None:
    """Let the node be ``size`` bytes large; the file is left alone. Raises QEMU's text."""
    below = node.child("file")
    if node.driver.name == "raw" and below is not None:
        if "size" in node.options:
            raise errors.image.raw_size_fixed()
        resize(below, size + node.options.get("offset", 0))
    elif node.driver.is_filter and below is not None:
        resize(below, size)
    elif node.image is None and node.qcow2 is None:
        raise errors.block.image_does_not_support_resize()
    node.size = -(-size // SECTOR) * SECTOR


# Bitmaps


def find_bitmap(graph: Graph, name: str, bitmap_name: str) -> tuple[Node, dict[str, Any]]:
    """A node's bitmap. Raises QEMU's text."""
    drive = graph.find_drive(name)
    node = drive.node if drive is not None else graph.find_node(name)
    if node is None:
        raise errors.block.node_not_found(name)
    for bitmap in node.bitmaps:
        if bitmap["name"] == bitmap_name:
            return node, bitmap
    raise errors.block.bitmap_not_found(bitmap_name)


def default_granularity(node: Node) -> int:
    """Bytes that one bit of a bitmap stands for."""
    cluster = node.qcow2.cluster_size if node.qcow2 is not None else _DEFAULT_GRANULARITY
    return max(_SMALLEST_CLUSTER, min(cluster, _DEFAULT_GRANULARITY))


def add_bitmap(node: Node, name: str, granularity: int | None, *, disabled: bool, persistent: bool) -> None:
    """Raises QEMU's text when the name is taken."""
    if any(bitmap["name"] == name for bitmap in node.bitmaps):
        raise errors.block.bitmap_exists(name)
    bitmap = {
        "name": name,
        "count": 0,
        "granularity": granularity or default_granularity(node),
        "recording": not disabled,
        "busy": False,
        "persistent": persistent,
    }
    node.bitmaps.insert(0, bitmap)
