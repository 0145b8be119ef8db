"""How the event loop waits for what happens next."""

from __future__ import annotations

from os import sched_yield
from selectors import DefaultSelector, SelectorKey
from time import monotonic

_SHORT_SECONDS = 200e-6  # libvirt takes about half of that from an answer to its next question


class PollingSelector(DefaultSelector):
    """Stays awake where the last wait was a short one, as QEMU's own loops do (``poll-max-ns`` of an iothread).

    To fall asleep and be woken takes longer than an answer does. libvirt asks 480 questions, one after the other, while
    a domain starts: that would be a third of the start.
    """

    _wait_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        began = monotonic()
        end = began + (_SHORT_SECONDS if self._wait_seconds < _SHORT_SECONDS else 0)
        ready = super().select(0)
        while not ready and monotonic() < end:
            sched_yield()  # to whoever has work to do
            ready = super().select(0)
        ready = ready or super().select(timeout)
        self._wait_seconds = monotonic() - began
        return ready
