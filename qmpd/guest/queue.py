"""The queue in which Linux works on what ACPI tells it of: strictly one thing after the other, DIMMs and PCI slots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qmpd.guest.contact import Work
from qmpd.guest.pace import GuestTime
from qmpd.named import NamedTuple


class Entry(NamedTuple):
    """Something to be done: ``begin`` it, and call the queue's ``finish`` in the end.

    ``name`` is the device's, empty if there is none any more; ``dimm`` is the slot of a DIMM, None for other devices.
    """

    work: Work
    name: str
    dimm: int | None
    begin: Callable[[], None]


class HotplugQueue:
    """``memory_freed`` is called when memory may be added and removed again, after a DIMM."""

    memory_freed: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, time: GuestTime) -> None:
        self._time = time
        self._waiting: deque[Entry] = deque()
        self.current: Entry | None = None
        self.stalled: Callable[[], None] | None = None
        """How to go on with the current entry, if nothing but somebody from outside makes it go on."""

    @property
    def holds_memory(self) -> bool:
        """Whether nobody else may add or remove memory now."""
        return self.current is not None and self.current.dimm is not None

    def entries(self) -> list[Entry]:
        """The current entry and all that wait."""
        return [*((self.current,) if self.current else ()), *self._waiting]

    def add(self, *entries: Entry) -> None:
        self._waiting.extend(entries)
        self._begin_next()

    def _begin_next(self) -> None:
        while self.current is None and self._waiting:
            self.current = self._waiting.popleft()
            self.current.begin()

    def drop(self) -> None:
        """Be done with the current entry, which took no time."""
        self.current = None

    def finish_later(self, delay: float, finish: Callable[[], object]) -> None:
        """Do the last step of the current entry after so many seconds, and go on with the next."""

        def run() -> None:
            finish()
            held, self.current = self.holds_memory, None
            if held:
                self.memory_freed()
            self._begin_next()

        self._time.call_later(delay, run)

    def release(self) -> None:
        """Go on with what is stalled."""
        go_on, self.stalled = self.stalled, None
        if go_on is not None:
            go_on()
