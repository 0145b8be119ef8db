"""A real QEMU to put questions to: started, asked over QMP, ended. Blocking; for the recorder and its tests only."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qmpd.errors import ErrorClass, QemuError
from qmpd.hashorder import qdict_bucket

_START_SECONDS = 60.0
_ANSWER_SECONDS = 120.0
_BASE_ARGUMENTS = ("-no-user-config", "-display", "none", "-S", "-accel", "tcg")


class PeerDied(Exception):
    """QEMU ended: at start (the text is what it wrote to stderr) or over a question."""


class Peer:
    """One run of ``qemu`` with ``arguments`` added to those of a stopped machine. A context manager.

    The machine is bare unless it shall have ``defaults``.
    """

    def __init__(self, qemu: str, *arguments: str, defaults: bool = False) -> None:
        """:raise PeerDied: QEMU did not accept the arguments."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qmpd-record-")))
            stderr = stack.enter_context(tempfile.TemporaryFile())
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(folder / "qmp"))
            listener.listen()
            bare = [] if defaults else ["-nodefaults"]
            process = subprocess.Popen(
                [qemu, *bare, *_BASE_ARGUMENTS, *arguments, "-qmp", f"unix:{folder}/qmp"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
            stack.callback(_end, process)
            try:
                self._socket = stack.enter_context(_accept(listener, process))
            except TimeoutError as error:
                stderr.seek(0)
                raise PeerDied(stderr.read().decode(errors="replace").strip()) from error
            self._lines = stack.enter_context(self._socket.makefile("rb"))
            self._stderr, self._heard = stderr.fileno(), 0
            try:
                self._lines.readline()  # the greeting
                self.ask("qmp_capabilities")
            except PeerDied as error:
                stderr.seek(0)
                raise PeerDied(stderr.read().decode(errors="replace").strip()) from error
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End QEMU, whatever state it is in."""
        self._stack.close()

    def ask(self, command: str, **arguments: Any) -> Any:
        """The value QEMU returns. :raise QemuError: its refusal. :raise PeerDied: the question ended it."""
        reply = self.ask_raw({"execute": command, "arguments": arguments})
        message = json.loads(reply, object_pairs_hook=as_inserted)
        if "error" in message:
            raise QemuError(message["error"]["desc"], ErrorClass(message["error"]["class"]))
        return message["return"]

    def complaints(self) -> str:
        """What QEMU has written to stderr since the last time."""
        text = os.pread(self._stderr, 1 << 20, self._heard)  # QEMU writes through the same open file: leave its place
        self._heard += len(text)
        return text.decode(errors="replace")

    def ask_raw(self, request: dict[str, Any]) -> bytes:
        """The line QEMU answers to ``request``, events left out. :raise PeerDied: the question ended it."""
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            while line := self._lines.readline():
                if not line.startswith(b'{"timestamp"'):
                    return line
        except OSError as error:
            raise PeerDied(f"{request} ended QEMU") from error
        raise PeerDied(f"{request} ended QEMU")


def as_inserted(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object's members in an order of insertion that makes QEMU, or our encoder, write them as they came.

    Only those that share a hash bucket need turning round, see ``qdict_order``.
    """
    if len({qdict_bucket(key) for key, _ in members}) != len(members):
        members = members[::-1]
    return dict(members)


def _accept(listener: socket.socket, process: subprocess.Popen[bytes]) -> socket.socket:
    listener.settimeout(0.05)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            continue
        connection.settimeout(_ANSWER_SECONDS)
        return connection


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
