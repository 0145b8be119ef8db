"""For the tests of those who build on QMP: machines to talk to, in the test's own process or behind a real socket.

Nothing here is needed to run qmpd. ``qmpd.pytest_plugin`` makes a fixture of it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from qmpd.clock import ManualClock
from qmpd.config import Extras
from qmpd.qemu_argv import parse
from qmpd.vm import Vm
from qmpd.wire.session import Session

Message = dict[str, Any]

PATIENCE = 10.0
"""Seconds after which something that ought to come from a process counts as not coming."""

MEMORY = ("-m", "1G,slots=4,maxmem=8G")


class CommandFailed(Exception):
    """The answer was an error; ``error_class`` and ``desc`` are its members."""

    def __init__(self, error: Mapping[str, str]) -> None:
        super().__init__(f"{error['class']}: {error['desc']}")
        self.error_class = error["class"]
        self.desc = error["desc"]


class NoReply(Exception):
    """No reply is there: the connection was closed, the reply is held up, or the process does not answer in time."""


class Bytes(Protocol):
    """A connection."""

    def send(self, data: bytes) -> None: ...

    def receive(self) -> bytes:
        """What has come; empty if nothing did, or the other side has closed."""

    def close(self) -> None: ...


class Client:
    """A client of a monitor. ``events`` keeps the events that came while it looked for replies."""

    def __init__(self, connection: Bytes) -> None:
        self._connection = connection
        self._unread = b""
        self._messages: list[Message] = []
        self.events: list[Message] = []

    def negotiate(self) -> Self:
        """Read the greeting and enter command mode."""
        self.ask("qmp_capabilities")
        return self

    def send(self, command: str, /, **arguments: Any) -> None:
        """Ask and do not wait; an underscore in the name of an argument becomes a hyphen."""
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.send_bytes(json.dumps({"execute": command, "arguments": named}).encode())

    def send_bytes(self, data: bytes) -> None:
        self._connection.send(data)

    def ask(self, command: str, /, **arguments: Any) -> Any:
        """What the command returns. Raises CommandFailed, NoReply."""
        self.send(command, **arguments)
        return self.reply()

    def reply(self) -> Any:
        """What the next reply returns. Raises CommandFailed, NoReply."""
        while True:
            while not self._messages:
                if not self._receive():
                    raise NoReply
            message = self._messages.pop(0)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise CommandFailed(message["error"])
            if "event" in message:
                self.events.append(message)

    def read(self) -> list[Message]:
        """All messages that have come, in their order, greeting and replies included; does not wait for more."""
        self._receive()
        messages, self._messages = self._messages, []
        return messages

    def read_bytes(self) -> bytes:
        """What has come, as it came."""
        data, self._unread = self._unread + self._connection.receive(), b""
        return data

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def _receive(self) -> bool:
        data = self._connection.receive()
        *lines, self._unread = (self._unread + data).split(b"\r\n")
        self._messages += map(json.loads, lines)
        return bool(data)


def described(messages: Sequence[Message]) -> list[str]:
    """Messages in a word or two: ``OST 3/132``, ``DEVICE_DELETED d0``, ``return``, ``GenericError``, ``greeting``."""
    return [_described(message) for message in messages]


def _described(message: Message) -> str:
    if "event" not in message:
        return message["error"]["class"] if "error" in message else "return" if "return" in message else "greeting"
    data = message.get("data", {})
    if message["event"] == "ACPI_DEVICE_OST":
        return f"OST {data['info']['source']}/{data['info']['status']}"
    return " ".join([message["event"], *(str(data[key]) for key in ("device", "id") if key in data)])


class _InProcess:
    def __init__(self, session: Session, close: Callable[[], None]) -> None:
        self._session = session
        self.close = close

    def send(self, data: bytes) -> None:
        self._session.receive_data(data)

    def receive(self) -> bytes:
        pieces = []
        while piece := self._session.data_to_send():
            pieces.append(piece)
            if self._session.stalled:
                self._session.resume_output()
        return b"".join(pieces)


class Machine:
    """A machine in this process, with a guest that is up, on a clock that nothing but ``advance`` moves.

    ``options`` are QEMU's; ``-m`` and ``-machine`` have defaults. ``status`` is the exit status once the machine has
    ended, ``killed_by`` the signal that a fault or a guest has killed it with.
    """

    def __init__(self, *options: str, guest: str = "linux", faults: str = "", booted: bool = True) -> None:
        argv = ["-nodefaults", "-display", "none", *(() if "-machine" in options else ("-machine", "q35"))]
        config = parse([*argv, *(() if "-m" in options else MEMORY), *options])
        config.extras = Extras(guest, manual_clock=True, control=True, faults=faults, host=config.extras.host)
        self.clock = ManualClock()
        self.vm = Vm(config, self.clock)
        self.vm.on_exit = self._end
        self.vm.on_death = self._die
        self.status: int | None = None
        self.killed_by: str | None = None
        self.sessions: dict[Client, Session] = {}
        if booted:
            self.vm.guest.finish_boot()

    def _end(self, status: int) -> None:
        self.status = status

    def _die(self, signal: str) -> None:
        self.killed_by = signal

    def connect(self, pretty: bool = False) -> Client:
        """A client that has come and not said anything yet; the greeting is waiting for it."""
        session = self.vm.open_session(pretty)
        session.greet()
        client = Client(_InProcess(session, partial(self.vm.close_session, session)))
        self.sessions[client] = session
        return client

    def is_closed(self, client: Client) -> bool:
        """Whether the machine has closed this client's connection."""
        return self.sessions[client].closing

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due in it happens."""
        self.clock.advance(seconds)


class _Socket:
    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        try:
            self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> bytes:
        try:
            return self.sock.recv(1 << 16)
        except (TimeoutError, ConnectionResetError):
            return b""

    def close(self) -> None:
        self.sock.close()


def connect(path: str) -> Client:
    """A client of the monitor at a Unix socket."""
    return Client(_Socket(path))


class Process:
    """qmpd as a process: ``socket`` is the path to hand to whatever is tested, ``control`` a client of your own.

    ``options`` are those of ``qmpd``. Time stands still but for ``advance``, unless told otherwise.
    """

    def __init__(self, *options: str) -> None:
        self._clients: list[Client] = []
        self._directory = tempfile.TemporaryDirectory(prefix="qmpd-")
        self.socket = os.path.join(self._directory.name, "qmp.sock")
        clock = () if "--clock" in options else ("--clock", "manual")
        program = [sys.executable, "-c", "import sys; from qmpd.cli import main; sys.exit(main())"]
        root = str(Path(__file__).parents[1])
        self.process = subprocess.Popen(
            [*program, "--socket", self.socket, *clock, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])},
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            self.close()
            raise RuntimeError(f"qmpd did not start; exit status {self.process.returncode}")
        self.control = self.connect().negotiate()

    def connect(self) -> Client:
        """A client that has not negotiated yet; it is closed with the process."""
        self._clients.append(connect(self.socket))
        return self._clients[-1]

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due in it has happened and been sent on all connections."""
        self.control.ask("x-qmpd-clock-advance", seconds=seconds)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.process.kill()
        self.process.communicate()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
