"""Plays a section of a case against an emulator and writes down what it answers.

Two ways to reach one: a process with a QMP socket (QEMU, or qmpd's drop-in), or qmpd inside this process, without
sockets. What the answers ought to be is not known here.
"""

from __future__ import annotations

import atexit
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Protocol

from .transcript import CLOSED, Case, Section, Step, answer_lines, masked

QEMU = os.environ.get("QMPD_QEMU", "qemu-system-x86_64")
QEMU_VERSION = "10.0.2"
COMMON_ARGS = ("-display", "none")
PATIENCE = 20.0  # seconds without an answer after which an emulator counts as hung
_HOST = Path(__file__).parent / "host.c"
_SYNC = "sync with the runner"
_DROP_IN = "import sys; from qmpd.qemu_argv import main; sys.exit(main(['qmpd-system-x86_64', *sys.argv[1:]]))"
_PROGRAM = re.compile(r"^\S*(qemu|qmpd)-system-x86_64: ")


class Refused(Exception):
    """The emulator ended instead of starting: ``lines`` of its standard error, less warnings, and exit ``status``."""

    def __init__(self, stderr: str, status: int) -> None:
        super().__init__(stderr)
        lines = [_PROGRAM.sub("<program>: ", line) for line in stderr.splitlines()]
        self.lines = [line for line in lines if not line.startswith("<program>: warning: ")]
        self.status = status


class Gone(Exception):
    """The monitor closed before it took a command."""


class Endpoint(Protocol):
    """One client's connection to one monitor. ``names`` are the texts to mask in what it says."""

    names: dict[str, str]

    def send(self, data: bytes) -> None: ...

    def read_line(self) -> str | None:
        """The next line without its CR LF; ``None`` when the other side has closed."""


Launch = Callable[[Section], AbstractContextManager[Endpoint]]


class SocketEndpoint:
    """A monitor behind a Unix socket."""

    def __init__(self, path: str, names: dict[str, str]) -> None:
        self.names = names
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return  # an emulator that has quit does not listen; reading says so

    def read_line(self) -> str | None:
        try:
            line = self._file.readline()
        except ConnectionResetError:
            return None
        return _text(line) if line else None

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def _text(line: bytes) -> str:
    if not line.endswith(b"\r\n"):
        raise AssertionError(f"a line without CR LF: {line!r}")
    return line[:-2].decode("ascii")


@contextmanager
def started(argv: Sequence[str], section: Section, environment: dict[str, str] | None = None) -> Iterator[Endpoint]:
    """The monitor of a process started from ``argv`` and the section's arguments. Raises Refused."""
    directory = tempfile.mkdtemp(prefix="qmp-")
    process = subprocess.Popen(
        [*argv, *COMMON_ARGS, *section_args(section, directory), *monitor_args(section, directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}),
    )
    assert process.stderr is not None
    endpoint = None
    try:
        endpoint = _connected(process, directory)
        yield endpoint
    except Gone:
        raise _refusal(process, directory) from None
    finally:
        if endpoint is not None:
            endpoint.close()
        process.kill()
        process.wait()
        process.stderr.close()
        shutil.rmtree(directory)


def section_args(section: Section, directory: str) -> list[str]:
    bare = [] if section.flag("defaults", False) else ["-nodefaults"]
    paused = ["-S"] if section.flag("paused", True) else []
    return [*bare, *paused, *(arg.replace("<tmp>", directory) for arg in section.args)]


def monitor_args(section: Section, directory: str) -> list[str]:
    return ["-qmp-pretty" if section.flag("pretty", False) else "-qmp", f"unix:{directory}/monitor,server=on,wait=off"]


def _connected(process: subprocess.Popen[str], directory: str) -> SocketEndpoint:
    path = f"{directory}/monitor"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return SocketEndpoint(path, {path: "<socket>", directory: "<tmp>"})
        except (FileNotFoundError, ConnectionRefusedError):
            if process.poll() is not None:
                raise _refusal(process, directory) from None
        time.sleep(0.002)  # a listening socket has no other sign
    raise TimeoutError(f"{process.args!r} did not open {path}")


def _refusal(process: subprocess.Popen[str], directory: str) -> Refused:
    _, stderr = process.communicate(timeout=PATIENCE)
    return Refused(stderr.replace(directory, "<tmp>"), process.returncode)


def qemu(section: Section) -> AbstractContextManager[Endpoint]:
    """A real QEMU, on a host that is simulated for it if the section wants one."""
    settings = {f"HOST_{name.replace('-', '_').upper()}": value for name, value in section.host.items()}
    return started([QEMU], section, settings and settings | {"LD_PRELOAD": str(simulated_host())})


@cache
def simulated_host() -> Path:
    """The library that shows QEMU the host that a case wants (host.c); built now."""
    library = Path(tempfile.mkdtemp(prefix="qmp-host-")) / "host.so"
    atexit.register(shutil.rmtree, library.parent)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, _HOST], check=True)
    return library


def host_is_missing(case: Case) -> str:
    """Why QEMU cannot be given the host that the case wants; empty if it can."""
    if not any(section.host for section in case.sections):
        return ""
    return no_simulated_host(kvm=any("kvm" in section.headers["args"] for section in case.sections))


