"""A real QEMU to ask, and whether there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pytest

QEMU = os.environ.get("QMPD_QEMU", "qemu-system-x86_64")
VERSION = {"major": 10, "minor": 0, "micro": 2}


class Monitor:
    """A negotiated monitor."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._requests = requests
        self._replies = replies
        self.version = self._message()["QMP"]["version"]["qemu"]
        self.answer("qmp_capabilities", {"enable": ["oob"]})

    def answer(self, command: str, arguments: dict[str, Any] | None = None, how: str = "execute") -> Any:
        """The reply, ``{"return": …}`` or ``{"error": …}``; events are passed over."""
        request = {how: command, "arguments": arguments or {}}
        self._requests.write(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        while "event" in (message := self._message()):
            pass
        return message

    def _message(self) -> Any:
        line = self._replies.readline()
        assert line, "QEMU is gone"
        return json.loads(line)


@contextmanager
def monitor(*options: str) -> Iterator[Monitor]:
    """A QEMU without a machine, which will do for asking what it makes of arguments."""
    command = [QEMU, "-machine", "none", "-nodefaults", "-display", "none", "-qmp", "stdio", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Monitor(process.stdin, process.stdout)
        finally:
            process.kill()


def absence() -> str:
    """Why no QEMU of the right version can be asked; empty if one can."""
    if shutil.which(QEMU) is None:
        return f"{QEMU} is not installed"
    with monitor() as qemu:
        return "" if qemu.version == VERSION else f"{QEMU} is not of version {VERSION} but {qemu.version}"


@pytest.fixture(scope="session", name="qemu")
def qemu_fixture() -> Iterator[Monitor]:
    """A real QEMU. Skips the test where there is none, fails it where there must be one."""
    if reason := absence():
        pytest.fail(reason) if os.environ.get("QMPD_REQUIRE_PEERS") == "1" else pytest.skip(reason)
    with monitor() as running:
        yield running
