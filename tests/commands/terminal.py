"""What QEMU's human monitor writes on a terminal, byte for byte: how it is kept, and recorded anew.

    python -m tests.commands.terminal          # ask QEMU again and write what it says

``data/terminal.jsonl`` is a row of sections. A section is an object with QEMU's options, where PATH is the monitor's
socket; the lines below are steps, [what is typed, what comes]. Null for typing is another client after the one before.
A character stands for a byte. Thread ids are masked.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests import peers

DATA = Path(__file__).parent / "data" / "terminal.jsonl"
_COMMON = ("-nodefaults", "-display", "none", "-S")
_SILENCE = 0.3  # seconds after which an answer counts as complete when it is recorded


class Section(NamedTuple):
    args: list[str]
    steps: list[tuple[bytes | None, bytes]]

    def argv(self, path: str) -> list[str]:
        return [*_COMMON, *(arg.replace("PATH", path) for arg in self.args)]


def read() -> list[Section]:
    sections: list[Section] = []
    for line in DATA.read_text().splitlines():
        row = json.loads(line)
        if isinstance(row, dict):
            sections.append(Section(row["args"], []))
        else:
            typed, come = row
            sections[-1].steps.append((None if typed is None else typed.encode("latin-1"), come.encode("latin-1")))
    return sections


def masked(data: bytes) -> bytes:
    return re.sub(rb"thread_id=\d+", b"thread_id=N", data)


@contextmanager
def served(program: str, section: Section) -> Iterator[str]:
    """The path of a human monitor."""
    with tempfile.TemporaryDirectory(prefix="hmp-") as directory:
        path = f"{directory}/monitor"
        process = subprocess.Popen([program, *section.argv(path)])
        try:
            yield path
        finally:
            process.kill()
            process.wait()


def connect(path: str) -> socket.socket:
    """A client, as soon as somebody listens."""
    while True:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(10)
        try:
            sock.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            sock.close()
            time.sleep(0.01)  # nothing tells when a socket starts to listen
        else:
            return sock


def _until_silence(sock: socket.socket) -> bytes:
    sock.settimeout(_SILENCE)
    data = b""
    try:
        while more := sock.recv(1 << 16):
            data += more
    except (TimeoutError, ConnectionResetError):
        pass
    return data


def _recorded(program: str, section: Section) -> Iterator[str]:
    yield json.dumps({"args": section.args})
    with served(program, section) as path:
        sock: socket.socket | None = None
        for typed, _ in section.steps:
            if sock is None or typed is None:
                if sock is not None:
                    sock.close()
                    time.sleep(_SILENCE)
                sock = connect(path)
            if typed is not None:
                sock.sendall(typed)
            text = None if typed is None else typed.decode("latin-1")
            yield json.dumps([text, masked(_until_silence(sock)).decode("latin-1")])
        if sock is not None:
            sock.close()


if __name__ == "__main__":
    lines = [line for section in read() for line in _recorded(peers.QEMU, section)]
    DATA.write_text("\n".join(lines) + "\n")
