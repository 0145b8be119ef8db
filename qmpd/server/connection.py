"""One client's connection: bytes from a transport into a session and back, no faster than the client reads.

It works for sockets (``qmpd.server.transport``) and for other descriptors (``qmpd.server.descriptors``) alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd import log
from qmpd.config import MonitorConfig
from qmpd.descriptors import NamedDescriptors, close_all
from qmpd.server.transport import Transport

if TYPE_CHECKING:
    from qmpd.server.seams import Session, VirtualMachine

READ_SIZE = 4096  # bytes taken from a client in one go, as QEMU does; it bounds what one go can cause
UNREAD_MAX = 64 << 20  # bytes that may wait for a client that does not read before it is given up


class Mute:
    """The session of a character device that nothing with a voice is attached to: takes everything, says nothing."""

    on_output: Callable[[], None] | None = None
    on_request: Any = None
    on_fault: Any = None
    wants_input = True
    stalled = False
    closing = False

    def greet(self) -> None: ...

    def receive_data(self, data: bytes) -> None: ...

    def receive_eof(self) -> None:
        self.closing = True

    def pause_output(self) -> None: ...

    def resume_output(self) -> None: ...

    def data_to_send(self) -> bytes:
        return b""


class Monitors:
    """Opens sessions for those who connect, and knows who is connected.

    ``on_empty`` is called when the last connection has gone after ``finish``.
    """

    def __init__(self, vm: VirtualMachine, name: str) -> None:
        self._vm = vm
        self._name = name
        self._sessions = 0
        self.connections: set[Connection] = set()
        self.on_empty: Callable[[], None] | None = None

    def open(self, monitor: MonitorConfig | None) -> Session:
        session: Session
        if monitor is not None and monitor.qtest:
            session = self._vm.open_qtest()
            return session
        if monitor is None:
            return Mute()
        self._sessions += 1
        session = self._vm.open_session(monitor.pretty) if monitor.control else self._vm.open_human(monitor.chardev)
        session.on_request = log.request_tracer(self._name, self._sessions)
        session.on_fault = self._report
        return session

    def close(self, session: Session) -> None:
        if not isinstance(session, Mute):
            self._vm.close_session(session)

    def _report(self, fault: Exception, request: dict[str, Any]) -> None:
        log.error("internal fault", vm=self._name, request=request, exc_info=fault)

    def finish(self) -> None:
        """Send everybody what there is to send and close."""
        for connection in list(self.connections):
            connection.finish()

    def remove(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if not self.connections and self.on_empty is not None:
            self.on_empty()


class Connection:
    """The client of a transport: a session with what it needs to be one.

    ``on_lost`` tells whoever accepted the client that it has gone.
    """

    def __init__(self, monitors: Monitors, monitor: MonitorConfig | None, *, on_lost: Callable[[], None]) -> None:
        self._monitors = monitors
        self._session = monitors.open(monitor)
        self._on_lost = on_lost
        self._view = memoryview(bytearray(READ_SIZE))
        self._transport: Transport
        self._paused = False
        self._reading = True

    # Called by the transport

    def connection_made(self, transport: Transport) -> None:
        self._transport = transport
        self._monitors.connections.add(self)
        self._session.on_output = self._flush
        self._session.greet()
        self._flush()

    def get_buffer(self) -> memoryview:
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        self._session.receive_data(bytes(self._view[:nbytes]))
        self._flush()

    def descriptors_arrived(self, descriptors: list[int]) -> None:
        taker: NamedDescriptors | None = getattr(self._session, "descriptors", None)
        if taker is not None:
            taker.arrive(descriptors)
        else:
            close_all(descriptors)

    def eof_received(self) -> None:
        self._reading = False
        self._session.receive_eof()
        self._flush()

    def pause_writing(self) -> None:
        self._paused = True
        self._session.pause_output()

    def resume_writing(self) -> None:
        self._paused = False
        self._session.resume_output()
        self._flush()

    def connection_lost(self) -> None:
        self._session.on_output = None
        self._monitors.close(self._session)
        self._monitors.remove(self)
        self._on_lost()

    # Inside

    def push(self) -> None:
        """Hand over what the session has to say, and nothing else; it may be in the middle of something."""
        self._transport.write(self._session.data_to_send())

    def _flush(self) -> None:
        """Hand over what the session has to say, let it go on if that is all it waited for, and obey its wishes."""
        session, transport = self._session, self._transport
        while True:
            stalled = session.stalled
            data = session.data_to_send()
            if data:
                transport.write(data)
            if self._paused or not stalled:
                break
            session.resume_output()
        if session.closing:
            transport.close()
        elif session.wants_input is not self._reading:
            self._set_reading(session.wants_input)
        if self._paused and transport.get_write_buffer_size() > UNREAD_MAX:
            log.warning("client does not read: closing its connection", unread_bytes=transport.get_write_buffer_size())
            transport.abort()

    def _set_reading(self, reading: bool) -> None:
        self._reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def finish(self) -> None:
        self._flush()
        self._transport.close()
