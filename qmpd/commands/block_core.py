"""qapi/block-core.json: block nodes, and jobs on them."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands import block_info
from qmpd.commands.context import Context
from qmpd.model.block import copies, reopening, snapshots
from qmpd.model.block.block_jobs import BlockJob, Settings, between, cancel, chain, find_block_job, note_backing
from qmpd.model.block.drive import borrow
from qmpd.model.block.graph import Graph, Node
from qmpd.model.block.job_kinds import Commit, Mirror, Stream
from qmpd.model.block.jobs import create_image
from qmpd.model.block.opening import add_node
from qmpd.model.block.permissions import ALL, Permission
from qmpd.model.iothread import Iothread

_SMALLEST_GRANULARITY = 512


# Queries


def query_block(context: Context) -> list[dict[str, Any]]:
    return block_info.drives(context.machine.block)


def query_blockstats(context: Context, query_nodes: bool = False) -> list[dict[str, Any]]:
    return block_info.statistics(context.machine.block, of_nodes=query_nodes)


def query_named_block_nodes(context: Context, flat: bool = False) -> list[dict[str, Any]]:
    return block_info.named_nodes(context.machine.block, flat=flat)


def query_block_jobs(context: Context) -> list[dict[str, Any]]:
    jobs = context.machine.block.jobs.values()
    return [job.block_info() for job in reversed(jobs) if isinstance(job, BlockJob)]


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
    chosen = list(graph.nodes.values()) if node_name is None else [graph.require_node(node_name)]
    for node in chosen:
        node.active = active


def block_resize(context: Context, size: int, device: str | None = None, node_name: str | None = None) -> None:
    node = context.machine.block.look_up(device, node_name)
    if size < 0:
        raise errors.invalid_parameter_value("size", "a >0 size")
    node.check_operation("resize")
    if node.read_only:
        raise errors.block.image_is_read_only()
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


# Images


def blockdev_create(context: Context, job_id: str, options: dict[str, Any]) -> None:
    create_image(context.machine.block, job_id, options)


def x_blockdev_amend(
    context: Context, job_id: str, node_name: str, options: dict[str, Any], force: bool = False
) -> None:
    node = context.machine.block.look_up(None, node_name)
    if node.driver.name != options["driver"]:
        raise errors.block.amend_of_other_driver()
    raise errors.not_modelled("changes of an image's format options")


def change_backing_file(context: Context, device: str, image_node_name: str, backing_file: str) -> None:
    graph = context.machine.block
    node = graph.find_root(device)
    image = graph.look_up(None, image_node_name)
    if image.backing is None:
        raise errors.block.image_without_backing()
    node.check_operation("change")
    if image not in chain(node):
        raise errors.block.image_not_in_chain(device)
    note_backing(image, backing_file, image.driver.name)


# Snapshots


def blockdev_snapshot(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.block.drain()
    snapshots.snapshot(context.machine.block, arguments["node"], arguments["overlay"]).take()


def blockdev_snapshot_sync(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.block.drain()
    snapshots.snapshot_sync(context.machine.block, arguments, block_info.filename).take()


def blockdev_snapshot_internal_sync(context: Context, arguments: dict[str, Any]) -> None:
    device = arguments["device"]
    node = context.machine.block.find_root(device)
    node.check_operation("internal-snapshot")
    if node.read_only:
        raise errors.block.device_read_only(device)
    if node.driver.name != "qcow2":
        raise errors.block.internal_snapshot_unsupported(node.driver.name, device)
    if not arguments["name"]:
        raise errors.block.snapshot_name_empty()
    raise errors.not_modelled("snapshots inside an image")


def blockdev_snapshot_delete_internal_sync(
    context: Context, device: str, id: str | None = None, name: str | None = None
) -> None:
    node = context.machine.block.find_root(device)
    if id is None and name is None:
        raise errors.block.snapshot_not_named()
    node.check_operation("internal-snapshot-delete")
    if node.driver.name != "qcow2":
        raise errors.block.snapshots_not_listed()
    raise errors.block.snapshot_not_found(id or "null", name or "null", device)


# Jobs


def block_stream(context: Context, device: str, **options: Any) -> None:
    for first, second in (("base", "base_node"), ("base", "bottom"), ("bottom", "base_node")):
        if first in options and second in options:
            raise errors.jobs.block_arguments_exclusive(first, second.replace("_", "-"))
    graph = context.machine.block
    node = graph.look_up(device, device)
    base = bottom = None
    if "base" in options:
        base = _named_in_chain(chain(node)[1:], options["base"])
        if base is None:
            raise errors.jobs.not_in_backing_chain(options["base"])
    if "base_node" in options:
        base = graph.look_up(None, options["base_node"])
        if base is node or base not in chain(node):
            raise errors.jobs.node_not_a_backing_image(options["base_node"], device)
    if "bottom" in options:
        bottom = graph.look_up(None, options["bottom"])
        if bottom.driver.is_filter:
            raise errors.jobs.bottom_is_a_filter(options["bottom"])
        if bottom not in chain(node):
            raise errors.jobs.node_not_in_chain(options["bottom"], device)
        base = bottom.filtered_or_backing
    for one in between(node, base):
        one.check_operation("stream")
    if base is None and "backing_file" in options:
        raise errors.jobs.backing_file_of_whole_chain()
    Stream(node, base, options.get("backing_file"), Settings.of(options), block_info.filename).run()


def _named_in_chain(nodes: list[Node], name: str) -> Node | None:
    return next((node for node in nodes if block_info.filename(node) == name), None)


def block_commit(context: Context, device: str, **options: Any) -> None:
    graph = context.machine.block
    if graph.find_drive(device) is None and graph.find_node(device) is None:
        raise errors.device_not_found(device)
    node = graph.find_root(device)
    node.check_operation("commit-source")
    top = _end_of_commit(graph, chain(node), node, options, "top")
    if top is None:
        raise errors.jobs.top_not_found(options["top"])
    base = _end_of_commit(graph, chain(top), chain(top)[-1], options, "base")
    if base is None:
        raise errors.jobs.not_in_backing_chain(options["base"])
    for one in (*between(top, base), base):
        one.check_operation("commit-target")
    if top is base:
        raise errors.jobs.commit_into_itself()
    settings, backing_file = Settings.of(options), options.get("backing_file")
    if Permission.WRITE not in top.demand()[0] and top is not node:
        overlay = next(one for one in chain(node) if one.filtered_or_backing is top)
        overlay.check_operation("commit-target")
        Commit(node, top, base, backing_file, settings, block_info.filename).run()
        return
    if backing_file is not None:
        raise errors.jobs.backing_file_of_active_layer() if top is node else errors.jobs.backing_file_below_writer()
    Mirror(top, base, settings, 0, active=True).run()


def _end_of_commit(graph: Graph, nodes: list[Node], default: Node, options: dict[str, Any], end: str) -> Node | None:
    """The node that ``top-node`` and ``top`` choose, or ``base-node`` and ``base``. Raises QEMU's text."""
    if f"{end}_node" in options and end in options:
        raise errors.jobs.block_arguments_mutually_exclusive(f"{end}-node", end)
    if f"{end}_node" in options:
        chosen = graph.look_up(None, options[f"{end}_node"])
        if chosen not in nodes:
            raise errors.jobs.node_not_in_this_chain(options[f"{end}_node"])
        return chosen
    if end in options:
        return _named_in_chain(nodes if end == "top" else nodes[1:], options[end])
    return default


