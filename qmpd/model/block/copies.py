"""Mirrors and backups: what is asked before they begin, and the images that they are to make (blockdev.c)."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.block_jobs import Settings, chain
from qmpd.model.block.creation import create_image
from qmpd.model.block.graph import Graph, Node
from qmpd.model.block.job_kinds import Backup, Mirror
from qmpd.model.block.opening import open_like
from qmpd.model.block.snapshots import Filename
from qmpd.model.block.steps import Step

_SMALLEST_GRANULARITY, _LARGEST_GRANULARITY = 512, 64 << 20
_MOST_WORKERS = (1 << 31) - 1


def mirror(graph: Graph, node: Node, target: Node, options: dict[str, Any], backing: Node | None = None) -> None:
    """Start a mirror job, as blockdev-mirror does. Raises QEMU's text."""
    granularity = options.get("granularity", 0)
    if granularity and not _SMALLEST_GRANULARITY <= granularity <= _LARGEST_GRANULARITY:
        raise errors.invalid_parameter_value("granularity", "a value in range [512B, 64MB]")
    if granularity & (granularity - 1):
        raise errors.invalid_parameter_value("granularity", "a power of 2")
    node.check_operation("mirror-source")
    target.check_operation("mirror-target")
    sync = options["sync"]
    if sync == "top" and len(chain(node)) == 1:
        sync = "full"
    replaces = options.get("replaces")
    if replaces is not None:
        _check_replaced(node, graph.require_node(replaces))
    if sync in ("bitmap", "incremental"):
        raise errors.jobs.sync_mode_unsupported(sync)
    if options.get("buf-size", 0) < 0:
        raise errors.jobs.buffer_size_invalid()
    total = {"full": node.size, "top": 0, "none": None}[sync]
    copy_mode = options.get("copy-mode", "background")
    Mirror(node, target, Settings.of(options), total, replaces=replaces, backing=backing, copy_mode=copy_mode).run()


def _check_replaced(node: Node, replaced: Node) -> None:
    """Only what shows the same through filters can be replaced."""
    replaced.check_operation("replace")
    below = node
    while below is not replaced:
        if not below.driver.is_filter or below.filtered_or_backing is None:
            raise errors.jobs.cannot_replace(replaced.name, node.name)
        below = below.filtered_or_backing
    if replaced.size != node.size:
        raise errors.jobs.replaced_of_other_size()


def drive_mirror(graph: Graph, options: dict[str, Any], filename: Filename) -> None:
    """The same into an image that is made first, unless it is there. Raises QEMU's text."""
    node = graph.find_root(options["device"])
    node.check_operation("mirror-source")
    sync, below = options["sync"], node.backing
    if sync == "top" and below is None:
        sync = "full"
    if sync == "none":
        below = node
    if "replaces" in options and "node-name" not in options:
        raise errors.jobs.replaced_without_name()
    target = _make_target(graph, node, options, None if sync == "full" else below, filename, options.get("node-name"))
    backing = below if options.get("mode") != "existing" and sync != "full" else None
    try:
        mirror(graph, node, target, {**options, "sync": sync}, backing)
    except QemuError:
        graph.release(target)
        raise


def _make_target(
    graph: Graph, node: Node, options: dict[str, Any], below: Node | None, filename: Filename, name: str | None
) -> Node:
    path, format_name, exists = options["target"], options.get("format"), options.get("mode") == "existing"
    if format_name is None and not exists:
        format_name = node.driver.name
    if not exists:
        backing = None if below is None else (filename(below), below.driver.name)
        create_image(graph, path, format_name or "", node.size, backing)
    return open_like(graph, node, path, format_name or "", name, writable=True)


def blockdev_backup(graph: Graph, options: dict[str, Any]) -> Step:
    """Raises QEMU's text."""
    device = options["device"]
    node = graph.look_up(device, device)
    return _backup(node, graph.look_up(options["target"], options["target"]), options)


def drive_backup(graph: Graph, options: dict[str, Any], filename: Filename) -> Step:
    """A backup into an image that is made first, unless it is there. Raises QEMU's text."""
    node = graph.look_up(options["device"], options["device"])
    node.check_operation("backup-source")
    sync, below = options["sync"], None
    if sync == "top":
        below = node.backing
        sync = "top" if below is not None else "full"
    if sync == "none":
        below = node
    target = _make_target(graph, node, options, below, filename, None)
    try:
        return _backup(node, target, {**options, "sync": sync})
    except QemuError:
        graph.release(target)
        raise


def _backup(node: Node, target: Node, options: dict[str, Any]) -> Step:
    sync = options["sync"]
    bitmap = _bitmap(node, options)
    if node is target:
        raise errors.jobs.backup_into_itself()
    if options.get("compress", False) and target.driver.name != "qcow2":
        raise errors.jobs.compression_unsupported(next((drive.name for drive in target.drives), ""))
    node.check_operation("backup-source")
    target.check_operation("backup-target")
    perf = options.get("x-perf", {})
    if not 1 <= perf.get("max-workers", 1) <= _MOST_WORKERS:
        raise errors.jobs.max_workers_refused(_MOST_WORKERS)
    if perf.get("max-chunk", 0) < 0:
        raise errors.jobs.max_chunk_refused()
    if node.size != target.size:
        raise errors.jobs.sizes_differ()
    total = {"full": node.size, "none": None}.get(sync, 0)
    if bitmap is not None and sync == "bitmap":
        total = bitmap["count"]
    job = Backup(node, target, Settings.of(options), total)
    return Step(job.run, lambda: job.abort(errors.jobs.canceled(), cancelled=True), job.go_on, job)


def _bitmap(node: Node, options: dict[str, Any]) -> dict[str, Any] | None:
    """The bitmap that tells what to copy. Raises QEMU's text when it does not suit the rest."""
    sync, name, mode = options["sync"], options.get("bitmap"), options.get("bitmap-mode")
    if sync in ("bitmap", "incremental") and name is None:
        raise errors.jobs.bitmap_name_missing(sync)
    if sync == "incremental":
        if mode not in (None, "on-success"):
            raise errors.jobs.bitmap_mode_fixed("on-success", sync)
        options["sync"], mode = "bitmap", "on-success"
    if name is None:
        if mode is not None:
            raise errors.jobs.bitmap_mode_without_bitmap()
        return None
    bitmap = next((one for one in node.bitmaps if one["name"] == name), None)
    if bitmap is None:
        raise errors.jobs.bitmap_missing(name)
    if mode is None:
        raise errors.jobs.bitmap_mode_missing()
    if sync == "none":
        raise errors.jobs.bitmap_meaningless(sync)
    if mode == "never" and options["sync"] != "bitmap":
        raise errors.jobs.bitmap_mode_without_effect(mode, sync)
    return bitmap
