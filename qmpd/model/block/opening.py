"""How a block node comes to be: options inherited from above, children first, then the node itself (block.c)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import NotYet, QemuError
from qmpd.model.block.drivers import DRIVERS
from qmpd.model.block.graph import Edge, Node
from qmpd.model.block.images import probe
from qmpd.model.block.permissions import Role

if TYPE_CHECKING:
    from qmpd.model.block.graph import Graph

_COMMON = frozenset(
    {
        *("driver", "node-name", "discard", "cache", "active", "read-only", "auto-read-only", "force-share"),
        *("detect-zeroes", "backing"),
    }
)


class Opening:
    """One node while it is being opened: its options as given, and the children that wait to be attached."""

    def __init__(self, graph: Graph, given: Mapping[str, Any]) -> None:
        self.graph = graph
        self.given = given
        self._waiting: dict[str, Node] = {}

    def prepare(self, name: str, node: Node, role: Role) -> None:
        """Open a child that is looked at before the node has its name. Raises QEMU's text."""
        if name in self.given:
            self._waiting[name] = open_reference(self.graph, self.given[name], node, role)

    def attach(self, node: Node, name: str, role: Role) -> None:
        """Make a child of ``node`` from the option ``name``. Raises QEMU's text."""
        if name not in self._waiting:
            self.prepare(name, node, role)
        if name not in self._waiting:
            raise errors.block.block_child_missing(name)
        self.graph.attach(Edge(name, node, self._waiting[name], role))

    def abandon(self) -> None:
        """Let go of children that found no parent."""
        for child in self._waiting.values():
            self.graph.release(child)


def add_node(graph: Graph, given: Mapping[str, Any]) -> None:
    """blockdev-add. Raises QEMU's text."""
    if "node-name" not in given:
        raise errors.block.block_node_name_missing()
    open_node(graph, given).owned_by_monitor = True


def open_reference(graph: Graph, given: str | Mapping[str, Any], parent: Node, role: Role) -> Node:
    """The node that a parent's option names or describes. Raises QEMU's text."""
    if isinstance(given, str):
        return graph.look_up(given, given)
    return open_node(graph, given, parent, role)


def open_reference_alone(graph: Graph, given: str | Mapping[str, Any]) -> Node:
    """The node that an option names, or a new one that nobody uses yet. Raises QEMU's text."""
    return graph.look_up(given, given) if isinstance(given, str) else open_node(graph, given)


def open_node(graph: Graph, given: Mapping[str, Any], parent: Node | None = None, role: Role | None = None) -> Node:
    """A new node from ``given`` (BlockdevOptions in qapi/block-core.json). Raises QEMU's text.

    Nobody uses it yet.
    """
    driver = DRIVERS.get(given["driver"])
    if driver is None:
        raise errors.block.block_driver_unknown(given["driver"])
    node = Node(driver, {name: value for name, value in given.items() if name not in _COMMON})
    _inherit(node, given, parent, role)
    opening = Opening(graph, given)
    try:
        if not driver.is_protocol:
            opening.prepare("file", node, Role.DATA)
        _check_common(node, given)
        graph.name_node(node, given.get("node-name"))
        try:
            driver.open(opening, node)
            node.size = -(-node.size // 512) * 512
            if graph.stored_bitmaps:
                from qmpd.model.block import stored_bitmaps

                stored_bitmaps.find(graph, node)
            if driver.supports_backing:
                _open_backing(opening, node)
            if given.get("cache") == {}:
                raise errors.image.option_unknown(driver.name, "cache", is_protocol=driver.is_protocol)
        except (QemuError, NotYet):
            graph.release(node)
            raise
    except (QemuError, NotYet):
        opening.abandon()
        raise
    for name in [edge.name for edge in node.children]:
        node.options.pop(name, None)
    return node


def _inherit(node: Node, given: Mapping[str, Any], parent: Node | None, role: Role | None) -> None:
    cache = given.get("cache", {})
    node.direct = cache.get("direct", parent.direct if parent else False)
    node.no_flush = cache.get("no-flush", parent.no_flush if parent else False)
    node.force_share = given.get("force-share", parent.force_share if parent else False)
    below_overlay = role is not None and bool(role & Role.COW)
    node.read_only = given.get("read-only", below_overlay or (parent.read_only if parent else False))
    node.auto_read_only = given.get(
        "auto-read-only", not below_overlay and (parent.auto_read_only if parent else False)
    )
    node.inherits = parent is not None and not below_overlay and "read-only" not in given
    node.detect_zeroes = given.get("detect-zeroes", "off")
    node.active = given.get("active", True)


def _check_common(node: Node, given: Mapping[str, Any]) -> None:
    if node.force_share and not node.read_only:
        raise errors.block.force_share_needs_read_only()
    if node.driver.needs_filename and not given.get("filename"):
        raise errors.block.block_driver_needs_filename(node.driver.name)
    if node.detect_zeroes == "unmap" and given.get("discard") != "unmap":
        raise errors.block.detect_zeroes_unmap_refused()


def _open_backing(opening: Opening, node: Node) -> None:
    """What lies below an overlay: as the options say, or as its own header does."""
    header = node.qcow2
    if "backing" in opening.given:
        if opening.given["backing"] is None:
            return
        opening.attach(node, "backing", Role.COW)
    elif header is not None and header.backing_file:
        path = posixpath.join(posixpath.dirname(_path_of(node)), header.backing_file)
        try:
            below = open_file(opening.graph, path, header.backing_format, node, Role.COW)
        except QemuError as error:
            raise errors.block.backing_open_failed(error) from None
        opening.graph.attach(Edge("backing", node, below, Role.COW))


def _path_of(node: Node) -> str:
    child = node.child("file")
    return child.options.get("filename", "") if child is not None else ""


def open_file(
    graph: Graph,
    path: str,
    format_name: str = "",
    parent: Node | None = None,
    role: Role | None = None,
    options: Mapping[str, Any] | None = None,
) -> Node:
    """A new node for the image in a file, in the format that is given or that it seems to have. Raises QEMU's text."""
    if format_name and format_name not in DRIVERS:
        raise errors.block.block_driver_unknown(format_name)
    if format_name and DRIVERS[format_name].is_protocol:
        return open_node(graph, {**(options or {}), "driver": format_name, "filename": path}, parent, role)
    given: dict[str, Any] = {"driver": "raw", **(options or {})}
    node = Node(DRIVERS["raw"], {})
    _inherit(node, given, parent, role)
    below = open_node(graph, {"driver": "file", "filename": path}, node, Role.DATA)
    given["driver"] = format_name or (probe(below.image.head) if below.image is not None else "raw")
    try:
        return open_node(graph, {**given, "file": below.name}, parent, role)
    except (QemuError, NotYet):
        graph.release(below)
        raise


def open_like(
    graph: Graph, node: Node, path: str, format_name: str, name: str | None, *, writable: bool = False
) -> Node:
    """A new node for an image, without what lies below it, that is opened as ``node`` is. Raises QEMU's text."""
    given = {
        "backing": None,
        "read-only": node.read_only and not writable,
        "auto-read-only": node.auto_read_only,
        "cache": {"direct": node.direct, "no-flush": node.no_flush},
    }
    return open_file(graph, path, format_name, options=given if name is None else given | {"node-name": name})