def no_simulated_host(*, kvm: bool) -> str:
    """Why no host can be simulated for QEMU, one with ``kvm`` or any; empty if it can."""
    if shutil.which("cc") is None:
        return "no C compiler to simulate a host with"
    return "/dev/kvm cannot be used" if kvm and not os.access("/dev/kvm", os.R_OK | os.W_OK) else ""


def drop_in(section: Section) -> AbstractContextManager[Endpoint]:
    """qmpd as a process of its own, started with QEMU's options."""
    return started([sys.executable, "-c", _DROP_IN, *host_args(section)], section)


def host_args(section: Section) -> list[str]:
    """How qmpd is told of the host that the section wants."""
    return ["-x-qmpd", section.headers["host"] + ",control=off"] if section.host else []


class Conversation:
    """Requests and all that is said up to their answers, over one endpoint.

    Events named ``late`` come when the emulator gets around to them. They are held back until asked for.
    """

    def __init__(self, endpoint: Endpoint, late: str = "") -> None:
        self.endpoint = endpoint
        self.closed = False
        self._late = tuple(f'"event": "{name}"' for name in late.split())
        self._held: list[str] = []
        self._numbers = count(1)
        self.greeting = self._message()
        if not self.greeting:
            raise Gone
        self._learn_package(self.greeting)

    def negotiate(self) -> None:
        self.ask(b'{"execute": "qmp_capabilities"}\n')
        if self.closed:
            raise Gone

    def ask(self, data: bytes) -> list[str]:
        """Sends bytes; the masked lines that answer them, with the events around."""
        lines = self._until_sync(data)
        return lines if self.closed else lines + self._until_sync(b"")

    @property
    def held(self) -> int:
        """How many late events have come."""
        return len(self._held)

    def late(self, number: int) -> list[str]:
        """The next late events; waits for them."""
        while len(self._held) < number and not self.closed:
            self._hold(self._message())
        lines, self._held = self._held[:number], self._held[number:]
        return lines

    def unmasked(self, data: bytes) -> bytes:
        """What to send for a text of a case file, with the directory that ``<tmp>`` stands for."""
        for text, placeholder in self.endpoint.names.items():
            if placeholder == "<tmp>":
                data = data.replace(b"<tmp>", text.encode())
        return data

    def _hold(self, message: list[str]) -> bool:
        """Keeps a late event for later. False for any other message."""
        is_late = any(event in line for line in message for event in self._late)
        if is_late:
            self._held += [masked(line, self.endpoint.names) for line in message]
        self.closed = not message
        return is_late

    def _until_sync(self, data: bytes) -> list[str]:
        # A request that fails with an id of ours marks the end: QEMU answers in order. Asked twice, because what
        # a command leaves to the main loop (a reset) may be reported just after the first.
        mark = f"{_SYNC} {next(self._numbers)}"
        self.endpoint.send(data + b'{"execute": "sync", "id": "%s"}\n' % mark.encode())
        lines: list[str] = []
        while message := self._message():
            if any(mark in line for line in message):
                return lines
            if self._hold(message):
                continue
            lines += [masked(line, self.endpoint.names) for line in message]
        self.closed = True
        return lines

    def _message(self) -> list[str]:
        """The lines of one message, several if pretty; none when the other side has closed."""
        line = self.endpoint.read_line()
        message = [] if line is None else [line]
        if line == "{":
            while line != "}":
                line = self.endpoint.read_line()
                assert line is not None, "closed within a message"
                message.append(line)
        return message

    def _learn_package(self, greeting: list[str]) -> None:
        found = re.search(r'"package": "([^"]{3,})"', " ".join(greeting))
        if found:
            self.endpoint.names[found[1]] = "<package>"


def play(section: Section, launch: Launch) -> Section:
    """The section with the answers that an emulator gives now."""
    try:
        with launch(section) as endpoint:
            conversation = Conversation(endpoint, section.headers.get("late", ""))
            if section.flag("negotiate", True):
                conversation.negotiate()
            return replace(section, outcome=(), steps=tuple(_played(section, conversation)))
    except Refused as refused:
        outcome = (*(f"!! {line}" for line in refused.lines), f"-- exit {refused.status}")
        return replace(section, steps=(), outcome=outcome)


def _played(section: Section, conversation: Conversation) -> Iterator[Step]:
    pending = b""
    for step in section.steps:
        lines: list[str] = []
        pending += conversation.unmasked(step.data)
        if step.waits and not conversation.closed:
            try:
                lines = conversation.late(step.late_events) if step.late_events else conversation.ask(pending)
            except TimeoutError:
                raise AssertionError(f"no answer to {step.sent!r}, with {section.args}") from None
            pending = b""
            yield replace(step, answers=answer_lines(lines) + (CLOSED,) * conversation.closed)
        else:
            yield replace(step, answers=())


def play_case(case: Case, launch: Launch) -> Case:
    return replace(case, sections=tuple(play(section, launch) for section in case.sections))


def chosen_seed() -> int:
    """Where chance starts from: ``QMPD_SEED``, as in CI, which says the same twice of the same commit, or anywhere."""
    return int(os.environ.get("QMPD_SEED") or random.SystemRandom().randrange(1 << 32))


def qemu_is_missing() -> str:
    """Why the real QEMU cannot judge here; empty if it can."""
    if shutil.which(QEMU) is None:
        return f"{QEMU} is not installed"
    answer = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=False).stdout
    return "" if QEMU_VERSION in answer else f"{QEMU} is not version {QEMU_VERSION}: {answer.partition(chr(10))[0]}"
