"""qapi/trace.json: trace points, of which qmpd has none."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context

_WILDCARD = "*"


def trace_event_get_state(context: Context, name: str) -> list[dict[str, Any]]:
    _check(name)
    return []


def trace_event_set_state(context: Context, name: str, enable: bool, ignore_unavailable: bool = False) -> None:
    _check(name)


def _check(name: str) -> None:
    """Only a pattern may match nothing."""
    if _WILDCARD not in name:
        raise errors.rare.trace_event_unknown(name)
