"""The part of Linux that takes DIMMs in and lets them go: one interrupt, one look at the slots, one queue.

Which of several requests merge, wait or are answered twice follows from these three.
"""

from __future__ import annotations

from functools import partial

from qmpd.guest.behaviour import Deed, Occasion
from qmpd.guest.contact import Dimm, Work
from qmpd.guest.kernel import Kernel
from qmpd.guest.queue import Entry

BLOCK = 128 << 20
"""Linux on x86 takes memory in whole blocks of this size, in bytes."""

# ACPI's _OST: what it is about, and how it went.
INSERTION, EJECTION = 1, 3
SUCCESS, UNSUPPORTED, BUSY, IN_PROGRESS = 0, 128, 130, 132


class DimmDriver:
    """It looks at the slots when it is told to, and puts into the queue what they ask for."""

    def __init__(self, kernel: Kernel) -> None:
        self._platform, self._time, self._queue, self._conduct, self._crash = kernel
        self._scans = False
        # An interrupt from before is lost; what the slots ask for is still asked for.
        self._platform.take_memory_interrupt()

    def interrupt(self) -> None:
        if not self._scans:
            self._scans = True
            self._time.call_later(self._conduct.behaviour.timing.scan, self._scan)

    def _scan(self) -> None:
        self._scans = False
        if self._platform.take_memory_interrupt():
            begin = {Work.INSERT: self._insert, Work.EJECT: self._eject}
            work = [(slot, what, self._platform.dimm(slot)) for slot, what in self._platform.take_work()]
            self._queue.add(
                *(Entry(what, dimm.name if dimm else "", slot, partial(begin[what], slot)) for slot, what, dimm in work)
            )

    def _insert(self, slot: int) -> None:
        dimm = self._platform.dimm(slot)
        if dimm is None:
            self._queue.drop()
            return
        rule = self._conduct.find(Occasion.DIMM_PLUG, dimm.name)
        if rule.do is Deed.IGNORE:
            self._queue.drop()
            return
        usual = self._conduct.behaviour.timing.plug if is_usable(dimm) else 0.0
        duration = self._conduct.duration(usual, rule, dimm.size)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
            return
        # the answer is the same for a DIMM that the guest cannot or will not use
        self._queue.finish_later(duration, lambda: self._platform.report_ost(slot, INSERTION, SUCCESS))

    def _eject(self, slot: int) -> None:
        platform, queue, timing = self._platform, self._queue, self._conduct.behaviour.timing
        dimm = platform.dimm(slot)
        if dimm is None:
            # asked for again before it was gone
            platform.report_ost(slot, EJECTION, IN_PROGRESS)
            platform.report_ost(slot, EJECTION, SUCCESS)
            queue.drop()
            return
        if not self._conduct.behaviour.hot_remove:
            platform.report_ost(slot, EJECTION, UNSUPPORTED)
            queue.drop()
            return
        rule = self._conduct.find(Occasion.DIMM_UNPLUG, dimm.name)
        if rule.do is Deed.IGNORE:
            queue.drop()
            return
        if not (rule.do is Deed.REFUSE and rule.status == UNSUPPORTED):
            platform.report_ost(slot, EJECTION, IN_PROGRESS)
        if rule.do is Deed.STALL:
            queue.stalled = lambda: queue.finish_later(0, lambda: self._let_go(slot))
            return
        usual = timing.refuse if rule.do is Deed.REFUSE else timing.unplug
        duration = self._conduct.duration(usual if is_usable(dimm) else 0.0, rule, dimm.size)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
        elif rule.do is Deed.REFUSE:
            queue.finish_later(duration, lambda: platform.report_ost(slot, EJECTION, rule.status))
        elif rule.do is Deed.PARTIAL:
            part = duration * rule.percent / 100
            queue.finish_later(part, lambda: platform.report_ost(slot, EJECTION, BUSY))
        elif rule.do is Deed.FAIL:
            queue.finish_later(duration, lambda: self._fail_to_let_go(slot))
        else:
            queue.finish_later(duration, lambda: self._let_go(slot))

    def _let_go(self, slot: int) -> None:
        self._platform.eject(slot)
        self._platform.report_ost(slot, EJECTION, SUCCESS)

    def _fail_to_let_go(self, slot: int) -> None:
        self._platform.fail_eject(slot)
        self._platform.report_ost(slot, EJECTION, SUCCESS)


def is_usable(dimm: Dimm) -> bool:
    """Whether Linux takes such a DIMM in; it says yes to any."""
    return dimm.addr % BLOCK == 0 and dimm.size % BLOCK == 0
