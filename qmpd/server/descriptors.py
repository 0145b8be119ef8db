"""Monitors on plain descriptors, which are no sockets: stdio, files and pseudo-terminals.

A descriptor is never switched to non-blocking mode, because whoever shares it (a shell, a log) would notice.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qmpd.server.transport import Client, Transport

if TYPE_CHECKING:
    import asyncio

_CHUNK = 4096  # bytes that a pipe reported as writable takes without blocking (PIPE_BUF)


class DescriptorTransport(Transport):
    """A transport over one descriptor to read from, if any, and one to write to. It closes neither."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        client: Client,
        read_fd: int | None,
        write_fd: int,
        *,
        ends_with_input: bool,
    ) -> None:
        self._ends_with_input = ends_with_input
        self._next_read: asyncio.Handle | None = None
        super().__init__(loop, client, read_fd, write_fd)

    def resume_reading(self) -> None:
        try:
            super().resume_reading()
        except PermissionError:  # epoll does not take what is always ready, such as a regular file or /dev/null
            self._next_read = self._loop.call_soon(self._read_on)

    def pause_reading(self) -> None:
        if self._next_read is not None:
            self._next_read.cancel()
            self._next_read = None
        else:
            super().pause_reading()

    def _read_on(self) -> None:
        self._next_read = self._loop.call_soon(self._read_on)
        self._read_ready()

    def _read(self, buffer: memoryview) -> int:
        assert self._read_fd is not None
        try:
            return os.readv(self._read_fd, [buffer])
        except OSError:
            return 0  # the other side of a pseudo-terminal has been closed

    def _end_of_input(self) -> None:
        if self._ends_with_input:
            self.abort()

    def _write(self, data: bytes | bytearray) -> int:
        sent = 0
        while sent < len(data) and _writable(self._write_fd):
            sent += os.write(self._write_fd, memoryview(data)[sent : sent + _CHUNK])
        return sent


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


def take_terminal(fd: int, *, signals: bool) -> Callable[[], None]:
    """Have keys as they are typed, unseen; also those for ``signals``, unless they make them. The result undoes it."""
    import termios

    before = termios.tcgetattr(fd)
    iflag, oflag, cflag, lflag, ispeed, ospeed, chars = termios.tcgetattr(fd)
    iflag &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    iflag &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | (0 if signals else termios.ISIG))
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    chars[termios.VMIN], chars[termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, [iflag, oflag | termios.OPOST, cflag, lflag, ispeed, ospeed, chars])
    return partial(termios.tcsetattr, fd, termios.TCSANOW, before)
