"""Sockets as QEMU opens them for a character device: listening, connected, inherited; with QEMU's words when they fail.

What goes over the sockets is not looked at.
"""

from __future__ import annotations

import errno
import os
import socket
import stat

from qmpd import errors
from qmpd.config import ChardevConfig
from qmpd.errors import QemuError

_PATH_MAX = 107  # bytes that Python puts into sockaddr_un; QEMU leaves out the final NUL and gets one more in
_BACKLOG_ONE = 1  # clients that wait while another one is served (chardev/char-socket.c)
_BACKLOG_MANY = 128


class Listener:
    """One listening socket. ``path`` is the file to take away at the end, if there is one."""

    def __init__(self, sock: socket.socket, path: str = "") -> None:
        self.sock = sock
        self._path = os.path.abspath(path) if path else ""
        self._file = _identity(self._path)

    def close(self) -> None:
        """Stop listening and remove the socket's file, unless somebody else has put one there since."""
        if self._path and _identity(self._path) == self._file:
            os.unlink(self._path)
        self.sock.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path) if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def reason(error: OSError) -> str:
    """The text of an operating system's error as C's strerror gives it."""
    return os.strerror(error.errno) if error.errno else str(error)


def listen(config: ChardevConfig) -> list[Listener]:
    """The listening sockets of a character device with ``server=on``. Raises QemuError, without the option in front."""
    backlog = _BACKLOG_MANY if config.many else _BACKLOG_ONE
    if config.fd is not None:
        return [_adopt_listener(config.fd, backlog, remove=not config.many)]
    if config.path:
        return [_listen_unix(config, backlog)]
    return _listen_inet(config, backlog)


def connect(config: ChardevConfig) -> socket.socket:
    """The connected socket of a character device with ``server=off``. Raises QemuError."""
    if config.fd is not None:
        return _adopt(config.fd)
    if config.path:
        return _connect_unix(config.path)
    return _connect_inet(config.host, config.port)


def is_listening(fd: int) -> bool:
    """Whether an inherited descriptor is a socket that listens, as opposed to one with a client."""
    with _adopt(os.dup(fd)) as sock:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _adopt(fd: int) -> socket.socket:
    try:
        return socket.socket(fileno=fd)
    except OSError:
        raise errors.sockets.fd_is_not_a_socket(fd) from None


def _adopt_listener(fd: int, backlog: int, remove: bool) -> Listener:
    sock = _adopt(fd)
    try:
        sock.listen(backlog)
    except OSError as error:
        raise errors.sockets.fd_listen_failed(reason(error)) from None
    path = sock.getsockname() if remove and sock.family == socket.AF_UNIX else ""
    return Listener(sock, path if isinstance(path, str) else "")


def _listen_unix(config: ChardevConfig, backlog: int) -> Listener:
    path = config.path
    _check_length(path)
    if config.many:
        _refuse_foreign(path)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise errors.sockets.socket_unlink_failed(path, reason(error)) from None
    sock = socket.socket(socket.AF_UNIX)
    try:
        _bind(sock, path, config.mode)
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise errors.sockets.socket_bind_failed(path, reason(error)) from None
    return Listener(sock, path)


def _bind(sock: socket.socket, path: str, mode: int | None) -> None:
    if mode is None:
        sock.bind(path)
        return
    # chmod after bind would leave a moment in which anybody may connect
    old = os.umask(0o777 & ~mode)
    try:
        sock.bind(path)
    finally:
        os.umask(old)
    os.chmod(path, mode)


def _check_length(path: str) -> None:
    if len(os.fsencode(path)) > _PATH_MAX:
        raise errors.sockets.socket_path_too_long(path)


def _refuse_foreign(path: str) -> None:
    """Refuse a path that belongs to somebody: a file that is no socket, or a socket that a process serves.

    QEMU removes either without asking, and the drop-in does as QEMU; people who share a machine want to be told.
    """
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(kind):
        raise QemuError(f"{path} exists and is not a socket; remove it or choose another path")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)  # a full backlog is a sign of life, too
        problem = probe.connect_ex(path)
    if problem not in (errno.ECONNREFUSED, errno.ENOENT):
        raise QemuError(f"{path} is already served by another process; stop that one or choose another path")


def _resolve(host: str, port: str, flags: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror as error:
        raise errors.sockets.inet_resolution_failed(host, port, error.strerror or str(error)) from None
    return [(family, address) for family, _, _, _, address in found]


def _listen_inet(config: ChardevConfig, backlog: int) -> list[Listener]:
    listeners: list[Listener] = []
    failure: QemuError | None = None
    for family, address in _resolve(config.host, config.port, socket.AI_PASSIVE):
        try:
            listeners.append(Listener(_listen_at(family, address, backlog)))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            failure = (errors.sockets.inet_port_unavailable if in_use else errors.sockets.inet_bind_failed)(
                reason(error)
            )
    if failure is not None and not listeners:
        raise failure
    return listeners


def _listen_at(family: socket.AddressFamily, address: tuple[object, ...], backlog: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def _connect_unix(path: str) -> socket.socket:
    _check_length(path)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise errors.sockets.socket_connect_failed(path, reason(error)) from None
    return sock


def _connect_inet(host: str, port: str) -> socket.socket:
    failure: QemuError | None = None
    for family, address in _resolve(host, port, 0):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            failure = errors.sockets.socket_connect_failed(f"{host}:{port}", reason(error))
    assert failure is not None  # getaddrinfo never answers with nothing
    raise failure


def describe(config: ChardevConfig, sock: socket.socket, *, connected: bool) -> str:
    """How query-chardev and QEMU's messages name a socket: ``unix:/run/qmp,server=on``, ``tcp:127.0.0.1:4444``.

    ``sock`` listens or is connected; ``connected`` says whether the device has a client now.
    """
    suffix = ",server=on" if config.server else ""
    if sock.family == socket.AF_UNIX:
        name = config.path or sock.getsockname()
        return ("" if connected else "disconnected:") + f"unix:{name or ''}{suffix}"
    kind = "telnet:" if config.telnet else "tcp:"
    local = kind + _host_port(sock.getsockname()) + suffix
    return f"{local} <-> {_host_port(sock.getpeername())}" if connected else "disconnected:" + local


def _host_port(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
