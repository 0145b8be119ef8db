"""The faults of one machine: which rules there are, what waits because of them, and who is to be disturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from qmpd.clock import Clock, Handle
from qmpd.event import Event
from qmpd.faults.fault import Deed, Document, Fault, Occasion, fault_from
from qmpd.faults.line import FaultyLine
from qmpd.rules import Count, RuleBook
from qmpd.wire.session import Session


class _Waiting:
    """Something on a client's ``line``, or on all, that a rule holds up. ``go_on`` is called once."""

    __slots__ = ("fault", "go_on", "line", "timer")

    def __init__(self, fault: Fault, go_on: Callable[[], object], line: FaultyLine | None) -> None:
        self.fault = fault
        self.go_on = go_on
        self.line = line
        self.timer: Handle | None = None


class Faults:
    """``kill`` ends the machine as a signal of that name would."""

    def __init__(self, clock: Clock, kill: Callable[[str], None], document: Document | None = None) -> None:
        self.kill = kill
        self._clock = clock
        self._book: RuleBook[Fault] = RuleBook((), document.seed if document else 0)
        self._lines: dict[Session, FaultyLine] = {}
        self._waiting: list[_Waiting] = []
        self._ends: dict[str, Handle] = {}
        self._expired: set[str] = set()
        self._event_fault: Fault | None = None
        for fault in reversed(document.faults if document else ()):
            self.add(fault)

    # Rules

    def rule_from(self, members: dict[str, Any], monitor: object) -> Fault:
        """The rule that a client of ``monitor`` describes. Raises BadRule."""
        owner = next((line for session, line in self._lines.items() if session is monitor), None)
        return fault_from(members, owner)

    def add(self, rule: Fault) -> str:
        """Put a rule before all others; the result is its name. Raises DuplicateRule."""
        name = self._book.add(rule)
        if rule.seconds is not None:
            self._ends[name] = self._clock.call_later(rule.seconds, partial(self._expire, name))
        return name

    def remove(self, name: str) -> None:
        """Forget a rule, and let go what it holds up. Raises UnknownRule."""
        self._book.remove(name)
        self._expired.discard(name)
        if name in self._ends:
            self._ends.pop(name).cancel()
        self._release(name)

    def _expire(self, name: str) -> None:
        self._expired.add(name)
        self._release(name)

    def _release(self, name: str) -> None:
        for waiting in [waiting for waiting in self._waiting if waiting.fault.name == name]:
            self._finish(waiting)

    def __iter__(self) -> Iterator[Count[Fault]]:
        return iter(self._book)

    def is_active(self, count: Count[Fault]) -> bool:
        """Whether a rule may still be followed."""
        return count.rule.name not in self._expired and not count.is_over

    def held_up(self, name: str) -> int:
        """How many things wait because of a rule."""
        return sum(waiting.fault.name == name for waiting in self._waiting)

    def find(self, occasion: Occasion, name: str, line: FaultyLine | None = None) -> Fault | None:
        """The rule to follow now, if there is one; ``line`` is whom it would hit."""
        return self._book.find(
            occasion, name, lambda fault: fault.name not in self._expired and not (line and self.spares(fault, line))
        )

    def spares(self, fault: Fault, line: FaultyLine) -> bool:
        return fault.spare and fault.owner is line

    # Waiting

    def wait(self, fault: Fault, go_on: Callable[[], object], line: FaultyLine | None = None) -> Callable[[], object]:
        """Call ``go_on`` when the rule says so. The result is what to call if nobody needs that any more."""
        waiting = _Waiting(fault, go_on, line)
        self._waiting.append(waiting)
        if fault.delay is not None or fault.jitter:
            delay = (fault.delay or 0.0) + self._book.jitter(fault)
            waiting.timer = self._clock.call_later(delay, partial(self._finish, waiting))
        return partial(self._forget, waiting)

    def _finish(self, waiting: _Waiting) -> None:
        if self._forget(waiting):
            waiting.go_on()

    def _forget(self, waiting: _Waiting) -> bool:
        if waiting not in self._waiting:
            return False
        self._waiting.remove(waiting)
        if waiting.timer is not None:
            waiting.timer.cancel()
        return True

    # Clients

    def attach(self, session: Session) -> None:
        """Disturb this session from now on."""
        session.line = self._lines[session] = FaultyLine(self, session)

    def detach(self, session: Session) -> None:
        line = self._lines.pop(session)
        for waiting in [waiting for waiting in self._waiting if waiting.line is line]:
            self._forget(waiting)

    def deliver(self, event: Event) -> None:
        """Report an event to all clients, disturbed once for all of them."""
        fault = self.find(Occasion.EVENT, event.name)
        if fault is not None and fault.do is Deed.KILL:
            self.kill(fault.signal)
            return
        if fault is None or fault.do not in (Deed.DROP, Deed.DELAY):
            self._announce(event, fault, list(self._lines))
            return
        spared = [session for session, line in self._lines.items() if self.spares(fault, line)]
        self._announce(event, None, spared)
        if fault.do is Deed.DELAY:
            self.wait(fault, lambda: self._announce(event, None, [one for one in self._lines if one not in spared]))

    def _announce(self, event: Event, fault: Fault | None, sessions: list[Session]) -> None:
        self._event_fault = fault
        for session in sessions:
            session.emit(event)
        self._event_fault = None
        if sessions:
            self._happened(event.name)

    def _happened(self, name: str) -> None:
        # not now: this may be the middle of whatever the event tells of
        for waiting in self._waiting:
            if waiting.fault.until == name:
                self._clock.call_later(0.0, partial(self._finish, waiting))

    def event_fault(self, line: FaultyLine) -> Fault | None:
        """What is to happen to the event that is being reported."""
        fault = self._event_fault
        return None if fault is None or self.spares(fault, line) else fault

    def stamp(self) -> dict[str, Any]:
        """The time of an event that did not happen."""
        seconds, microseconds = self._clock.now()
        return {"seconds": seconds, "microseconds": microseconds}
