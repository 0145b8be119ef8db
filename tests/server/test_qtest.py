"""A test program's two sockets, one of the test protocol and one of QMP: who listens is the program.

What is asked here is answered alike by the real QEMU, but for the clock: Debian's build lacks the accelerator that
lets it be stepped.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import peers

from .emulators import DROP_IN, PATIENCE, Emulator, started


class TestProgram:
    """As libqtest begins: two listening sockets, an emulator that connects to both."""

    __test__ = False

    def __init__(self, directory: Path, command: tuple[str, ...], *options: str) -> None:
        self._listeners = [_listen(directory / name) for name in ("qtest", "qmp")]
        ports = ("-qtest", f"unix:{directory}/qtest", "-qtest-log", "/dev/null")
        monitor = ("-chardev", f"socket,path={directory}/qmp,id=char0", "-mon", "chardev=char0,mode=control")
        self._context = started(command, *ports, *monitor, "-display", "none", *options)
        self.emulator: Emulator = self._context.__enter__()
        sock, qmp = (listener.accept()[0] for listener in self._listeners)
        sock.settimeout(PATIENCE)
        self._socket, self._lines = sock, sock.makefile("r")
        self.monitor = self.emulator.adopt(qmp).negotiate()

    def ask(self, line: str) -> str:
        self._socket.sendall(f"{line}\n".encode())
        return self._lines.readline().rstrip("\n")

    def close(self) -> None:
        self._context.__exit__(None, None, None)
        self._lines.close()
        for sock in (*self._listeners, self._socket):
            sock.close()


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(PATIENCE)
    listener.bind(os.fspath(path))
    listener.listen(1)
    return listener


Run = Callable[..., TestProgram]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    programs: list[TestProgram] = []

    def start(command: tuple[str, ...], *options: str) -> TestProgram:
        programs.append(TestProgram(tmp_path, command, *options))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


@pytest.fixture(params=["qmpd", "qemu"])
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return DROP_IN if request.param == "qmpd" else (peers.require_peer(peers.QEMU),)


def test_both_sockets_answer(run: Run, command: tuple[str, ...]) -> None:
    program = run(command, "-machine", "q35", "-nodefaults")
    assert program.ask("nosuch") == "FAIL Unknown command 'nosuch'"
    assert program.ask("clock_step 1") == "FAIL Unknown command 'clock_step'"
    assert program.ask("irq_intercept_in /nosuch") == "FAIL Unknown device"
    assert program.ask("irq_intercept_in ioapic") == "OK"
    assert program.ask("irq_intercept_in q35") == "FAIL IRQ intercept already enabled"
    assert program.ask("endianness") == "OK little"
    assert program.ask("readq 0x100000") == "OK 0x0000000000000000"
    assert program.ask("read 0x100000 4") == "OK 0x00000000"
    assert program.ask("b64read 0x100000 4") == "OK AAAAAA=="
    assert program.monitor.ask("query-status")["status"] in ("running", "prelaunch")


def test_a_test_that_ends_its_emulator_hears_nothing(run: Run, command: tuple[str, ...]) -> None:
    program = run(command, "-machine", "none", "-accel", "nosuch", "-accel", "tcg")
    assert program.emulator.signal(signal.SIGTERM) == 0
    assert program.emulator.error.endswith(": -accel nosuch: invalid accelerator nosuch\n")


def test_the_accelerator_for_tests_steps_the_clock(run: Run) -> None:
    program = run(DROP_IN, "-machine", "q35", "-accel", "qtest")
    assert program.ask("clock_step 1000000") == "OK 1000000"
    assert program.ask("clock_set 2000000") == "OK 2000000"
    assert program.monitor.ask("query-kvm") == {"enabled": False, "present": True}
