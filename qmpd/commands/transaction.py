"""qapi/transaction.json: several block commands, or none of them."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands import block_core
from qmpd.commands.context import Context

# What can be undone: all others of more than one are checked and refused, because nothing of them is modelled.
_UNDONE = {
    "block-dirty-bitmap-add": block_core.block_dirty_bitmap_remove,
}
_JOBS = frozenset({"drive-backup", "blockdev-backup"})


def transaction(context: Context, actions: list[dict[str, Any]], properties: dict[str, str] | None = None) -> None:
    grouped = (properties or {}).get("completion-mode") == "grouped"
    for action in actions:
        if grouped and action["type"] not in _JOBS:
            raise errors.block.transaction_property_unsupported(action["type"])
    done: list[dict[str, Any]] = []
    try:
        for action in actions:
            _carry_out(context, action)
            done.append(action)
    except errors.QemuError:
        for action in reversed(done):
            if action["type"] in _UNDONE:
                _UNDONE[action["type"]](context, action["data"])
        raise


def _carry_out(context: Context, action: dict[str, Any]) -> None:
    if action["type"] == "abort":
        raise errors.block.transaction_aborted()
    function = getattr(block_core, action["type"].replace("-", "_"))
    function(context, action["data"])
