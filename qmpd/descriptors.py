"""Descriptors that clients hand over: by name to one monitor, or in sets that all may use (monitor/fds.c)."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from typing import Any, Final

from qmpd import errors
from qmpd.config import FdConfig

_PREFIX: Final = "/dev/fdset/"


class NamedDescriptors:
    """One monitor's descriptors by name; ``arrived`` are those that came and have none yet, the oldest first."""

    def __init__(self) -> None:
        self.arrived: list[int] = []
        self._by_name: dict[str, int] = {}

    def arrive(self, fds: list[int]) -> None:
        """Descriptors have come, in place of those that nobody took."""
        self._forget()
        self.arrived = fds

    def _forget(self) -> None:
        close_all(self.arrived)
        self.arrived = []

    def receive(self) -> int:
        """The first descriptor that came with the request; others are closed. Raises QEMU's text when none did."""
        if not self.arrived:
            raise errors.char.no_fd_supplied()
        fd = self.arrived.pop(0)
        self._forget()
        return fd

    def name(self, name: str) -> None:
        """Give the descriptor that came with the request a name. Raises QEMU's text."""
        fd = self.receive()
        if name[:1].isdigit():
            os.close(fd)
            raise errors.invalid_parameter_value("fdname", "a name not starting with a digit")
        if name in self._by_name:
            os.close(self._by_name[name])
        self._by_name[name] = fd

    def close(self, name: str) -> None:
        """Raises QEMU's text when there is none of that name."""
        if name not in self._by_name:
            raise errors.char.fd_name_not_found(name)
        os.close(self._by_name.pop(name))

    def take(self, name: str) -> int:
        """The descriptor of that name, which is then forgotten. Raises QEMU's text."""
        if name not in self._by_name:
            raise errors.char.fd_name_missing(name)
        return self._by_name.pop(name)

    def take_any(self, text: str) -> int:
        """The descriptor of that name or number; -1 for a number that is none. Raises QEMU's text."""
        return inherited(text) if text[:1].isdigit() else self.take(text)

    def close_all(self) -> None:
        close_all((*self.arrived, *self._by_name.values()))
        self.arrived = []
        self._by_name.clear()


def close_all(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def inherited(text: str) -> int:
    """An inherited descriptor by number, -1 if there is none. Raises QEMU's text for what is no number."""
    if not text.isdecimal():
        raise errors.char.fd_number_invalid(text)
    try:
        os.fstat(int(text))
    except (OSError, OverflowError):
        return -1
    return int(text)


def names_set(path: str) -> bool:
    """Whether a path is that of a set of descriptors, not of a file."""
    return path.startswith(_PREFIX)


class FdSets:
    """The sets behind ``/dev/fdset/N``: number to descriptors with what was said about them."""

    def __init__(self, inherited: Iterable[FdConfig] = ()) -> None:
        self._sets: dict[int, list[tuple[int, str | None]]] = {}
        for fd, number, opaque in inherited:
            self.add(fd, number, opaque)

    def add(self, fd: int, number: int | None, opaque: str | None) -> int:
        """Put a descriptor into a set, a new one if none is named. The result is the set's number."""
        if number is None:
            number = next(free for free in range(len(self._sets) + 1) if free not in self._sets)
        self._sets.setdefault(number, []).insert(0, (fd, opaque))
        return number

    def open(self, path: str, flags: int) -> int:
        """A copy of a descriptor from the set that ``path`` names, opened for what ``flags`` say. Raises OSError."""
        number = path.removeprefix(_PREFIX)
        if not number.isdecimal():
            raise OSError(errno.EINVAL, path)
        if int(number) not in self._sets:
            raise OSError(errno.ENOENT, path)
        for fd, _ in self._sets[int(number)]:
            if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == flags & os.O_ACCMODE:
                if flags & os.O_TRUNC:
                    os.ftruncate(fd, 0)
                return os.dup(fd)
        raise OSError(errno.EACCES, path)

    def remove(self, number: int, fd: int | None) -> None:
        """Take one descriptor, or all, out of a set. Raises QEMU's text when there is none."""
        members = self._sets.get(number, [])
        chosen = [member for member in members if fd is None or member[0] == fd]
        if not chosen:
            raise errors.char.fdset_not_found(number, fd)
        for member in chosen:
            os.close(member[0])
            members.remove(member)
        if not members:
            del self._sets[number]

    def info(self) -> list[dict[str, Any]]:
        """What query-fdsets tells, the highest number first."""
        return [
            {
                "fdset-id": number,
                "fds": [{"fd": fd} | ({} if opaque is None else {"opaque": opaque}) for fd, opaque in members[::-1]],
            }
            for number, members in sorted(self._sets.items(), reverse=True)
        ]
