"""qapi/block-core.json: block nodes. What copies images or puts them on top of others stands in ``block_copies``."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands import block_info
from qmpd.commands.context import Context
from qmpd.model.block import reopening
from qmpd.model.block.graph import Node
from qmpd.model.block.permissions import ALL, Permission
from qmpd.model.iothread import Iothread

_SMALLEST_GRANULARITY = 512


def __getattr__(name: str) -> Any:
    """The commands that most machines never hear are read when the first of them is due."""
    from qmpd.commands import block_copies

    return getattr(block_copies, name)


# Queries


def query_block(context: Context) -> list[dict[str, Any]]:
    return block_info.drives(context.machine.block)


def query_blockstats(context: Context, query_nodes: bool = False) -> list[dict[str, Any]]:
    return block_info.statistics(context.machine.block, of_nodes=query_nodes)


def query_named_block_nodes(context: Context, flat: bool = False) -> list[dict[str, Any]]:
    return block_info.named_nodes(context.machine.block, flat=flat)


def query_block_jobs(context: Context) -> list[dict[str, Any]]:
    told = (job.block_info() for job in reversed(context.machine.block.jobs.values()))
    return [one for one in told if one is not None]


def x_debug_query_block_graph(context: Context) -> dict[str, Any]:
    return block_info.graph(context.machine.block)


# Nodes


def blockdev_add(context: Context, arguments: dict[str, Any]) -> None:
    from qmpd.model.block.opening import add_node  # who asks for all nodes need not have opened one

    add_node(context.machine.block, arguments)


def blockdev_del(context: Context, node_name: str) -> None:
    context.machine.block.delete(node_name)


def blockdev_reopen(context: Context, options: list[dict[str, Any]]) -> None:
    if not options:
        raise errors.block.reopen_without_nodes()
    reopening.reopen(context.machine.block, options)


def blockdev_set_active(context: Context, active: bool, node_name: str | None = None) -> None:
    graph = context.machine.block
    if node_name is not None:
        node = graph.require_node(node_name)
        if not active and node.has_active_parent:
            raise errors.image.parent_is_active()
        chosen = [node]
    else:
        chosen = [node for node in graph.walk() if active or not node.has_parent]
    for node in chosen:
        node.activate() if active else node.inactivate()


def block_resize(context: Context, size: int, device: str | None = None, node_name: str | None = None) -> None:
    from qmpd.model.block.drive import borrow

    node = context.machine.block.look_up(device, node_name)
    if size < 0:
        raise errors.invalid_parameter_value("size", "a >0 size")
    node.check_operation("resize")
    if node.read_only:
        raise errors.image.image_is_read_only()
    borrow(node, (Permission.RESIZE, ALL))
    reopening.resize(node, size)


def block_set_write_threshold(context: Context, node_name: str, write_threshold: int) -> None:
    node = context.machine.block.find_node(node_name)
    if node is None:
        raise errors.block.device_node_missing(node_name)
    node.write_threshold = write_threshold


def x_blockdev_change(context: Context, parent: str, child: str | None = None, node: str | None = None) -> None:
    graph = context.machine.block
    above = graph.look_up(parent, parent)
    if (child is None) is (node is None):
        raise errors.block.block_child_or_node_missing() if child is None else errors.block.block_child_and_node()
    if child is not None:
        if above.child(child) is None:
            raise errors.block.block_child_unknown(parent, child)
        raise errors.block.block_child_fixed(above.name, True)
    if graph.find_node(node or "") is None:
        raise errors.block.node_not_found(node or "")
    raise errors.block.block_child_fixed(above.name, False)


def x_blockdev_set_iothread(context: Context, node_name: str, iothread: str | None = None, force: bool = False) -> None:
    machine = context.machine
    node = machine.block.require_node(node_name)
    if not force and node.drives:
        raise errors.block.block_node_has_drive_force(node_name)
    if iothread is not None and not isinstance(machine.objects.child(iothread), Iothread):
        raise errors.block.iothread_not_found(iothread)


# Dirty bitmaps


def block_dirty_bitmap_add(context: Context, arguments: dict[str, Any]) -> None:
    node, granularity = arguments["node"], arguments.get("granularity")
    if not arguments["name"]:
        raise errors.block.bitmap_name_empty()
    owner = context.machine.block.look_up(node, node)
    if granularity is not None and (granularity < _SMALLEST_GRANULARITY or granularity & (granularity - 1)):
        raise errors.block.bitmap_granularity_refused()
    persistent = arguments.get("persistent", False)
    if persistent:
        from qmpd.model.block import stored_bitmaps

        stored_bitmaps.check(owner, arguments["name"])
    reopening.add_bitmap(
        owner, arguments["name"], granularity, disabled=arguments.get("disabled", False), persistent=persistent
    )


def _bitmap(context: Context, arguments: dict[str, Any]) -> tuple[Node, dict[str, Any]]:
    return reopening.find_bitmap(context.machine.block, arguments["node"], arguments["name"])


def block_dirty_bitmap_remove(context: Context, arguments: dict[str, Any]) -> None:
    owner, bitmap = _bitmap(context, arguments)
    owner.bitmaps.remove(bitmap)


def block_dirty_bitmap_clear(context: Context, arguments: dict[str, Any]) -> None:
    _bitmap(context, arguments)


def block_dirty_bitmap_enable(context: Context, arguments: dict[str, Any]) -> None:
    _bitmap(context, arguments)[1]["recording"] = True


def block_dirty_bitmap_disable(context: Context, arguments: dict[str, Any]) -> None:
    _bitmap(context, arguments)[1]["recording"] = False


def block_dirty_bitmap_merge(context: Context, arguments: dict[str, Any]) -> None:
    graph, node = context.machine.block, arguments["node"]
    reopening.find_bitmap(graph, node, arguments["target"])
    for source in arguments["bitmaps"]:
        where, name = (node, source) if isinstance(source, str) else (source["node"], source["name"])
        reopening.find_bitmap(graph, where, name)


def x_debug_block_dirty_bitmap_sha256(context: Context, arguments: dict[str, Any]) -> dict[str, str]:
    _bitmap(context, arguments)
    raise errors.not_modelled("the contents of bitmaps")
