"""Standard input that is a terminal: the emulator takes it, and gives it back."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests import peers
from tests.server.emulators import DROP_IN, PATIENCE

COMMON = ("-nodefaults", "-display", "none", "-S", "-machine", "q35")
PROMPT = b"(qemu) "


class Terminal:
    """One with an emulator on it, seen from the other side."""

    def __init__(self, fd: int, side: int) -> None:
        self.fd = fd
        self.before = termios.tcgetattr(side)
        self._side = side

    def attributes(self) -> list[object]:
        return termios.tcgetattr(self._side)

    def until(self, end: bytes) -> bytes:
        data = b""
        while not data.endswith(end):
            assert select.select([self.fd], [], [], PATIENCE)[0], data
            data += os.read(self.fd, 4096)
        return data


@contextmanager
def on_terminal(program: Sequence[str], *options: str) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    ours, theirs = pty.openpty()
    terminal = Terminal(ours, theirs)
    process = subprocess.Popen([*program, *COMMON, *options], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
    try:
        yield terminal, process
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def in_use(options: Sequence[str], program: Sequence[str]) -> list[object]:
    """What the terminal is set to meanwhile; it is given back."""
    with on_terminal(program, *options) as (terminal, process):
        os.write(terminal.fd, b"\x01c" if "mon:stdio" in options else b"")
        assert b"QEMU 10.0.2 monitor - " in terminal.until(PROMPT)
        during = terminal.attributes()
        os.write(terminal.fd, b"x\r")
        assert terminal.until(PROMPT).startswith(b"x\x1b[K\r"), "shown once, by the monitor"
        os.write(terminal.fd, b"quit\r")
        assert process.wait(PATIENCE) == 0
        assert terminal.attributes() == terminal.before
    return during


@pytest.mark.parametrize("options", [("-monitor", "stdio"), ("-serial", "mon:stdio")], ids=" ".join)
def test_a_terminal_is_taken_as_qemu_takes_it(options: tuple[str, ...]) -> None:
    seen = in_use(options, DROP_IN)
    qemu = peers.require_peer(peers.QEMU)
    assert seen == in_use(options, [qemu])