def drive_backup(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.block.drain()
    copies.drive_backup(context.machine.block, arguments, block_info.filename).take()


def blockdev_backup(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.block.drain()
    copies.blockdev_backup(context.machine.block, arguments).take()


def drive_mirror(context: Context, arguments: dict[str, Any]) -> None:
    copies.drive_mirror(context.machine.block, arguments, block_info.filename)


def blockdev_mirror(context: Context, device: str, target: str, **options: Any) -> None:
    graph = context.machine.block
    node = graph.find_root(device)
    arguments = {name.replace("_", "-"): value for name, value in options.items()}
    copies.mirror(graph, node, graph.look_up(target, target), arguments)


# Dirty bitmaps


def block_dirty_bitmap_add(context: Context, arguments: dict[str, Any]) -> None:
    node, granularity = arguments["node"], arguments.get("granularity")
    if not arguments["name"]:
        raise errors.block.bitmap_name_empty()
    owner = context.machine.block.look_up(node, node)
    if granularity is not None and (granularity < _SMALLEST_GRANULARITY or granularity & (granularity - 1)):
        raise errors.block.bitmap_granularity_refused()
    if arguments.get("persistent", False):
        if owner.driver.name != "qcow2":
            raise errors.block.bitmaps_not_stored(owner.name)
        raise errors.not_modelled("bitmaps that are stored")
    reopening.add_bitmap(owner, arguments["name"], granularity, disabled=arguments.get("disabled", False))


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


# What becomes of jobs


def block_job_set_speed(context: Context, device: str, speed: int) -> None:
    find_block_job(context.machine.block, device).set_speed(speed)


def block_job_cancel(context: Context, device: str, force: bool = False) -> None:
    cancel(find_block_job(context.machine.block, device), force=force)


def block_job_pause(context: Context, device: str) -> None:
    find_block_job(context.machine.block, device).pause()


def block_job_resume(context: Context, device: str) -> None:
    find_block_job(context.machine.block, device).resume()


def block_job_complete(context: Context, device: str) -> None:
    find_block_job(context.machine.block, device).complete()


def block_job_dismiss(context: Context, id: str) -> None:
    find_block_job(context.machine.block, id).dismiss()


def block_job_finalize(context: Context, id: str) -> None:
    find_block_job(context.machine.block, id).finalize()


def block_job_change(context: Context, arguments: dict[str, Any]) -> None:
    find_block_job(context.machine.block, arguments["id"]).change(arguments)
