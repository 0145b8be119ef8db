"""``qmpd`` as people start it."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from qmpd import __version__, cli

from .emulators import PATIENCE, QMPD, Emulator, started

Start = Callable[..., Emulator]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def run(*options: str, environment: dict[str, str] | None = None, **how: Any) -> Emulator:
            environment = {"XDG_RUNTIME_DIR": str(tmp_path), **(environment or {})}
            return stack.enter_context(started(QMPD, *options, cwd=tmp_path, environment=environment, **how))

        yield run


def _welcome(emulator: Emulator) -> list[str]:
    """What it prints when clients may come."""
    assert emulator.process.stdout is not None
    return [emulator.process.stdout.readline().rstrip("\n") for _ in range(4)]


def test_without_options_it_serves_a_machine_and_says_where(start: Start, tmp_path: Path) -> None:
    emulator = start()
    first, *lines = _welcome(emulator)
    path = tmp_path / "qmpd.sock"
    assert first == f"qmpd: serving a virtual machine on {path}; try one of these:"
    assert [line[:2] for line in lines] == ["  "] * 3
    monitor = emulator.connect(path).negotiate()
    assert monitor.ask("query-status") == {"status": "running", "running": True}
    assert monitor.ask("query-memory-size-summary") == {"base-memory": 4 << 30, "plugged-memory": 0}


def test_the_lines_to_paste_work(start: Start, require_peer: Callable[[str], str]) -> None:
    require_peer("socat")
    pytest.importorskip("qemu.qmp")
    emulator = start()
    shell, socat, python = (line.strip() for line in _welcome(emulator)[1:])

    def paste(line: str, typed: str = "") -> str:
        ran = subprocess.run(line, shell=True, input=typed, capture_output=True, text=True, timeout=PATIENCE)
        assert ran.returncode == 0, ran
        return ran.stdout

    assert '{"return": {"status": "running", "running": true}}' in paste(shell, "query-status\n")
    assert '{"return": {"status": "running", "running": true}}' in paste(socat)
    assert paste(python) == "{'status': 'running', 'running': True}\n"
    assert shlex.split(shell)[0].endswith("qmp-shell")


def test_without_a_runtime_directory_the_socket_lies_among_the_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert cli.default_socket() == f"{tmp_path}/qmpd-{os.getuid()}.sock"


def test_the_machine_is_what_the_options_say(start: Start, tmp_path: Path) -> None:
    emulator = start(
        *("--memory", "2G,slots=2,maxmem=8G", "--machine", "pc", "--name", "vm1", "--stopped"),
        *("--uuid", "6f7c5f3c-1c5b-4b43-9d3f-0f0c1b0f8a11"),
        *("--object", "memory-backend-ram,id=ram0,size=2G", "--node", "nodeid=0,memdev=ram0"),
        *("--object", "memory-backend-ram,id=m1,size=1G", "--device", "pc-dimm,id=d1,memdev=m1"),
    )
    monitor = emulator.connect(tmp_path / "qmpd.sock").negotiate()
    assert monitor.ask("query-name") == {"name": "vm1"}
    assert monitor.ask("query-uuid") == {"UUID": "6f7c5f3c-1c5b-4b43-9d3f-0f0c1b0f8a11"}
    assert monitor.ask("query-status") == {"status": "prelaunch", "running": False}
    assert monitor.ask("query-memory-size-summary") == {"base-memory": 2 << 30, "plugged-memory": 1 << 30}
    assert [device["data"]["id"] for device in monitor.ask("query-memory-devices")] == ["d1"]


def test_many_people_may_look_on(start: Start, tmp_path: Path) -> None:
    emulator = start("--socket", "s")
    monitors = [emulator.connect(tmp_path / "s").negotiate() for _ in range(3)]
    monitors[0].sock.sendall(b'{"execute": "stop"}')
    assert [monitor.line()["event"] for monitor in monitors] == ["STOP"] * 3


def test_it_listens_on_tcp_as_well(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    emulator = start("--socket", "s", "--tcp", f"127.0.0.1:{port}", "--pretty")
    assert _welcome(emulator)[0] == f"qmpd: also listening on 127.0.0.1:{port}"
    monitor = emulator.adopt(socket.create_connection(("127.0.0.1", port)))
    assert monitor.sock.recv(1 << 16).startswith(b'{\r\n    "QMP": {\r\n')


def test_the_mode_of_the_socket_is_as_asked(start: Start, tmp_path: Path) -> None:
    _welcome(start("--socket", "s", "--socket-mode", "0660"))
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--memory", "4X"], "--memory 4X: Parameter 'size' expects a non-negative number below 2^64"),
        (["--node", "nodeid=x"], "--node nodeid=x: Parameter 'nodeid' expects"),
        (["--device", "nosuch"], "--device nosuch: 'nosuch' is not a valid device model name"),
        (["--tcp", "44"], "argument --tcp: '44' is not HOST:PORT, for example 127.0.0.1:4444"),
        (["--socket-mode", "rw"], "argument --socket-mode: 'rw' is no file mode; give three octal digits, for example"),
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--socket", "/"], "--socket /: / exists and is not a socket; remove it or choose another path"),
        (
            ["--socket", "/nonexistent/s"],
            "--socket /nonexistent/s: Failed to bind socket to /nonexistent/s: No such file or directory",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_says_which_option_and_what_to_do(start: Start, options: list[str], complaint: str) -> None:
    emulator = start(*options)
    assert emulator.ended() == 1
    assert emulator.error.startswith(f"qmpd: {complaint}")
    assert emulator.output == ""


def test_a_second_one_on_the_same_socket_is_told_so(start: Start, tmp_path: Path) -> None:
    _welcome(start())
    second = start()
    assert second.ended() == 1
    assert "qmpd.sock is already served by another process; stop that one or choose another path" in second.error


def test_help_and_version(start: Start) -> None:
    helped, version = start("--help"), start("--version")
    assert (helped.ended(), version.ended()) == (0, 0)
    assert version.output == f"qmpd {__version__}, as QEMU 10.0.2\n"
    assert "examples:" in helped.output
    assert "\033" not in helped.output


def test_verbose_writes_a_line_for_each_request(start: Start, tmp_path: Path) -> None:
    emulator = start("-v", "--name", "vm1")
    monitor = emulator.connect(tmp_path / "qmpd.sock")
    monitor.line()
    monitor.sock.sendall(b'{"execute": "qmp_capabilities", "id": 1}{"execute": "nosuch"}')
    monitor.line()
    monitor.line()
    emulator.signal()
    first, second = (json.loads(line) for line in emulator.error.splitlines()[:2])
    assert (first["event"], first["vm"], first["session"], first["id"]) == ("request", "vm1", 1, 1)
    assert (first["command"], second["command"]) == ("qmp_capabilities", "nosuch")
    assert 0 <= first["microseconds"] < 1_000_000
    assert (second["error"], second["level"]) == ("The command nosuch has not been found", "debug")


def test_systemd_is_told_of_start_and_end(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        emulator = start(environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(100) == b"READY=1"
        emulator.signal()
        assert manager.recv(100) == b"STOPPING=1"


def test_a_socket_from_systemd_is_served_and_stays(tmp_path: Path) -> None:
    # as systemd does: the descriptor at 3, and the process's own id in the environment
    code = (
        "import os, sys; fd = int(sys.argv.pop(1)); os.dup2(fd, 3);"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        command = [sys.executable, "-c", code, str(listener.fileno()), *QMPD[1:]]
        with started(command, cwd=tmp_path, fds=[listener.fileno()]) as emulator:
            monitors = [emulator.connect(tmp_path / "s").negotiate() for _ in range(2)]
            assert monitors[1].ask("query-status")["running"] is True
            assert emulator.signal() == 0
    assert (tmp_path / "s").exists()
