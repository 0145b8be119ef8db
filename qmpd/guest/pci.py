"""The part of Linux that takes PCI devices in and lets them go: by ACPI, or as the slot itself asks (pciehp, shpchp).

ACPI's slots share the queue of the DIMMs. A slot that speaks for itself blinks while Linux is at work on it, and gives
whoever pressed its button five seconds to think again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qmpd.guest.behaviour import Deed, Occasion, Rule, Timing
from qmpd.guest.contact import Slot, Work
from qmpd.guest.kernel import Kernel
from qmpd.guest.queue import Entry


class PciDriver:
    """``appeared`` and ``vanishing`` are called with the name of each device that drivers can use, or shall let go."""

    def __init__(self, kernel: Kernel) -> None:
        platform, self._time, self._queue, self._conduct, self._crash = kernel
        self._platform = platform.pci
        self._scans = False
        self._stalled: list[Callable[[], None]] = []
        self.known: dict[str, None] = {}
        self.appeared: Callable[[str], None] = lambda name: None
        self.vanishing: Callable[[str], None] = lambda name: None

    @property
    def _timing(self) -> Timing:
        return self._conduct.behaviour.timing

    def start(self) -> None:
        """Find what is there. What ACPI told before is lost, except that removals are still asked for."""
        platform = self._platform
        platform.take_interrupt()
        platform.take_work()
        unpowered = [slot for slot in platform.speaking_slots() if not platform.has_power(slot)]
        hidden = {name for slot in unpowered for name in platform.devices_in(slot)}
        for name in platform.devices():
            if name not in hidden:
                self._meet(name)
        for slot in unpowered:
            self.slot_filled(slot)

    @property
    def is_stalled(self) -> bool:
        return bool(self._stalled)

    def release(self) -> None:
        stalled, self._stalled = self._stalled, []
        for go_on in stalled:
            go_on()

    def _meet(self, name: str) -> None:
        self.known[name] = None
        self.appeared(name)

    def _part_with(self, slot: Slot) -> None:
        for name in self._platform.devices_in(slot):
            self.known.pop(name, None)
            self.vanishing(name)

    def _rule(self, occasion: Occasion, slot: Slot) -> Rule | None:
        """The rule for what is in a slot; None for nothing that anybody looks at."""
        names = self._platform.devices_in(slot)
        rule = self._conduct.find(occasion, names[0]) if names else None
        return rule if rule is not None and rule.do is not Deed.IGNORE else None

    # By ACPI

    def interrupt(self) -> None:
        if not self._scans and self._conduct.behaviour.acpi:
            self._scans = True
            self._time.call_later(self._timing.scan, self._scan)

    def _scan(self) -> None:
        self._scans = False
        if self._platform.take_interrupt():
            begin = {Work.INSERT: self._insert, Work.EJECT: self._eject}
            for slot, work in self._platform.take_work():
                name = next(iter(self._platform.devices_in(slot)), "")
                self._queue.add(Entry(work, name, None, partial(begin[work], slot)))

    def _insert(self, slot: Slot) -> None:
        rule = self._rule(Occasion.PCI_PLUG, slot)
        if rule is None:
            self._queue.drop()
            return
        duration = self._conduct.duration(self._timing.pci_plug, rule)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
        elif rule.do is Deed.STALL:
            self._queue.stalled = lambda: self._queue.finish_later(0, lambda: self._meet_all(slot))
        else:
            self._queue.finish_later(duration, lambda: self._meet_all(slot))

    def _meet_all(self, slot: Slot) -> None:
        for name in self._platform.devices_in(slot):
            self._meet(name)

    def _eject(self, slot: Slot) -> None:
        rule = self._rule(Occasion.PCI_UNPLUG, slot)
        if rule is None:
            self._queue.drop()
            return
        duration = self._conduct.duration(self._timing.pci_unplug, rule)
        deeds = {Deed.OBEY: self._let_go, Deed.FAIL: self._platform.fail_removal}
        finish = deeds.get(rule.do, self._stay)
        if rule.do is Deed.CRASH:
            self._time.call_later(duration, self._crash)
        elif rule.do is Deed.STALL:
            self._queue.stalled = lambda: self._queue.finish_later(0, lambda: self._let_go(slot))
        else:
            self._queue.finish_later(duration, lambda: finish(slot))

    def _stay(self, slot: Slot) -> None:
        """Nothing tells that the guest keeps what ACPI wanted to go."""

    def _let_go(self, slot: Slot) -> None:
        self._part_with(slot)
        self._platform.eject(slot, self._timing.deleted)

    # By the slots themselves

    def slot_filled(self, slot: Slot) -> None:
        rule = self._rule(Occasion.PCI_PLUG, slot)
        if rule is None:
            return
        self._platform.switch(slot, power=False, blinks=True)
        duration = self._conduct.duration(self._timing.pci_plug + self._timing.link, rule)
        if rule.do is Deed.STALL:
            self._stalled.append(lambda: self._switch_on(slot))
        else:
            self._time.call_later(duration, self._crash if rule.do is Deed.CRASH else lambda: self._switch_on(slot))

    def _switch_on(self, slot: Slot) -> None:
        self._platform.switch(slot, power=True, blinks=False)
        self._meet_all(slot)

    def slot_button(self, slot: Slot) -> None:
        rule = self._rule(Occasion.PCI_UNPLUG, slot)
        if rule is None:
            return
        timing = self._timing
        self._platform.switch(slot, power=True, blinks=True)
        duration = self._conduct.duration(timing.button + timing.pci_unplug + timing.power_off, rule)
        deeds = {Deed.OBEY: self._switch_off, Deed.FAIL: self._fail_to_let_go}
        finish = deeds.get(rule.do, self._calm_down)
        if rule.do is Deed.STALL:
            self._stalled.append(lambda: self._switch_off(slot))
        else:
            self._time.call_later(duration, self._crash if rule.do is Deed.CRASH else lambda: finish(slot))

    def _switch_off(self, slot: Slot) -> None:
        self._part_with(slot)
        self._platform.switch(slot, power=False, blinks=False)

    def _calm_down(self, slot: Slot) -> None:
        self._platform.switch(slot, power=True, blinks=False)

    def _fail_to_let_go(self, slot: Slot) -> None:
        self._platform.fail_removal(slot)
        self._calm_down(slot)
