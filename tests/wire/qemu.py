"""A real QEMU to compare with: one process, one connection to its monitor."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

_PROGRAM = "qemu-system-x86_64"


def require_qemu() -> None:
    """Skip the test where QEMU is not installed, or fail it where it has to be."""
    if shutil.which(_PROGRAM):
        return
    if os.environ.get("QMPD_REQUIRE_PEERS") == "1":
        pytest.fail(f"{_PROGRAM} is required here and not installed")
    pytest.skip(f"{_PROGRAM} is not installed")


class Peer:
    """The client's end of a monitor's socket. The greeting has been read, nothing negotiated."""

    def __init__(self, connection: socket.socket, lines: BinaryIO) -> None:
        self._connection = connection
        self._lines = lines
        self.greeting = lines.readline()

    def exchange(self, data: bytes, last: bytes) -> list[bytes]:
        """What QEMU answers to ``data``, up to the line ``last``."""
        self._connection.sendall(data)
        replies = [self._lines.readline()]
        while replies[-1] not in (last, b""):
            replies.append(self._lines.readline())
        return replies


@contextmanager
def running_qemu(directory: Path, *, pretty: bool = False) -> Iterator[Peer]:
    """A QEMU without a guest, for as long as the context lasts."""
    ours, theirs = socket.socketpair()
    command = [_PROGRAM, "-nodefaults", "-display", "none", "-S", "-machine", "none"]
    command += ["-chardev", f"socket,id=c,fd={theirs.fileno()}"]
    command += ["-mon", f"chardev=c,mode=control,pretty={'on' if pretty else 'off'}"]
    with ours, ours.makefile("rb") as lines, (directory / "stderr").open("wb") as stderr:
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=stderr)
        theirs.close()
        try:
            ours.settimeout(30)
            yield Peer(ours, lines)
        finally:
            process.kill()
            process.wait()
