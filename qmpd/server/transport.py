"""The way between a connection and its descriptor: no more is read than wanted, and what cannot be written yet is kept.

A connection is told what happens by asyncio's names: ``connection_made``, ``get_buffer``, ``buffer_updated``,
``eof_received``, ``pause_writing``, ``resume_writing``, ``connection_lost``.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

_HIGH_WATER = 64 << 10
_LOW_WATER = 16 << 10
_INT = 4
_ANCILLARY = socket.CMSG_SPACE(16 * _INT)  # as many descriptors as QEMU takes with one message


class Client(Protocol):
    """A connection as its transport knows it."""

    def connection_made(self, transport: Transport) -> None: ...

    def get_buffer(self) -> memoryview: ...

    def buffer_updated(self, nbytes: int) -> None: ...

    def descriptors_arrived(self, descriptors: list[int]) -> None:
        """They came with the bytes that follow."""

    def eof_received(self) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def connection_lost(self) -> None: ...


class Transport:
    """What all kinds share. They say how to read, how to write as much as goes now, and how to let go."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client, read_fd: int | None, write_fd: int) -> None:
        self._loop = loop
        self._client = client
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._unsent = bytearray()
        self._waiting = False
        self._paused = False
        self._closing = False
        self._lost = False
        client.connection_made(self)
        if read_fd is not None:
            self.resume_reading()

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    # Reading

    def resume_reading(self) -> None:
        if self._read_fd is not None and not self._closing:
            self._loop.add_reader(self._read_fd, self._read_ready)

    def pause_reading(self) -> None:
        if self._read_fd is not None:
            self._loop.remove_reader(self._read_fd)

    def _read_ready(self) -> None:
        try:
            count = self._read(self._client.get_buffer())
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        if count:
            self._client.buffer_updated(count)
            return
        self.pause_reading()
        self._read_fd = None
        self._end_of_input()

    def _read(self, buffer: memoryview) -> int:
        """Read what there is; how many bytes. Raises OSError."""
        raise NotImplementedError

    def _end_of_input(self) -> None:
        raise NotImplementedError

    # Writing

    def write(self, data: bytes) -> None:
        if self._lost:
            return
        if self._waiting:
            self._unsent += data
            self._tell_client()
            return
        try:
            sent = self._write(data)
        except OSError:
            self.abort()
            return
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
        self._wait(bool(self._unsent))

    def _write(self, data: bytes | bytearray) -> int:
        """Write as much as goes without waiting; how many bytes. Raises OSError."""
        raise NotImplementedError

    def _send(self) -> None:
        try:
            del self._unsent[: self._write(self._unsent)]
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
        self._tell_client()
        if self._closing and not wanted:
            self._lose()

    def _tell_client(self) -> None:
        if not self._paused and len(self._unsent) > _HIGH_WATER:
            self._paused = True
            self._client.pause_writing()
        elif self._paused and len(self._unsent) <= _LOW_WATER:
            self._paused = False
            self._client.resume_writing()

    # The end

    def close(self) -> None:
        """Read no more, write what is kept, and go."""
        self._closing = True
        self.pause_reading()
        if not self._unsent:
            self._lose()

    def abort(self) -> None:
        """Go at once."""
        self._unsent.clear()
        if self._waiting:
            self._loop.remove_writer(self._write_fd)
            self._waiting = False
        self.close()

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._gone)

    def _gone(self) -> None:
        self._client.connection_lost()


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found += memoryview(data[: len(data) // _INT * _INT]).cast("i")
    return found


class SocketTransport(Transport):
    """Over a connected socket, which is closed in the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client, sock: socket.socket) -> None:
        self._socket = sock
        self._passes_descriptors = sock.family == socket.AF_UNIX
        sock.setblocking(False)
        super().__init__(loop, client, sock.fileno(), sock.fileno())

    def _read(self, buffer: memoryview) -> int:
        if not self._passes_descriptors:
            return self._socket.recv_into(buffer)
        count, ancillary, _, _ = self._socket.recvmsg_into([buffer], _ANCILLARY, socket.MSG_CMSG_CLOEXEC)
        if ancillary:
            self._client.descriptors_arrived(_descriptors(ancillary))
        return count

    def _end_of_input(self) -> None:
        self._client.eof_received()  # what came before may still wait for an answer; the client says when it is done

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def _gone(self) -> None:
        super()._gone()
        self._socket.close()
