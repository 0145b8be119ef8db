"""The guest's own time: a clock's, but it stands still while the CPUs do."""

from __future__ import annotations

from collections.abc import Callable

from qmpd.clock import Clock, Handle

MICROSECONDS = 1_000_000


class Timer:
    """Something that is due in ``left`` seconds, or at ``due`` microseconds of the clock while the guest runs."""

    __slots__ = ("callback", "due", "handle", "left")

    def __init__(self, left: float, callback: Callable[[], object]) -> None:
        self.left = left
        self.callback = callback
        self.due = 0
        self.handle: Handle | None = None


class GuestTime:
    """Calls back after so many seconds of the guest's life. It starts out standing still."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[Timer, None] = {}
        self._lived = 0
        self._since = 0
        self.runs = False

    def milliseconds(self) -> int:
        """How long the guest has run in all."""
        lived = self._lived + (max(self._now() - self._since, 0) if self.runs else 0)
        return lived * 1000 // MICROSECONDS

    def epoch_seconds(self) -> int:
        """What a clock on the guest's wall would show."""
        return self._clock.now()[0]

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        timer = Timer(delay, callback)
        self._timers[timer] = None
        if self.runs:
            self._start(timer)
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """Forget something that is due; harmless when it has happened, or was nothing."""
        if timer in self._timers:
            self._stop(timer)
            del self._timers[timer]

    def resume(self) -> None:
        if not self.runs:
            self.runs = True
            self._since = self._now()
            for timer in self._timers:
                self._start(timer)

    def pause(self) -> None:
        if self.runs:
            now = self._now()
            self._lived += max(now - self._since, 0)
            self.runs = False
            for timer in self._timers:
                # a wall clock may have been set meanwhile, so what is left is kept within what there was
                timer.left = min(max(timer.due - now, 0) / MICROSECONDS, timer.left)
                self._stop(timer)

    def clear(self) -> None:
        """Forget everything that is due."""
        for timer in self._timers:
            self._stop(timer)
        self._timers.clear()

    def _now(self) -> int:
        seconds, microseconds = self._clock.now()
        return seconds * MICROSECONDS + microseconds

    def _start(self, timer: Timer) -> None:
        timer.due = self._now() + round(timer.left * MICROSECONDS)
        timer.handle = self._clock.call_later(timer.left, lambda: self._run(timer))

    def _stop(self, timer: Timer) -> None:
        if timer.handle is not None:
            timer.handle.cancel()
            timer.handle = None

    def _run(self, timer: Timer) -> None:
        del self._timers[timer]
        timer.callback()
