"""qapi/run-state.json: whether the guest runs."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context


def query_status(context: Context) -> dict[str, Any]:
    run = context.machine.run
    return {"running": run.running, "status": run.state.value}


def set_action(context: Context, **actions: str) -> None:
    context.machine.run.actions.update(actions)


def watchdog_set_action(context: Context, action: str) -> None:
    context.machine.run.actions["watchdog"] = action
