"""Time as an input: what the machine and its guest may ask of a clock, and a clock that tests move by hand.

The real one belongs to the event loop and lives in ``qmpd/server/clock.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol


class Handle(Protocol):
    """A callback that is due later."""

    def cancel(self) -> None:
        """Make sure that the callback does not run any more; harmless when it already has."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> tuple[int, int]:
        """Wall clock: seconds since the Unix epoch, and microseconds."""

    def call_later(self, delay_seconds: float, callback: Callable[[], object]) -> Handle:
        """Run ``callback`` once, ``delay_seconds`` from now; what is due at one time runs in the order of the calls."""


class _Scheduled:
    __slots__ = ("callback", "due", "number")

    def __init__(self, due: int, number: int, callback: Callable[[], object]) -> None:
        self.due = due
        self.number = number
        self.callback: Callable[[], object] | None = callback

    def __lt__(self, other: _Scheduled) -> bool:
        return (self.due, self.number) < (other.due, other.number)

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A clock that stands still until it is told to go on. It counts microseconds from the epoch."""

    def __init__(self, seconds: int = 0, microseconds: int = 0) -> None:
        self._now = seconds * 1_000_000 + microseconds
        self._calls = 0
        self._queue: list[_Scheduled] = []

    def now(self) -> tuple[int, int]:
        return divmod(self._now, 1_000_000)

    def call_later(self, delay_seconds: float, callback: Callable[[], object]) -> Handle:
        self._calls += 1
        scheduled = _Scheduled(self._now + round(max(0.0, delay_seconds) * 1_000_000), self._calls, callback)
        heappush(self._queue, scheduled)
        return scheduled

    def advance(self, seconds: float) -> None:
        """Let time pass. Each callback runs at its own time, those that callbacks schedule on the way included."""
        end = self._now + round(seconds * 1_000_000)
        while self._queue and self._queue[0].due <= end:
            scheduled = heappop(self._queue)
            self._now = max(self._now, scheduled.due)
            if scheduled.callback is not None:
                callback, scheduled.callback = scheduled.callback, None
                callback()
        self._now = max(self._now, end)  # a callback may have gone further
