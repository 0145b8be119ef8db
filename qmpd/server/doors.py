"""Character devices as doors through which clients come in: who is let in, when, and what query-chardev says of it.

Each kind is opened before the machine exists, because a bad address must stop the start, and started when it does.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from qmpd import errors, log
from qmpd.chardev import ChardevStatus
from qmpd.config import ChardevConfig, MonitorConfig
from qmpd.descriptors import FdSets, names_set
from qmpd.errors import QemuError, StartupError
from qmpd.named import NamedTuple
from qmpd.options.report import Report
from qmpd.server import sockets
from qmpd.server.connection import Connection, Monitors
from qmpd.server.transport import SocketTransport

if TYPE_CHECKING:
    import asyncio

_RETRY_SECONDS = 1.0  # until the next attempt to accept after the process has run out of descriptors
_PTY_SECONDS = 0.25  # between two looks whether somebody has opened a pseudo-terminal; nothing announces it


class Hall(NamedTuple):
    """What all doors share while clients may come. ``report`` is for messages that QEMU has, too."""

    loop: asyncio.AbstractEventLoop
    monitors: Monitors
    report: Report


class Door(Protocol):
    """An open character device."""

    status: ChardevStatus

    def start(self, hall: Hall) -> None:
        """Let clients in."""

    def close(self) -> None:
        """Let nobody in any more and take away what others could find; those inside stay."""


class _Base:
    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        self._config = config
        self._monitor = monitor
        self._hall: Hall
        self._closed = False
        self.status = ChardevStatus(config.id, config.backend, frontend_open=monitor is not None)

    def _connection(self, on_lost: Callable[[], None]) -> Connection:
        return Connection(self._hall.monitors, self._monitor, on_lost=on_lost)

    def _lost(self) -> None:
        """A client has gone."""

    def start(self, hall: Hall) -> None:
        self._hall = hall

    def close(self) -> None:
        self._closed = True


class _SocketDoor(_Base):
    """What listening and connecting sockets have in common: the way from a connected socket to a connection."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        super().__init__(config, monitor)
        self._clients = 0

    def _welcome(self, sock: socket.socket) -> None:
        self._clients += 1
        self.status.filename = sockets.describe(self._config, sock, connected=True)
        SocketTransport(self._hall.loop, self._connection(self._lost), sock)


class ListeningDoor(_SocketDoor):
    """A socket with ``server=on``. One client at a time, the next ones waiting in the kernel, unless ``many``."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        super().__init__(config, monitor)
        self._listeners = sockets.listen(config)
        self._first: socket.socket | None = None
        self._accepting = False
        self._vacant()

    def _vacant(self) -> None:
        self.status.filename = sockets.describe(self._config, self._listeners[0].sock, connected=False)

    def wait(self, report: Report) -> None:
        """Block until the first client has come, as ``wait=on`` asks, saying so on stderr."""
        report.error(self._config.origin, errors.char.waiting_for_connection(self.status.filename))
        self._first, _ = self._listeners[0].sock.accept()
        self.status.filename = sockets.describe(self._config, self._first, connected=True)

    def start(self, hall: Hall) -> None:
        super().start(hall)
        for listener in self._listeners:
            listener.sock.setblocking(False)
        first, self._first = self._first, None
        if first is not None:
            self._welcome(first)
        if first is None or self._config.many:
            self._accept()

    def _accept(self) -> None:
        if not self._closed:
            self._accepting = True
            for listener in self._listeners:
                self._hall.loop.add_reader(listener.sock, self._come_in, listener.sock)

    def _pause(self) -> None:
        self._accepting = False
        for listener in self._listeners:
            self._hall.loop.remove_reader(listener.sock)

    def _come_in(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("cannot accept clients for a while", chardev=self._config.id, reason=sockets.reason(error))
            self._pause()
            self._hall.loop.call_later(_RETRY_SECONDS, self._accept)
            return
        if not self._config.many:
            self._pause()
        self._welcome(sock)

    def _lost(self) -> None:
        self._clients -= 1
        if not self._clients and not self._closed:
            self._vacant()
            self._accept()

    def close(self) -> None:
        if not self._closed and self._accepting:
            self._pause()
        super().close()
        for listener in self._listeners:
            listener.close()


class ConnectingDoor(_SocketDoor):
    """A socket without ``server=on``: connects once, or again and again with ``reconnect-ms``."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        super().__init__(config, monitor)
        self._socket = None if config.reconnect_ms else sockets.connect(config)
        self._complained = False
        self._vacant()

    def _vacant(self) -> None:
        config = self._config
        where = f"unix:{config.path}" if config.path or config.fd is not None else f"tcp:{config.host}:{config.port}"
        self.status.filename = f"disconnected:{where}"

    def start(self, hall: Hall) -> None:
        super().start(hall)
        if self._socket is not None:
            self._welcome(self._socket)
        else:
            self._retry()

    def _retry(self) -> None:
        """Connect while others are served: looking up a name, or a host that does not answer, takes its time."""
        import threading

        def attempt() -> None:
            outcome: socket.socket | QemuError
            try:
                outcome = sockets.connect(self._config)
            except QemuError as error:
                outcome = error
            if not self._closed:
                self._hall.loop.call_soon_threadsafe(self._attempted, outcome)
            elif isinstance(outcome, socket.socket):
                outcome.close()

        if not self._closed:
            threading.Thread(target=attempt, name="connect", daemon=True).start()

    def _attempted(self, outcome: socket.socket | QemuError) -> None:
        if isinstance(outcome, QemuError):
            if not self._complained:
                self._complained = True
                self._hall.report.error("", errors.char.chardev_connect_failed(self._config.id, outcome.desc))
            self._hall.loop.call_later(self._config.reconnect_ms / 1000, self._retry)
        elif self._closed:
            outcome.close()
        else:
            self._complained = False
            self._welcome(outcome)

    def _lost(self) -> None:
        self._clients -= 1
        self._vacant()
        if self._config.reconnect_ms and not self._closed:
            self._hall.loop.call_later(self._config.reconnect_ms / 1000, self._retry)


