"""An event as it happened in the machine, before any monitor has put it into words."""

from __future__ import annotations

from typing import Any

from qmpd.named import NamedTuple


class Event(NamedTuple):
    """``name`` and ``data`` as in QAPI; the time, since the Unix epoch, is when it happened."""

    name: str
    data: dict[str, Any] | None
    seconds: int
    microseconds: int
