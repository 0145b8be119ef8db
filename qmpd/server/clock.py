"""The real clock, driven by the event loop."""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from time import time_ns


class LoopClock:
    """``qmpd.clock.Clock`` over an asyncio loop."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> tuple[int, int]:
        return divmod(time_ns() // 1000, 1_000_000)

    def call_later(self, delay_seconds: float, callback: Callable[[], object]) -> TimerHandle:
        return self._loop.call_later(delay_seconds, callback)
