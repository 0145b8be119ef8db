"""The human monitor on a character device: each byte that QEMU writes on a terminal, and when it hangs up."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from qmpd.clock import ManualClock
from qmpd.qemu_argv import parse
from qmpd.vm import Vm
from qmpd.wire.human import HumanSession
from tests.server.emulators import COMMON, DROP_IN, started

from . import terminal


def _name(section: terminal.Section) -> str:
    return " ".join(section.args)


SECTIONS = terminal.read()
BARE = SECTIONS[0]


def machine(section: terminal.Section = BARE) -> Vm:
    return Vm(parse(section.argv("/nowhere/monitor")), ManualClock())


def opened(vm: Vm) -> HumanSession:
    (monitor,) = vm.config.monitors
    session = vm.open_human(monitor.chardev)
    session.greet()
    return session


@pytest.mark.parametrize("section", SECTIONS, ids=_name)
def test_what_is_shown_is_what_qemu_shows(section: terminal.Section) -> None:
    vm = machine(section)
    session: HumanSession | None = None
    for typed, shown in section.steps:
        if session is None or typed is None:
            if session is not None:
                vm.close_session(session)
            session = opened(vm)
        if typed is not None:
            session.receive_data(typed)
        assert terminal.masked(session.data_to_send()) == shown, typed
    assert session is not None
    assert session.closing, "the last step ends the machine"


def test_one_byte_at_a_time_is_the_same_as_all_at_once() -> None:
    whole, single = (opened(machine()) for _ in range(2))
    for session in (whole, single):
        session.data_to_send()
    for typed, _ in BARE.steps[1:10]:
        assert typed is not None
        whole.receive_data(typed)
        shown = b""
        for byte in typed:
            single.receive_data(bytes([byte]))
            shown += single.data_to_send()
        assert shown == whole.data_to_send()


@pytest.mark.parametrize("section", SECTIONS, ids=_name)
def test_qemu_still_shows_that(qemu: str, section: terminal.Section) -> None:
    with terminal.served(qemu, section) as path:
        sock: socket.socket | None = None
        for typed, shown in section.steps:
            if sock is None or typed is None:
                if sock is not None:
                    sock.close()
                sock = terminal.connect(path)
            if typed is not None:
                sock.sendall(typed)
            come = b""
            while len(terminal.masked(come)) < len(shown):
                more = sock.recv(1 << 16)
                assert more, (typed, come)
                come += more
            assert terminal.masked(come) == shown, typed
        assert sock is not None
        sock.close()


def test_who_does_not_read_is_not_read() -> None:
    session = opened(machine())
    session.data_to_send()
    session.pause_output()
    session.receive_data(b"\n")
    assert session.data_to_send() == b""
    assert not session.wants_input
    session.resume_output()
    assert session.data_to_send() == b"\r\n(qemu) "


def test_a_fault_inside_concerns_one_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> str:
        raise ZeroDivisionError

    from qmpd.commands import hmp

    session = opened(machine())
    faults: list[Exception] = []
    session.on_fault = lambda fault, request: faults.append(fault)
    monkeypatch.setattr(hmp, "run", fail)
    session.receive_data(b"\n")
    assert [type(fault) for fault in faults] == [ZeroDivisionError]
    assert session.data_to_send().endswith(b"(qemu) ")


def test_a_monitor_on_a_socket_serves_one_client_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "monitor"
    with started(DROP_IN, *COMMON, "-monitor", f"unix:{path},server=on,wait=off") as emulator:
        for _ in range(2):
            client = emulator.connect(path)
            assert expect(client.sock, b"(qemu) ").startswith(b"QEMU 10.0.2 monitor - type 'help'")
            client.sock.sendall(b"info name\n")
            expect(client.sock, b"\r\n(qemu) ")
            client.close()
        last = emulator.connect(path).sock
        last.sendall(b"quit\n")
        assert expect(last, b"").endswith(b"quit\x1b[K\r\n")
        assert emulator.ended() == 0


def expect(sock: socket.socket, end: bytes) -> bytes:
    """What comes, up to ``end``, or up to the end of the connection."""
    data = b""
    while not end or not data.endswith(end):
        more = sock.recv(4096)
        if not more:
            break
        data += more
    return data
