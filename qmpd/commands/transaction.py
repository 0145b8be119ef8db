"""qapi/transaction.json: several block commands, or none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qmpd import errors
from qmpd.commands import block_copies, block_core, block_info
from qmpd.commands.context import Context
from qmpd.model.block import copies, snapshots
from qmpd.model.block.reopening import find_bitmap
from qmpd.model.block.steps import Step

_JOBS = frozenset({"drive-backup", "blockdev-backup"})


def transaction(context: Context, actions: list[dict[str, Any]], properties: dict[str, str] | None = None) -> None:
    grouped = (properties or {}).get("completion-mode") == "grouped"
    for action in actions:
        if grouped and action["type"] not in _JOBS:
            raise errors.jobs.transaction_property_unsupported(action["type"])
    context.machine.block.drain()
    steps: list[Step] = []
    try:
        for action in actions:
            steps.insert(0, _ACTIONS[action["type"]](context, action["data"]))
    except errors.QemuError:
        for step in steps:
            step.undo()
        raise
    if grouped:
        jobs = [step.job for step in steps if step.job is not None]
        for job in jobs:
            job.group = jobs
    for step in steps:
        step.commit()
    for step in steps:
        step.settle()


def _abort(context: Context, arguments: dict[str, Any]) -> Step:
    raise errors.jobs.transaction_aborted()


def _add_bitmap(context: Context, arguments: dict[str, Any]) -> Step:
    block_core.block_dirty_bitmap_add(context, arguments)
    return Step(undo=lambda: block_core.block_dirty_bitmap_remove(context, arguments))


def _switch_bitmap(*, on: bool) -> Callable[[Context, dict[str, Any]], Step]:
    def switch(context: Context, arguments: dict[str, Any]) -> Step:
        _, bitmap = find_bitmap(context.machine.block, arguments["node"], arguments["name"])
        before, bitmap["recording"] = bitmap["recording"], on
        return Step(undo=lambda: bitmap.update(recording=before))

    return switch


def _remove_bitmap(context: Context, arguments: dict[str, Any]) -> Step:
    owner, bitmap = find_bitmap(context.machine.block, arguments["node"], arguments["name"])
    before = list(owner.bitmaps)
    owner.bitmaps.remove(bitmap)

    def undo() -> None:
        owner.bitmaps[:] = before

    return Step(undo=undo)


def _without_trace(command: Callable[[Context, dict[str, Any]], object]) -> Callable[[Context, dict[str, Any]], Step]:
    """An action that changes nothing that can be seen, or fails."""

    def run(context: Context, arguments: dict[str, Any]) -> Step:
        command(context, arguments)
        return Step()

    return run


_ACTIONS: dict[str, Callable[[Context, dict[str, Any]], Step]] = {
    "abort": _abort,
    "block-dirty-bitmap-add": _add_bitmap,
    "block-dirty-bitmap-remove": _remove_bitmap,
    "block-dirty-bitmap-clear": _without_trace(block_core.block_dirty_bitmap_clear),
    "block-dirty-bitmap-enable": _switch_bitmap(on=True),
    "block-dirty-bitmap-disable": _switch_bitmap(on=False),
    "block-dirty-bitmap-merge": _without_trace(block_core.block_dirty_bitmap_merge),
    "blockdev-backup": lambda context, arguments: copies.blockdev_backup(context.machine.block, arguments),
    "blockdev-snapshot": lambda context, arguments: snapshots.snapshot(
        context.machine.block, arguments["node"], arguments["overlay"]
    ),
    "blockdev-snapshot-internal-sync": _without_trace(block_copies.blockdev_snapshot_internal_sync),
    "blockdev-snapshot-sync": lambda context, arguments: snapshots.snapshot_sync(
        context.machine.block, arguments, block_info.filename
    ),
    "drive-backup": lambda context, arguments: copies.drive_backup(
        context.machine.block, arguments, block_info.filename
    ),
}
