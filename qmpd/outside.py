"""What the host has beside files, for objects that need a partner: sockets, CAN interfaces, the kernel's keys."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket

from qmpd.model.hostmem_host import Line, UnresolvedError

_LONGEST_PATH = 107  # bytes that Python puts into sockaddr_un
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_READ = 11


class ThisOutside:
    """See ``Outside``."""

    def connect_unix(self, path: str) -> Line:
        name = os.fsencode(path)
        if len(name) > _LONGEST_PATH:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return _connected(socket.AF_UNIX, name or bytes(_LONGEST_PATH))

    def connect_inet(self, host: str, port: str) -> Line:
        try:
            found = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise UnresolvedError(error.errno, error.strerror) from None
        for family, _, _, _, address in found[:-1]:
            try:
                return _connected(family, address)
            except OSError:
                pass
        return _connected(found[-1][0], found[-1][4])

    def open_can(self, interface: str) -> Line:
        sock = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        try:
            sock.bind((interface,))
        except OSError as error:
            sock.close()
            raise OSError(error.errno, error.strerror, interface) from None
        return sock

    def read_key(self, serial: int) -> bytes:
        number = _KEYCTL.get(platform.machine())
        if number is None:
            raise OSError(errno.ENOKEY, os.strerror(errno.ENOKEY))
        kernel = ctypes.CDLL(None, use_errno=True)

        def read(buffer: ctypes.Array[ctypes.c_char] | None, size: int) -> int:
            got: int = kernel.syscall(
                ctypes.c_long(number),
                ctypes.c_long(_KEYCTL_READ),
                ctypes.c_long(serial),
                buffer,
                ctypes.c_size_t(size),
                ctypes.c_long(0),
            )
            if got < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            return got

        buffer = ctypes.create_string_buffer(read(None, 0))
        return buffer.raw[: read(buffer, len(buffer))]


def _connected(family: int, address: object) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.connect(address)  # type: ignore[arg-type]
    except OSError:
        sock.close()
        raise
    return sock
