"""The rate limit on events that a guest can cause at will (monitor/monitor.c): one a second of a kind.

The first event goes out at once and opens a window of a second. Within it events are kept, each replacing the one
before. When the window ends the kept one is sent and opens the next window; if there is none, the limiting ends.
An event carries the time when it happened, which is then earlier than when it is sent. Time itself comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from qmpd.event import Event

WINDOW: Final = 1.0  # seconds

# Which events are limited, and the member of their data of which each value has a window of its own.
LIMITED: Final[dict[str, str | None]] = {
    "BALLOON_CHANGE": None,
    "BLOCK_IO_ERROR": "qom-path",
    "HV_BALLOON_STATUS_REPORT": None,
    "MEMORY_DEVICE_SIZE_CHANGE": "qom-path",
    "QUORUM_FAILURE": None,
    "QUORUM_REPORT_BAD": "node-name",
    "RTC_CHANGE": None,
    "VSERPORT_CHANGE": "id",
    "WATCHDOG": None,
}


class Scheduler(Protocol):
    """What calls back after a delay in seconds."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> object: ...


class Throttle:
    """Stands between a machine, which has events, and its monitors, to which ``emit`` sends them."""

    def __init__(self, scheduler: Scheduler, emit: Callable[[Event], None]) -> None:
        self._scheduler = scheduler
        self._emit = emit
        self._windows: dict[tuple[str, Any], Event | None] = {}
        """The open windows, each with the event kept for its end."""

    def send(self, event: Event) -> None:
        """Pass ``event`` on now, at the end of its window, or never if a later one replaces it."""
        if event.name not in LIMITED:
            self._emit(event)
            return
        member = LIMITED[event.name]
        window = event.name, (event.data or {}).get(member) if member else None
        if window in self._windows:
            self._windows[window] = event
        else:
            self._open(window, event)

    def _open(self, window: tuple[str, Any], event: Event) -> None:
        self._windows[window] = None
        self._scheduler.call_later(WINDOW, partial(self._end, window))
        self._emit(event)

    def _end(self, window: tuple[str, Any]) -> None:
        kept = self._windows.pop(window)
        if kept is not None:
            self._open(window, kept)
