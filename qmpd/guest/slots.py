"""The part of Linux that takes DIMMs and CPUs in and lets them go: one interrupt, one look at the slots, one queue.

Which of several requests merge, wait or are answered twice follows from these three.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qmpd.guest.behaviour import Deed, Occasion
from qmpd.guest.contact import Seated, Work
from qmpd.guest.kernel import Kernel
from qmpd.guest.queue import Entry

if TYPE_CHECKING:
    from qmpd.guest.ports import SlotPlatform

BLOCK = 128 << 20
"""Linux on x86 takes memory in whole blocks of this size, in bytes."""

# ACPI's _OST: what it is about, and how it went.
INSERTION, EJECTION = 1, 3
SUCCESS, UNSUPPORTED, BUSY, IN_PROGRESS = 0, 128, 130, 132


_OF_MEMORY = (Occasion.DIMM_PLUG, Occasion.DIMM_UNPLUG)
_OF_CPUS = (Occasion.CPU_PLUG, Occasion.CPU_UNPLUG)


class SlotDriver:
    """It looks at the slots when it is told to, and puts into the queue what they ask for.

    ``for_memory``: these are slots for DIMMs; else for CPUs.
    """

    def __init__(self, kernel: Kernel, slots: SlotPlatform, *, for_memory: bool) -> None:
        _, self._time, self._queue, self._conduct, self._crash = kernel
        self._slots = slots
        self._for_memory = for_memory
        self._plug, self._unplug = _OF_MEMORY if for_memory else _OF_CPUS
        self._scans = False
        # An interrupt from before is lost; what the slots ask for is still asked for.
        slots.take_interrupt()

    def interrupt(self) -> None:
        if not self._scans:
            self._scans = True
            self._time.call_later(self._conduct.behaviour.timing.scan, self._scan)

    def _scan(self) -> None:
        self._scans = False
        if self._slots.take_interrupt():
            begin = {Work.INSERT: self._insert, Work.EJECT: self._eject}
            work = [(slot, what, self._slots.seated(slot)) for slot, what in self._slots.take_work()]
            self._queue.add(
                *(
                    Entry(
                        what, part.name if part else "", slot if self._for_memory else None, partial(begin[what], slot)
                    )
                    for slot, what, part in work
                )
            )

    def _insert(self, slot: int) -> None:
        part = self._slots.seated(slot)
        if part is None:
            self._queue.drop()
            return
        rule = self._conduct.find(self._plug, part.name)
        if rule.do is Deed.IGNORE:
            self._queue.drop()
            return
        usual = self._conduct.behaviour.timing.plug if is_usable(part) else 0.0
        duration = self._conduct.duration(usual, rule, part.size)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
            return
        # the answer is the same for a DIMM that the guest cannot or will not use
        self._queue.finish_later(duration, lambda: self._slots.report_ost(slot, INSERTION, SUCCESS))

    def _eject(self, slot: int) -> None:
        slots, queue, timing = self._slots, self._queue, self._conduct.behaviour.timing
        part = slots.seated(slot)
        if part is None:
            # asked for again before it was gone
            slots.report_ost(slot, EJECTION, IN_PROGRESS)
            slots.report_ost(slot, EJECTION, SUCCESS)
            queue.drop()
            return
        if self._for_memory and not self._conduct.behaviour.hot_remove:
            slots.report_ost(slot, EJECTION, UNSUPPORTED)
            queue.drop()
            return
        rule = self._conduct.find(self._unplug, part.name)
        if rule.do is Deed.IGNORE:
            queue.drop()
            return
        if not (rule.do is Deed.REFUSE and rule.status == UNSUPPORTED):
            slots.report_ost(slot, EJECTION, IN_PROGRESS)
        if rule.do is Deed.STALL:
            queue.stalled = lambda: queue.finish_later(0, lambda: self._let_go(slot))
            return
        usual = timing.refuse if rule.do is Deed.REFUSE else timing.unplug
        duration = self._conduct.duration(usual if is_usable(part) else 0.0, rule, part.size)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
        elif rule.do is Deed.REFUSE or (rule.do is Deed.FAIL and not self._for_memory):
            queue.finish_later(duration, lambda: slots.report_ost(slot, EJECTION, rule.status))
        elif rule.do is Deed.PARTIAL:
            queue.finish_later(duration * rule.percent / 100, lambda: slots.report_ost(slot, EJECTION, BUSY))
        elif rule.do is Deed.FAIL:
            queue.finish_later(duration, lambda: self._fail_to_let_go(slot))
        else:
            queue.finish_later(duration, lambda: self._let_go(slot))

    def _let_go(self, slot: int) -> None:
        self._slots.eject(slot)
        self._slots.report_ost(slot, EJECTION, SUCCESS)

    def _fail_to_let_go(self, slot: int) -> None:
        self._slots.fail_eject(slot)
        self._slots.report_ost(slot, EJECTION, SUCCESS)


def is_usable(part: Seated) -> bool:
    """Whether Linux takes such a DIMM in; it says yes to any."""
    return part.addr % BLOCK == 0 and part.size % BLOCK == 0
