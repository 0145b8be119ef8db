"""The clocks."""

from __future__ import annotations

import asyncio
import time

from qmpd.clock import ManualClock
from qmpd.server.clock import LoopClock


def test_a_manual_clock_stands_still_until_told() -> None:
    clock = ManualClock(seconds=5)
    ran: list[str] = []
    clock.call_later(1, lambda: ran.append("later"))
    assert (clock.now(), ran) == ((5, 0), [])
    clock.advance(0.999999)
    assert (clock.now(), ran) == ((5, 999999), [])
    clock.advance(0.000001)
    assert (clock.now(), ran) == ((6, 0), ["later"])


def test_callbacks_run_in_order_of_time_then_of_request_each_at_its_own_time() -> None:
    clock = ManualClock()
    ran: list[tuple[str, tuple[int, int]]] = []
    for name, delay in (("c", 3), ("a", 1), ("b", 1), ("never", 9)):
        clock.call_later(delay, lambda name=name: ran.append((name, clock.now())))  # type: ignore[misc]
    clock.advance(5)
    assert ran == [("a", (1, 0)), ("b", (1, 0)), ("c", (3, 0))]
    assert clock.now() == (5, 0)


def test_a_callback_may_schedule_another_within_the_same_advance() -> None:
    clock = ManualClock()
    ran: list[tuple[int, int]] = []
    clock.call_later(1, lambda: clock.call_later(1, lambda: ran.append(clock.now())))
    clock.advance(2)
    assert ran == [(2, 0)]


def test_a_cancelled_callback_does_not_run() -> None:
    clock = ManualClock()
    ran: list[int] = []
    handle = clock.call_later(1, lambda: ran.append(1))
    handle.cancel()
    clock.advance(2)
    handle.cancel()
    assert ran == []


async def test_the_loop_clock_tells_wall_time_and_calls_back() -> None:
    clock = LoopClock(asyncio.get_running_loop())
    seconds, microseconds = clock.now()
    assert abs(seconds + microseconds / 1e6 - time.time()) < 5
    assert 0 <= microseconds < 1_000_000
    called = asyncio.Event()
    clock.call_later(0, lambda: cancelled.cancel())
    cancelled = clock.call_later(0, called.clear)
    clock.call_later(0, called.set)
    await called.wait()
