"""qapi/block-core.json: new images, overlays, and jobs on nodes."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands import block_info
from qmpd.commands.context import Context
from qmpd.model.block import copies, snapshots
from qmpd.model.block.block_jobs import Settings, between, cancel, chain, find_block_job, note_backing
from qmpd.model.block.graph import Graph, Node
from qmpd.model.block.job_kinds import Commit, Mirror, Stream
from qmpd.model.block.jobs import create_image
from qmpd.model.block.permissions import Permission

# Images


def blockdev_create(context: Context, job_id: str, options: dict[str, Any]) -> None:
    create_image(context.machine.block, job_id, options)


def x_blockdev_amend(
    context: Context, job_id: str, node_name: str, options: dict[str, Any], force: bool = False
) -> None:
    node = context.machine.block.look_up(None, node_name)
    if node.driver.name != options["driver"]:
        raise errors.image.amend_of_other_driver()
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
        raise errors.image.snapshots_not_listed()
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
    if base is not None and bottom is None and all(one.backing is None for one in between(node, base)):
        raise errors.jobs.base_not_below_overlay(base.name, node.name)
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
