"""A process from its start to its end. Each test is held against the real QEMU as well, with the same options."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from qmpd.server import entry
from tests import peers

from .emulators import COMMON, DROP_IN, PATIENCE, Emulator, started

Start = Callable[..., Emulator]
MONITOR = ("-qmp", "unix:monitor,server=on,wait=off")


@pytest.fixture(params=["qmpd", "qemu"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    """Start an emulator with options, in a temporary directory that is its working directory."""
    command = DROP_IN if request.param == "qmpd" else (peers.require_peer(peers.QEMU),)

    def run(*options: str, **how: object) -> Emulator:
        context = started(command, *COMMON, *options, cwd=tmp_path, **how)  # type: ignore[arg-type]
        emulator = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        return emulator

    return run


def _told(emulator: Emulator) -> str:
    """What it said on stderr, whatever its name."""
    return re.sub(r"^[^:\n]+: ", "PROG: ", emulator.error, flags=re.M)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)  # a process in the background sends no signs


# The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    emulator = start(*MONITOR)
    monitor = emulator.connect(tmp_path / "monitor").negotiate()
    assert emulator.signal(number) == 0
    name = Path("/proc/self/cmdline").read_text().split("\0")[0]
    assert _told(emulator) == f"PROG: terminating on signal {number.value} from pid {os.getpid()} ({name})\n"
    event = monitor.line()
    assert (event["event"], event["data"]) == ("SHUTDOWN", {"guest": False, "reason": "host-signal"})
    assert monitor.line() is None
    assert not (tmp_path / "monitor").exists()


def test_accelerators_that_cannot_be_used_are_told(start: Start, tmp_path: Path) -> None:
    emulator = start("-accel", "nosuch", "-accel", "kvm,device=/nosuch", "-accel", "tcg", *MONITOR)
    emulator.connect(tmp_path / "monitor").negotiate()
    emulator.signal()
    *said, _ = _told(emulator).splitlines()
    assert said == [
        "PROG: -accel nosuch: invalid accelerator nosuch",
        "PROG: -accel kvm,device=/nosuch: Could not access KVM kernel module: No such file or directory",
        "PROG: -accel kvm,device=/nosuch: failed to initialize kvm: No such file or directory",
        "PROG: falling back to tcg",
    ]


def test_quit_ends_it_with_event_and_reply(start: Start, tmp_path: Path) -> None:
    emulator = start(*MONITOR)
    monitor = emulator.connect(tmp_path / "monitor").negotiate()
    monitor.sock.sendall(b'{"execute": "quit"}')
    assert monitor.line()["data"] == {"guest": False, "reason": "host-qmp-quit"}
    assert [monitor.line(), monitor.line()] == [{"return": {}}, None]
    assert (emulator.ended(), emulator.error) == (0, "")
    assert not (tmp_path / "monitor").exists()


def test_everybody_hears_of_the_end(start: Start, tmp_path: Path) -> None:
    emulator = start(*MONITOR, "-qmp", "unix:other,server=on,wait=off")
    one, other = (emulator.connect(tmp_path / name).negotiate() for name in ("monitor", "other"))
    one.sock.sendall(b'{"execute": "quit"}')
    assert [other.line()["event"], other.line()] == ["SHUTDOWN", None]


# One client at a time


def test_the_second_client_waits_for_the_first_to_leave(start: Start, tmp_path: Path) -> None:
    emulator = start(*MONITOR)
    first = emulator.connect(tmp_path / "monitor").negotiate()
    second = emulator.connect(tmp_path / "monitor")
    first.ask("query-status")
    second.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        second.sock.recv(1)
    second.sock.settimeout(PATIENCE)
    first.close()
    second.negotiate()


# Before the start


def test_wait_on_holds_the_start_until_a_client_comes(start: Start, tmp_path: Path) -> None:
    emulator = start("-qmp", "unix:monitor,server=on", "-qmp", "unix:other,server=on")
    first = emulator.connect(tmp_path / "monitor")
    second = emulator.connect(tmp_path / "other")
    first.negotiate()
    second.negotiate()
    emulator.signal()
    notices = [
        f"PROG: -qmp unix:{name},server=on: info: QEMU waiting for connection on: disconnected:unix:{name},server=on\n"
        for name in ("monitor", "other")
    ]
    assert _told(emulator).startswith("".join(notices))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["-qmp", "unix:/nonexistent/x,server=on,wait=off"],
            "-qmp unix:/nonexistent/x,server=on,wait=off: Failed to bind socket to /nonexistent/x:"
            " No such file or directory",
        ),
        (
            ["-qmp", "unix:/nonexistent.sock"],
            "-qmp unix:/nonexistent.sock: Failed to connect to '/nonexistent.sock': No such file or directory",
        ),
        (
            ["-qmp", "unix:folder,server=on,wait=off"],
            "-qmp unix:folder,server=on,wait=off: Failed to unlink socket folder: Is a directory",
        ),
        (
            ["-qmp", f"unix:{'a' * 109},server=on,wait=off"],
            f"-qmp unix:{'a' * 109},server=on,wait=off: UNIX socket path '{'a' * 109}' is too long\n"
            "Path must be less than 108 bytes",
        ),
        (["-qmp", "tcp:127.0.0.1:1"], "-qmp tcp:127.0.0.1:1: Failed to connect to '127.0.0.1:1': Connection refused"),
        (
            ["-qmp", "tcp:8.8.8.8:4444,server=on,wait=off"],
            "-qmp tcp:8.8.8.8:4444,server=on,wait=off: Failed to bind socket: Cannot assign requested address",
        ),
        (
            ["-qmp", "tcp:127.0.0.1:abc,server=on,wait=off"],
            "-qmp tcp:127.0.0.1:abc,server=on,wait=off: address resolution failed for 127.0.0.1:abc:"
            " Servname not supported for ai_socktype",
        ),
        (
            ["-chardev", "socket,id=c,fd=1,server=on,wait=off"],
            "-chardev socket,id=c,fd=1,server=on,wait=off: File descriptor '1' is not a socket",
        ),
        (["-chardev", "socket,id=c,fd=77"], "-chardev socket,id=c,fd=77: File descriptor '77' is not a socket"),
        (
            ["-chardev", "file,id=c,path=/nonexistent/f"],
            "-chardev file,id=c,path=/nonexistent/f: Could not open '/nonexistent/f': No such file or directory",
        ),
        (
            ["-pidfile", "/nonexistent/p"],
            "cannot create PID file: Could not create '/nonexistent/p': No such file or directory",
        ),
        (["-pidfile", "folder"], "cannot create PID file: Could not create 'folder': Is a directory"),
        (["-daemonize", "-qmp", "stdio"], "-qmp stdio: cannot use stdio with -daemonize"),
        (["-qmp", "stdio", "-qmp", "stdio"], "-qmp stdio: cannot use stdio by multiple character devices"),
        (
            ["-daemonize", "-qmp", "unix:/nonexistent.sock"],
            "-qmp unix:/nonexistent.sock: Failed to connect to '/nonexistent.sock': No such file or directory",
        ),
    ],
    ids=lambda value: value[-1][:40] if isinstance(value, list) else "",
)
def test_what_cannot_be_opened_stops_the_start(
    start: Start, tmp_path: Path, options: list[str], complaint: str
) -> None:
    (tmp_path / "folder").mkdir()
    emulator = start(*options)
    assert emulator.ended() == 1
    lines = [line for line in _told(emulator).splitlines() if "waiting for" not in line]
    assert lines == f"PROG: {complaint}".splitlines()


def test_a_port_in_use_stops_the_start(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        option = f"tcp:127.0.0.1:{taken.getsockname()[1]},server=on,wait=off"
        emulator = start("-qmp", option)
        assert emulator.ended() == 1
    assert _told(emulator) == f"PROG: -qmp {option}: Failed to find an available port: Address already in use\n"


# Pid file and background


def test_the_pid_file_is_private_locked_and_removed(start: Start, tmp_path: Path) -> None:
    emulator = start("-pidfile", "pid", *MONITOR)
    emulator.connect(tmp_path / "monitor").negotiate()
    assert (tmp_path / "pid").read_text() == f"{emulator.process.pid}\n"
    assert (tmp_path / "pid").stat().st_mode & 0o777 == 0o600
    second = start("-pidfile", "pid")
    assert second.ended() == 1
    assert _told(second) == ("PROG: cannot create PID file: Cannot lock pid file: Resource temporarily unavailable\n")
    emulator.signal()
    assert not (tmp_path / "pid").exists()


def test_an_old_pid_file_is_overwritten(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("99999999 and more\n")
    emulator = start("-pidfile", "pid", *MONITOR)
    emulator.connect(tmp_path / "monitor").negotiate()
    assert (tmp_path / "pid").read_text() == f"{emulator.process.pid}\n"


def test_daemonize_returns_when_the_socket_accepts_and_lets_go_of_the_terminal(start: Start, tmp_path: Path) -> None:
    socket_path = tmp_path / "monitor"  # in the background the working directory is another one
    emulator = start("-daemonize", "-pidfile", tmp_path / "pid", "-qmp", f"unix:{socket_path},server=on,wait=off")
    assert emulator.ended() == 0  # which takes the end of stdout and stderr, too
    assert (emulator.output, emulator.error) == ("", "")
    pid = int((tmp_path / "pid").read_text())
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(os.fspath(socket_path))
            emulator.adopt(sock.dup()).negotiate()
        assert pid != emulator.process.pid
        assert os.getsid(pid) != os.getsid(0)
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        assert [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)] == ["/dev/null"] * 3
    finally:
        os.kill(pid, signal.SIGTERM)
    _until(lambda: not (tmp_path / "pid").exists())
    _until(lambda: not socket_path.exists())


# Descriptors


def test_a_listening_descriptor_can_be_inherited(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(tmp_path / "monitor"))
        listener.listen()
        fd = listener.fileno()
        emulator = start(
            "-chardev", f"socket,id=c,fd={fd},server=on,wait=off", "-mon", "chardev=c,mode=control", fds=[fd]
        )
        for _ in range(2):
            monitor = emulator.connect(tmp_path / "monitor").negotiate()
            monitor.ask("query-status")
            monitor.close()


def test_a_connected_descriptor_can_be_inherited_and_its_end_is_not_the_end(start: Start, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        fd = theirs.fileno()
        emulator = start("-chardev", f"socket,id=c,fd={fd}", "-mon", "chardev=c,mode=control", *MONITOR, fds=[fd])
        monitor = emulator.adopt(ours).negotiate()
    monitor.ask("query-status")
    monitor.close()
    emulator.connect(tmp_path / "monitor").negotiate()


def test_a_connected_descriptor_cannot_listen(start: Start) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        option = f"socket,id=c,fd={theirs.fileno()},server=on,wait=off"
        emulator = start("-chardev", option, fds=[theirs.fileno()])
        assert emulator.ended() == 1
    assert _told(emulator) == f"PROG: -chardev {option}: Failed to listen on fd socket: Invalid argument\n"


def test_who_waits_at_the_monitor_can_read_why_the_start_failed_when_it_closes(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, (tmp_path / "log").open("w") as log:
        listener.bind(os.fspath(tmp_path / "monitor"))
        listener.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.fspath(tmp_path / "monitor"))
            fd = listener.fileno()
            emulator = start(
                "-chardev", f"socket,id=c,fd={fd},server=on,wait=off", "-mon", "chardev=c,mode=control",
                "-device", "unheard-of", fds=[fd], stderr=log,
            )  # fmt: skip
            listener.close()
            client.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionResetError):
                while client.recv(4096):  # QEMU may greet
                    pass
            assert "'unheard-of' is not a valid device model name" in (tmp_path / "log").read_text()
    assert emulator.ended() == 1


def test_a_descriptor_in_a_set_stands_for_a_file(start: Start, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        fd = log.fileno()
        emulator = start(
            "-add-fd", f"set=3,fd={fd},opaque=serial0-source", "-chardev", "file,id=c,path=/dev/fdset/3,append=on",
            *MONITOR, fds=[fd],
        )  # fmt: skip
        monitor = emulator.connect(tmp_path / "monitor").negotiate()
    (fd_set,) = monitor.ask("query-fdsets")
    assert (fd_set["fdset-id"], [member["opaque"] for member in fd_set["fds"]]) == (3, ["serial0-source"])
    assert {"frontend-open": False, "filename": "file", "label": "c"} in monitor.ask("query-chardev")


def test_a_log_may_go_to_a_set_of_descriptors(start: Start, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        fd = log.fileno()
        option = "null,id=c,logfile=/dev/fdset/3"
        emulator = start("-add-fd", f"set=3,fd={fd}", "-chardev", f"{option},logappend=on", *MONITOR, fds=[fd])
        assert emulator.connect(tmp_path / "monitor").negotiate().ask("query-status")
        with (tmp_path / "log").open("r") as unwritable:
            fd = unwritable.fileno()
            emulator = start("-add-fd", f"set=3,fd={fd}", "-chardev", option, fds=[fd])
            assert emulator.ended() == 1
    assert _told(emulator) == f"PROG: -chardev {option}: Failed to find file descriptor with matching flags=0x241\n"


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("3", "Permission denied"), ("4", "No such file or directory"), ("x", "Invalid argument")],
)
def test_a_set_without_a_descriptor_that_can_be_written_stops_the_start(
    start: Start, tmp_path: Path, path: str, complaint: str
) -> None:
    (tmp_path / "log").touch()
    with (tmp_path / "log").open("r") as log:
        option = f"file,id=c,path=/dev/fdset/{path},append=on"
        emulator = start("-add-fd", f"set=3,fd={log.fileno()}", "-chardev", option, fds=[log.fileno()])
        assert emulator.ended() == 1
    assert _told(emulator) == f"PROG: -chardev {option}: Could not open '/dev/fdset/{path}': {complaint}\n"


def test_stdio_is_a_monitor(start: Start) -> None:
    emulator = start("-qmp", "stdio", stdin=subprocess.PIPE)
    emulator.output, emulator.error = emulator.process.communicate(
        '{"execute": "qmp_capabilities"}{"execute": "query-chardev"}{"execute": "quit"}', timeout=PATIENCE
    )
    lines = emulator.output.splitlines()
    assert lines[1:3] == [
        '{"return": {}}',
        '{"return": [{"frontend-open": true, "filename": "stdio", "label": "compat_monitor0"}]}',
    ]
    assert ["SHUTDOWN" in lines[3], lines[4]] == [True, '{"return": {}}']


def test_the_end_of_stdin_is_not_the_end(start: Start, tmp_path: Path) -> None:
    emulator = start("-qmp", "stdio", *MONITOR)  # stdin is empty
    emulator.connect(tmp_path / "monitor").negotiate().ask("query-status")
    assert emulator.signal() == 0
    assert emulator.output.startswith('{"QMP"')


# Ours alone

SELDOM_USED = {"structlog", "jsonschema", "ssl", "ctypes", "tokenize", "qmpd.wire.lexer"}


@pytest.mark.parametrize(
    ("module", "options", "unwanted"),
    [
        ("qmpd.qemu_argv", [*COMMON, *MONITOR], SELDOM_USED | {"argparse"}),
        ("qmpd.cli", ["--socket", "monitor"], SELDOM_USED),
    ],
)
def test_neither_start_nor_a_plain_request_loads_what_is_seldom_used(
    tmp_path: Path, module: str, options: list[str], unwanted: set[str]
) -> None:
    code = f"import sys; from {module} import main; main(); print({unwanted!r} & set(sys.modules) or 'none')"
    with started([sys.executable, "-c", code], *options, cwd=tmp_path) as emulator:
        monitor = emulator.connect(tmp_path / "monitor").negotiate()
        monitor.sock.sendall(b'{"execute": "quit"}')
        assert (emulator.ended(), emulator.output.splitlines()[-1]) == (0, "none")


def test_what_stands_in_for_a_module_holds_what_the_module_does() -> None:
    for name, known in entry._SELDOM_USED.items():
        module = import_module(name)
        constants = {key: value for key, value in known.items() if not callable(value)}
        assert {key: getattr(module, key) for key in constants} == constants
