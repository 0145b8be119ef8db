"""Linux's balloon driver: it gives and takes memory a MiB at a time, and says how it fares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd.guest.behaviour import Deed, Occasion, Rule
from qmpd.guest.kernel import Kernel
from qmpd.guest.pace import Timer

if TYPE_CHECKING:
    from qmpd.guest.ports import Balloon

PAGE_SHIFT = 12
STEP = 256
"""Pages that the driver gives or takes at a time."""
OOM_STEP = 256
"""Pages that it takes back when the guest runs out of memory."""


class BalloonDriver:
    """``pages`` are in the balloon now."""

    def __init__(self, kernel: Kernel) -> None:
        self._platform, self._time, _, self._conduct, self._crash = kernel
        self._work: Timer | None = None
        self._poll: Timer | None = None
        self._interval = 0
        self._rule = Rule(Occasion.BALLOON)
        self._limit = 0
        self.balloon: Balloon | None = None
        self.pages = 0
        self.state = "idle"

    def add(self, name: str) -> None:
        balloon = self._platform.pci.balloon()
        if balloon is None or balloon.label != name:
            return
        self.balloon, self.pages = balloon, 0
        self._report()
        self._set_poll()
        if balloon.num_pages:
            self._look()

    def remove(self, name: str) -> None:
        """Let go of the device; the guest has all its memory again."""
        if self.balloon is None or self.balloon.label != name:
            return
        for timer in (self._work, self._poll):
            self._time.cancel(timer)
        if self.pages:
            self.balloon.set_actual(0)
        self.balloon, self.pages, self.state, self._interval = None, 0, "idle", 0

    def wants(self, name: str) -> None:
        """The device has another wish, or the same once more."""
        if self.balloon is None or self.balloon.label != name:
            return
        if self.balloon.polling_interval != self._interval:
            self._set_poll()
            return
        self._schedule(self._conduct.behaviour.timing.scan, self._look)

    def run_out_of_memory(self) -> None:
        """The guest needs memory, and takes it from the balloon if it may."""
        if self.balloon is not None and self.balloon.deflates_on_oom and self.pages:
            self.pages -= min(OOM_STEP, self.pages)
            self.balloon.set_actual(self.pages)

    @property
    def is_stalled(self) -> bool:
        return self.state == "stalled"

    def release(self) -> None:
        if self.state == "stalled":
            self._set_out(self._rule._replace(do=Deed.OBEY))

    # The size

    def _schedule(self, delay: float, act: Callable[[], None]) -> None:
        self._time.cancel(self._work)
        self._work = self._time.call_later(delay, act)

    def _look(self) -> None:
        self.state = "idle"
        if self.balloon is None or self.balloon.num_pages == self.pages:
            return
        rule = self._conduct.find(Occasion.BALLOON, self.balloon.label)
        if self.balloon is not None:
            self._set_out(rule)

    def _set_out(self, rule: Rule) -> None:
        assert self.balloon is not None
        self._rule = rule
        if rule.do in (Deed.REFUSE, Deed.IGNORE, Deed.FAIL):
            return
        if rule.do is Deed.STALL:
            self.state = "stalled"
            return
        delay = self._conduct.duration(0.0, rule._replace(rate=None))
        if rule.do is Deed.CRASH:
            self._schedule(delay, self._crash)
            return
        self.state = "working"
        self._limit = self._target(rule)
        if delay:
            self._schedule(delay, self._next)
        else:
            self._next()

    def _target(self, rule: Rule) -> int:
        assert self.balloon is not None
        target = self.balloon.num_pages
        if rule.do is Deed.PARTIAL:
            target = self.pages + int((target - self.pages) * rule.percent / 100)
        if rule.floor:
            target = min(target, max(self._platform.memory_size() - sum(rule.floor), 0) >> PAGE_SHIFT)
        return target

    def _next(self) -> None:
        missing = self._limit - self.pages
        if not missing or self.balloon is None:
            self.state = "idle"
            return
        timing = self._conduct.behaviour.timing
        step = max(min(missing, STEP), -STEP)
        usual = timing.inflate if missing > 0 else timing.deflate
        if self._rule.rate:
            usual = (abs(step) << PAGE_SHIFT) / self._rule.rate
        size = self._platform.memory_size() - (self.pages << PAGE_SHIFT)
        delay = self._conduct.pace(self.balloon.label, size, size - (step << PAGE_SHIFT), usual)
        # without any delay nobody could see the steps
        pages = self.pages + step if delay else self._limit
        self._schedule(delay, lambda: self._take(pages))

    def _take(self, pages: int) -> None:
        assert self.balloon is not None
        self.pages = pages
        self.balloon.set_actual(pages)
        self._next()

    # Statistics

    def _set_poll(self) -> None:
        assert self.balloon is not None
        self._time.cancel(self._poll)
        first, self._interval = not self._interval, self.balloon.polling_interval
        if self._interval:
            self._poll = self._time.call_later(0.0 if first else self._interval, self._poll_once)

    def _poll_once(self) -> None:
        self._report()
        self._poll = self._time.call_later(self._interval, self._poll_once)

    def _report(self) -> None:
        """Tell what a small and idle system has; what Linux 6.1 does not tell stays unknown."""
        assert self.balloon is not None
        plugged = sum(memory.size for memory in self._platform.pci.resizable_memory())
        total = (self._platform.memory_size() + plugged) // 8 * 7 - (self.pages << PAGE_SHIFT)
        free = max(total // 16 * 15, 0)
        stats = {
            **dict.fromkeys(("swap-in", "swap-out", "major-faults", "htlb-pgalloc", "htlb-pgfail"), 0),
            "minor-faults": 1024,
            "free-memory": free,
            "total-memory": max(total, 0),
            "available-memory": free // 8 * 7,
            "disk-caches": 3 << 20,
        }
        self.balloon.receive_stats(stats, self._time.epoch_seconds())
