"""qapi/replay.json: nothing is recorded or replayed."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context


def query_replay(context: Context) -> dict[str, Any]:
    return {"mode": "none", "icount": 0}


def replay_break(context: Context, icount: int) -> None:
    raise errors.rare.replay_break_only_in_play_mode()


def replay_delete_break(context: Context) -> None:
    raise errors.rare.replay_breakpoints_only_in_play_mode()


def replay_seek(context: Context, icount: int) -> None:
    raise errors.rare.replay_disabled()
