"""qapi/trace.json: trace points. They can be switched on and off, and nothing is ever traced."""

from __future__ import annotations

from fnmatch import translate
from re import compile
from typing import Any

from qmpd import errors
from qmpd.commands.context import Context

_WILDCARD = "*"


def trace_event_get_state(context: Context, name: str) -> list[dict[str, Any]]:
    enabled = context.machine.trace_events_on
    return [
        {"name": event, "state": "enabled" if event in enabled else "disabled"} for event in matching(context, name)
    ]


def trace_event_set_state(context: Context, name: str, enable: bool, ignore_unavailable: bool = False) -> None:
    enabled = context.machine.trace_events_on
    (enabled.update if enable else enabled.difference_update)(matching(context, name))


def matching(context: Context, name: str) -> list[str]:
    """The events that ``name`` means; only a pattern may mean none. Raises QemuError."""
    events = context.machine.catalogue.trace_events()
    if _WILDCARD in name:
        pattern = compile(translate(name.replace("[", "[[]")))
        return [event for event in events if pattern.match(event)]
    if name not in events:
        raise errors.rare.trace_event_unknown(name)
    return [name]
