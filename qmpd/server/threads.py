"""Threads for the numbers behind CPUs and iothreads: they exist, are named as QEMU's, and never run.

Software that looks at a virtual machine from outside reads ``/proc/PID/task`` and pins the threads it finds there.
"""

from __future__ import annotations

import _thread
from contextlib import suppress

_STACK = 64 << 10  # bytes; a thread that only waits touches one page of them
_NAME_MAX = 15  # bytes; the kernel takes no more


class ParkedThreads:
    """Threads that sleep until they are ended. ``named``: give them names (``-name debug-threads=on``)."""

    def __init__(self, named: bool) -> None:
        self._named = named
        self._parked: dict[int, _thread.LockType] = {}

    def start(self, name: str) -> int:
        """Start a thread; its number."""
        number: list[int] = []
        begun, end = _thread.allocate_lock(), _thread.allocate_lock()
        begun.acquire()
        end.acquire()

        def park() -> None:
            number.append(_thread.get_native_id())
            begun.release()
            end.acquire()

        usual = _thread.stack_size(_STACK)
        try:
            _thread.start_new_thread(park, ())
        finally:
            _thread.stack_size(usual)
        begun.acquire()
        self._parked[number[0]] = end
        if self._named:
            _rename(number[0], name)
        return number[0]

    def end(self, number: int) -> None:
        self._parked.pop(number).release()


def _rename(number: int, name: str) -> None:
    with suppress(OSError), open(f"/proc/self/task/{number}/comm", "wb") as file:
        file.write(name.encode()[:_NAME_MAX])
