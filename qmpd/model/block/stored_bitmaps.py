"""Dirty bitmaps that a qcow2 image keeps (block/qcow2-bitmap.c): here until the process ends, not in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.model.block.graph import Graph, Node

_LONGEST_NAME: Final = 1023
_MOST: Final = 65535


def check(node: Node, name: str) -> None:
    """Raise QEMU's text if the image cannot keep a bitmap of that name."""
    if node.qcow2 is None:
        raise errors.image.bitmaps_not_stored(node.name)
    if any(bitmap["name"] == name for bitmap in node.bitmaps):
        raise errors.block.bitmap_exists(name)
    problem = ""
    if node.qcow2.specific["compat"] == "0.10":
        problem = errors.image.bitmaps_need_newer_version().desc
    elif len(name.encode()) > _LONGEST_NAME:
        problem = errors.image.bitmap_name_too_long().desc
    elif len(_stored(node)) >= _MOST:
        problem = errors.image.bitmaps_too_many().desc
    if problem:
        raise errors.image.bitmap_not_stored(name, node.device_or_node_name, problem)


def keep(graph: Graph, node: Node) -> None:
    """The image is closed."""
    if node.qcow2 is not None:
        graph.stored_bitmaps[_file(node)] = _stored(node)


def find(graph: Graph, node: Node) -> None:
    """The image is opened."""
    if node.qcow2 is not None:
        node.bitmaps = graph.stored_bitmaps.get(_file(node), [])[::-1]
        write(node)


def forget(graph: Graph, node: Node) -> None:
    """Another image is made in the file that ``node`` is."""
    graph.stored_bitmaps.pop(_file(node), None)


def write(node: Node) -> None:
    """What the image keeps gets into its file, which happens when it becomes read-only."""
    node.written_bitmaps = {bitmap["name"] for bitmap in _stored(node)}


def told(node: Node) -> dict[str, Any]:
    """What is said of those in the file."""
    flags = [] if node.read_only else ["in-use"]
    listed = [
        {
            "flags": flags + (["auto"] if bitmap["recording"] else []),
            "name": bitmap["name"],
            "granularity": bitmap["granularity"],
        }
        for bitmap in _stored(node)
        if bitmap["name"] in node.written_bitmaps
    ]
    return {"bitmaps": listed} if listed else {}


def _stored(node: Node) -> list[dict[str, Any]]:
    return [bitmap for bitmap in node.bitmaps if bitmap["persistent"]]


def _file(node: Node) -> object:
    """What tells the file behind a node from others."""
    below: Node | None = node
    while below is not None and below.image is None:
        node, below = below, below.child("file")
    return node if below is None or below.image is None else below.image.identity