class StdioDoor(_Base):
    """Standard input and output. The end of the input is not the end of the monitor: events go on."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        super().__init__(config, monitor)
        self._give_back: Callable[[], None] | None = None
        if os.isatty(0):
            from qmpd.server.descriptors import take_terminal

            self._give_back = take_terminal(0, signals=config.signal)

    def close(self) -> None:
        super().close()
        if self._give_back is not None:
            self._give_back()

    def start(self, hall: Hall) -> None:
        super().start(hall)
        self._open(hall)

    def _open(self, hall: Hall) -> None:
        from qmpd.server.descriptors import DescriptorTransport

        DescriptorTransport(hall.loop, self._connection(self._lost), 0, 1, ends_with_input=False)


class FileDoor(_Base):
    """A file that receives what the monitor says; nothing can be said to it."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None, fd_sets: FdSets) -> None:
        super().__init__(config, monitor)
        how = os.O_APPEND if config.append else os.O_TRUNC
        try:
            self._fd = _create(config.path, how, fd_sets)
        except OSError as error:
            raise errors.char.file_open_failed(config.path, sockets.reason(error)) from None
        if config.input and not os.path.exists(config.input):
            os.close(self._fd)
            raise errors.char.file_open_failed(config.input, os.strerror(errno.ENOENT))

    def start(self, hall: Hall) -> None:
        from qmpd.server.descriptors import DescriptorTransport

        super().start(hall)
        DescriptorTransport(hall.loop, self._connection(self._lost), None, self._fd, ends_with_input=False)


class PtyDoor(_Base):
    """A pseudo-terminal; its path is printed, and whoever has it open is the client."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        from qmpd.server.descriptors import open_pty

        super().__init__(config, monitor)
        self._fd, path = open_pty()
        self.status.filename = f"pty:{path}"
        print(f"char device redirected to {path} (label {config.id})", flush=True)
        try:
            if config.path:
                os.symlink(path, config.path)
        except OSError as error:
            raise errors.char.pty_link_failed(sockets.reason(error)) from None

    def close(self) -> None:
        super().close()
        if self._config.path:
            os.unlink(self._config.path)

    def start(self, hall: Hall) -> None:
        super().start(hall)
        self._look()

    def _look(self) -> None:
        from qmpd.server.descriptors import DescriptorTransport, pty_has_client

        if self._closed:
            return
        if pty_has_client(self._fd):
            DescriptorTransport(self._hall.loop, self._connection(self._look), self._fd, self._fd, ends_with_input=True)
        else:
            self._hall.loop.call_later(_PTY_SECONDS, self._look)


class PathDoor(_Base):
    """A pipe or a port of the host: it must be there, and is left alone."""

    def __init__(self, config: ChardevConfig, monitor: MonitorConfig | None) -> None:
        super().__init__(config, monitor)
        try:
            os.stat(config.path)
        except OSError as error:
            raise errors.char.file_open_failed(config.path, sockets.reason(error)) from None


class NoDoor(_Base):
    """A character device that leads nowhere, or to something that only exists in QEMU."""


_KINDS: dict[str, Callable[[ChardevConfig, MonitorConfig | None], Door]] = {
    "parallel": PathDoor,
    "pipe": PathDoor,
    "pty": PtyDoor,
    "serial": PathDoor,
    "stdio": StdioDoor,
}


def open_door(config: ChardevConfig, monitor: MonitorConfig | None, fd_sets: FdSets) -> Door:
    """Open a character device. Raises StartupError."""
    try:
        _create_log(config, fd_sets)
        if config.backend == "socket":
            return ListeningDoor(config, monitor) if _listens(config) else ConnectingDoor(config, monitor)
        if config.backend == "file":
            return FileDoor(config, monitor, fd_sets)
        return _KINDS.get(config.backend, NoDoor)(config, monitor)
    except QemuError as error:
        also = [QemuError(config.complaint)] if config.complaint else []
        raise StartupError(config.origin, error, *also) from None


def _create_log(config: ChardevConfig, fd_sets: FdSets) -> None:
    """Create the file that would hold what is said; nothing is written there."""
    path = config.logfile
    if not path:
        return
    how = os.O_APPEND if config.log_append else os.O_TRUNC
    try:
        os.close(_create(path, how, fd_sets))
    except OSError as error:
        if not names_set(path):
            raise errors.char.file_create_failed(path, sockets.reason(error)) from None
        if error.errno == errno.EACCES:
            raise errors.char.fdset_flags_mismatch(os.O_WRONLY | os.O_CREAT | how) from None
        if error.errno == errno.ENOENT:
            raise errors.char.fdset_missing(path) from None
        raise errors.char.fdset_parse_failed(path) from None


def _create(path: str, how: int, fd_sets: FdSets) -> int:
    """A file to write to, new or, by the path of a set, one that somebody handed over. Raises OSError."""
    how |= os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
    return fd_sets.open(path, how) if names_set(path) else os.open(path, how, 0o666)


def _listens(config: ChardevConfig) -> bool:
    """A descriptor of socket activation (``many``) may be either; QEMU's options say which it has to be."""
    if config.many and config.fd is not None:
        return sockets.is_listening(config.fd)
    return config.server
