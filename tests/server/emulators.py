"""Emulators as processes: the drop-in and the real QEMU, started with the same options."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PATIENCE = 20.0  # seconds after which a process counts as hung
DROP_IN = (sys.executable, "-c", "import sys; from qmpd.qemu_argv import main; sys.exit(main())")
QMPD = (sys.executable, "-c", "import sys; from qmpd.cli import main; sys.exit(main())")
_ROOT = str(Path(__file__).parents[2])  # the processes run in other directories
COMMON = ("-nodefaults", "-display", "none", "-S", "-machine", "none")


class Monitor:
    """A client of a monitor."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self._file = sock.makefile("rb")

    def line(self) -> Any:
        """The next message, or ``None`` at the end."""
        line = self._file.readline()
        return json.loads(line) if line else None

    def ask(self, command: str, /, **arguments: Any) -> Any:
        self.sock.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        return self.line()["return"]

    def negotiate(self) -> Monitor:
        assert "QMP" in self.line()
        self.ask("qmp_capabilities")
        return self

    def close(self) -> None:
        self._file.close()
        self.sock.close()


class Emulator:
    """One started process. ``error`` is what it has written on stderr, once ``ended``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = self.error = ""
        self._monitors: list[Monitor] = []

    def connect(self, path: str | os.PathLike[str]) -> Monitor:
        """A client, as soon as somebody listens."""
        deadline = time.monotonic() + PATIENCE
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(os.fspath(path))
            except (FileNotFoundError, ConnectionRefusedError):
                sock.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"nobody listens on {path}: {self.process.communicate()}") from None
                time.sleep(0.001)  # nothing tells when a socket starts to listen
            else:
                return self.adopt(sock)

    def adopt(self, sock: socket.socket) -> Monitor:
        self._monitors.append(Monitor(sock))
        return self._monitors[-1]

    def ended(self) -> int:
        """Wait for the end; the exit status."""
        self.output, self.error = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def signal(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.ended()

    def clean_up(self) -> None:
        for monitor in self._monitors:
            monitor.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@contextmanager
def started(
    command: Sequence[str],
    *options: str | os.PathLike[str],
    stdin: int | IO[str] | None = subprocess.DEVNULL,
    stderr: int | IO[str] = subprocess.PIPE,
    fds: Sequence[int] = (),
    environment: dict[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> Iterator[Emulator]:
    process = subprocess.Popen(
        [*command, *options],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        pass_fds=fds,
        env={**os.environ, "PYTHONPATH": _ROOT, **(environment or {})},
        cwd=cwd,
    )
    emulator = Emulator(process)
    try:
        yield emulator
    finally:
        emulator.clean_up()
