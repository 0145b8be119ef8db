"""The part of the guest that takes DIMMs in and lets them go: one interrupt, one look at the slots, one queue.

Which of several requests merge, wait or are answered twice follows from these three, as it does in Linux.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from qmpd.guest.behaviour import Behaviour, Deed, Occasion, Rule
from qmpd.guest.pace import GuestTime
from qmpd.guest.ports import Dimm, Platform, Work
from qmpd.rules import RuleBook

BLOCK = 128 << 20
"""Linux on x86 takes memory in whole blocks of this size, in bytes."""

# ACPI's _OST: what it is about, and how it went.
INSERTION, EJECTION = 1, 3
SUCCESS, UNSUPPORTED, BUSY, IN_PROGRESS = 0, 128, 130, 132


class Entry(NamedTuple):
    """Something to be done."""

    slot: int
    work: Work


class DimmDriver:
    """``crash`` is called when a rule makes the guest go down over a DIMM."""

    def __init__(self, platform: Platform, time: GuestTime, crash: Callable[[], None]) -> None:
        self._platform = platform
        self._time = time
        self._crash = crash
        self._queue: deque[Entry] = deque()
        self._scans = False
        self.active = False
        self.current: Entry | None = None
        self.stalled: Callable[[], None] | None = None
        """How to go on with the current entry, if nothing but somebody from outside makes it go on."""

    def use(self, behaviour: Behaviour, rules: RuleBook[Rule]) -> None:
        """Behave like this from now on."""
        self._behaviour = behaviour
        self._rules = rules

    @property
    def waiting(self) -> tuple[Entry, ...]:
        """What is to be done after the current entry."""
        return tuple(self._queue)

    def start(self) -> None:
        """The system has come up. An interrupt from before is lost; what the slots ask for is still asked for."""
        self._platform.take_memory_interrupt()
        self.active = True

    def forget(self) -> None:
        """The system is gone, and everything that it was about to do."""
        self._queue.clear()
        self.active = self._scans = False
        self.current = self.stalled = None

    def interrupt(self) -> None:
        if self.active and not self._scans:
            self._scans = True
            self._time.call_later(self._behaviour.timing.scan, self._scan)

    def release(self) -> None:
        """Go on with what is stalled."""
        go_on, self.stalled = self.stalled, None
        if go_on is not None:
            go_on()

    def _scan(self) -> None:
        self._scans = False
        if self._platform.take_memory_interrupt():
            self._queue.extend(Entry(*work) for work in self._platform.take_work())
            self._begin_next()

    # One entry after the other

    def _begin_next(self) -> None:
        while self.current is None and self._queue:
            self.current = self._queue.popleft()
            begin = {Work.INSERT: self._insert, Work.EJECT: self._eject}[self.current.work]
            begin(self.current.slot)

    def _finish(self) -> None:
        self.current = None
        self._begin_next()

    def _later(self, delay: float, finish: Callable[[], None]) -> None:
        def run() -> None:
            finish()
            self._finish()

        self._time.call_later(delay, run)

    def _duration(self, usual: float, rule: Rule, dimm: Dimm) -> float:
        usual = usual if rule.delay is None else rule.delay
        return usual + self._rules.jitter(rule) + (dimm.size / rule.rate if rule.rate else 0)

    def _insert(self, slot: int) -> None:
        dimm = self._platform.dimm(slot)
        if dimm is None:
            self.current = None
            return
        rule = self._rules.find(Occasion.DIMM_PLUG, dimm.name) or Rule(Occasion.DIMM_PLUG)
        if rule.do is Deed.IGNORE:
            self.current = None
            return
        usual = self._behaviour.timing.plug if is_usable(dimm) else 0.0
        duration = self._duration(usual, rule, dimm)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
            return
        # the answer is the same for a DIMM that the guest cannot or will not use
        self._later(duration, lambda: self._platform.report_ost(slot, INSERTION, SUCCESS))

    def _eject(self, slot: int) -> None:
        platform, timing = self._platform, self._behaviour.timing
        dimm = platform.dimm(slot)
        if dimm is None:
            # asked for again before it was gone
            platform.report_ost(slot, EJECTION, IN_PROGRESS)
            platform.report_ost(slot, EJECTION, SUCCESS)
            self.current = None
            return
        if not self._behaviour.hot_remove:
            platform.report_ost(slot, EJECTION, UNSUPPORTED)
            self.current = None
            return
        rule = self._rules.find(Occasion.DIMM_UNPLUG, dimm.name) or Rule(Occasion.DIMM_UNPLUG)
        if rule.do is Deed.IGNORE:
            self.current = None
            return
        if not (rule.do is Deed.REFUSE and rule.status == UNSUPPORTED):
            platform.report_ost(slot, EJECTION, IN_PROGRESS)
        if rule.do is Deed.STALL:
            self.stalled = lambda: self._later(0, lambda: self._let_go(slot))
            return
        usual = timing.refuse if rule.do is Deed.REFUSE else timing.unplug
        duration = self._duration(usual if is_usable(dimm) else 0.0, rule, dimm)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
        elif rule.do is Deed.REFUSE:
            self._later(duration, lambda: platform.report_ost(slot, EJECTION, rule.status))
        elif rule.do is Deed.PARTIAL:
            part = duration * rule.percent / 100
            self._later(part, lambda: platform.report_ost(slot, EJECTION, BUSY))
        elif rule.do is Deed.FAIL:
            self._later(duration, lambda: self._fail_to_let_go(slot))
        else:
            self._later(duration, lambda: self._let_go(slot))

    def _let_go(self, slot: int) -> None:
        self._platform.eject(slot)
        self._platform.report_ost(slot, EJECTION, SUCCESS)

    def _fail_to_let_go(self, slot: int) -> None:
        self._platform.fail_eject(slot)
        self._platform.report_ost(slot, EJECTION, SUCCESS)


def is_usable(dimm: Dimm) -> bool:
    """Whether Linux takes such a DIMM in; it says yes to any."""
    return dimm.addr % BLOCK == 0 and dimm.size % BLOCK == 0
