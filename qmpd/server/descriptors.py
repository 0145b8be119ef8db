"""Monitors on plain descriptors: stdio, files and pseudo-terminals, which asyncio's own transports do not cover.

A descriptor is never switched to non-blocking mode, because whoever shares it (a shell, a log) would notice.
"""

from __future__ import annotations

import asyncio
import os
import select
from typing import Any

_CHUNK = 4096  # bytes that a pipe reported as writable takes without blocking (PIPE_BUF)
_HIGH_WATER = 64 << 10
_LOW_WATER = 16 << 10


class DescriptorTransport(asyncio.Transport):
    """A transport over one descriptor to read from, if any, and one to write to. It closes neither."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.BufferedProtocol,
        read_fd: int | None,
        write_fd: int,
        *,
        ends_with_input: bool,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._ends_with_input = ends_with_input
        self._next_read: asyncio.Handle | None = None
        self._unsent = bytearray()
        self._waiting = False
        self._paused = False
        self._closing = False
        self._lost = False
        protocol.connection_made(self)
        if read_fd is not None:
            self.resume_reading()

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    # Reading

    def resume_reading(self) -> None:
        if self._read_fd is None or self._closing:
            return
        try:
            self._loop.add_reader(self._read_fd, self._read_ready)
        except PermissionError:  # epoll does not take what is always ready, such as a regular file or /dev/null
            self._next_read = self._loop.call_soon(self._read_on)

    def pause_reading(self) -> None:
        if self._next_read is not None:
            self._next_read.cancel()
            self._next_read = None
        elif self._read_fd is not None:
            self._loop.remove_reader(self._read_fd)

    def _read_on(self) -> None:
        self._next_read = self._loop.call_soon(self._read_on)
        self._read_ready()

    def _read_ready(self) -> None:
        assert self._read_fd is not None
        try:
            count = os.readv(self._read_fd, [self._protocol.get_buffer(-1)])
        except OSError:
            count = 0  # the other side of a pseudo-terminal has been closed
        if count:
            self._protocol.buffer_updated(count)
            return
        self.pause_reading()
        self._read_fd = None
        if self._ends_with_input:
            self.abort()

    # Writing

    def write(self, data: Any) -> None:
        self._unsent += data
        if not self._waiting:
            self._send()

    def _send(self) -> None:
        try:
            while self._unsent and _writable(self._write_fd):
                del self._unsent[: os.write(self._write_fd, self._unsent[:_CHUNK])]
        except OSError:
            self.abort()
            return
        self._wait(bool(self._unsent))

    def _wait(self, wanted: bool) -> None:
        if wanted and not self._waiting:
            self._loop.add_writer(self._write_fd, self._send)
        elif self._waiting and not wanted:
            self._loop.remove_writer(self._write_fd)
        self._waiting = wanted
        self._tell_protocol()
        if self._closing and not wanted:
            self._lose()

    def _tell_protocol(self) -> None:
        if not self._paused and len(self._unsent) > _HIGH_WATER:
            self._paused = True
            self._protocol.pause_writing()
        elif self._paused and len(self._unsent) <= _LOW_WATER:
            self._paused = False
            self._protocol.resume_writing()

    # The end

    def close(self) -> None:
        self._closing = True
        self.pause_reading()
        if not self._unsent:
            self._lose()

    def abort(self) -> None:
        self._unsent.clear()
        if self._waiting:
            self._loop.remove_writer(self._write_fd)
            self._waiting = False
        self.close()

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._protocol.connection_lost, None)


def _writable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))


def open_pty() -> tuple[int, str]:
    """A new pseudo-terminal in raw mode: our descriptor and the path for the other side."""
    import tty

    ours, theirs = os.openpty()
    try:
        tty.setraw(theirs)
        return ours, os.ttyname(theirs)
    finally:
        os.close(theirs)


def pty_has_client(fd: int) -> bool:
    """Whether somebody has the other side of a pseudo-terminal open."""
    poll = select.poll()
    poll.register(fd, select.POLLHUP)
    return not any(events & select.POLLHUP for _, events in poll.poll(0))
