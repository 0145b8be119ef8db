"""The clocks of a process: the real one, driven by the event loop, and one that a client drives."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import TYPE_CHECKING

from qmpd.clock import Handle, ManualClock

if TYPE_CHECKING:
    import asyncio


class LoopClock:
    """``qmpd.clock.Clock`` over the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> tuple[int, int]:
        return divmod(time_ns() // 1000, 1_000_000)

    def call_later(self, delay_seconds: float, callback: Callable[[], object]) -> Handle:
        return self._loop.call_later(delay_seconds, callback)


class StandingClock(ManualClock):
    """Time stands still until somebody advances it. What is due now need not wait for that."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def call_later(self, delay_seconds: float, callback: Callable[[], object]) -> Handle:
        if delay_seconds <= 0:
            self._loop.call_soon(self.advance, 0)
        return super().call_later(delay_seconds, callback)
