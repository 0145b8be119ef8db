"""The event loop: descriptors that are ready, callbacks that are due, and nothing else.

It has the part of asyncio's interface that the rooms here use, and means the same by it. asyncio itself would be a
quarter of a machine's start (20 ms) and a third of its memory (4 MB), most of it for coroutines and subprocesses, which
nobody here has.
"""

from __future__ import annotations

import heapq
import os
import select
from collections import deque
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Any, Protocol


class HasDescriptor(Protocol):
    """Whatever select(2) would take instead of a number."""

    def fileno(self) -> int: ...


class Handle:
    """A callback that is due some time; cancelled, it never is."""

    __slots__ = ("_arguments", "_callback", "cancelled")

    def __init__(self, callback: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self._callback = callback
        self._arguments = arguments
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def run(self) -> None:
        if not self.cancelled:
            self._callback(*self._arguments)


class Loop:
    """``on_fault`` is called with what a callback raises; the loop goes on.

    Only ``call_soon_threadsafe`` may be called from other threads.
    """

    def __init__(self) -> None:
        self.on_fault: Callable[[Exception], object] | None = None
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._order = count()
        self._watched: dict[int, dict[int, Handle]] = {}  # what to do by descriptor and EPOLLIN or EPOLLOUT
        self._epoll = select.epoll()
        self._stopping = False
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.add_reader(self._wake, os.eventfd_read, self._wake)

    # Callbacks

    def call_soon(self, callback: Callable[..., object], *arguments: Any) -> Handle:
        handle = Handle(callback, arguments)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(self, callback: Callable[..., object], *arguments: Any) -> None:
        self.call_soon(callback, *arguments)
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def call_later(self, delay_seconds: float, callback: Callable[..., object], *arguments: Any) -> Handle:
        handle = Handle(callback, arguments)
        heapq.heappush(self._timers, (monotonic() + delay_seconds, next(self._order), handle))
        return handle

    # Descriptors

    def add_reader(self, fd: int | HasDescriptor, callback: Callable[..., object], *arguments: Any) -> None:
        self._watch(fd, select.EPOLLIN, Handle(callback, arguments))

    def remove_reader(self, fd: int | HasDescriptor) -> None:
        self._watch(fd, select.EPOLLIN, None)

    def add_writer(self, fd: int | HasDescriptor, callback: Callable[..., object], *arguments: Any) -> None:
        self._watch(fd, select.EPOLLOUT, Handle(callback, arguments))

    def remove_writer(self, fd: int | HasDescriptor) -> None:
        self._watch(fd, select.EPOLLOUT, None)

    def _watch(self, what: int | HasDescriptor, event: int, handle: Handle | None) -> None:
        """Raises PermissionError for a regular file, which is always ready."""
        fd = what if isinstance(what, int) else what.fileno()
        before = self._watched.get(fd, {})
        after = {key: value for key, value in before.items() if key != event} | ({event: handle} if handle else {})
        if after and before:
            self._epoll.modify(fd, sum(after))
        elif after:
            self._epoll.register(fd, sum(after))
        elif before:
            self._epoll.unregister(fd)
        if event in before:
            before[event].cancel()
        if after:
            self._watched[fd] = after
        else:
            self._watched.pop(fd, None)

    # Running

    def run_forever(self) -> None:
        """Until ``stop``; what was due by then is done."""
        while True:
            self._collect()
            for _ in range(len(self._ready)):
                try:
                    self._ready.popleft().run()
                except Exception as fault:
                    if self.on_fault is None:
                        raise
                    self.on_fault(fault)
            if self._stopping:
                self._stopping = False
                return

    def _collect(self) -> None:
        """Wait until something is due, and make it ready."""
        timers, ready = self._timers, self._ready
        while timers and timers[0][2].cancelled:
            heapq.heappop(timers)
        patience: float | None = None
        if ready or self._stopping:
            patience = 0
        elif timers:
            patience = max(0, timers[0][0] - monotonic())
        for fd, events in self._epoll.poll(patience):
            for event, handle in self._watched[fd].items():
                if events & (event | select.EPOLLHUP | select.EPOLLERR):
                    ready.append(handle)
        now = monotonic()
        while timers and timers[0][0] <= now:
            ready.append(heapq.heappop(timers)[2])

    def stop(self) -> None:
        self._stopping = True

    def close(self) -> None:
        wake, self._wake = self._wake, -1
        os.close(wake)
        self._epoll.close()
