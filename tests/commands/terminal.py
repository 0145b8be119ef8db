"""What QEMU's human monitor writes on a terminal, byte for byte: how it is kept, and recorded anew.

    python -m tests.commands.terminal          # ask QEMU again and write what it says

``data/terminal.jsonl`` has a line for each step, [what is typed, what comes]; null for typing is another client after
the first. A character stands for a byte. Thread ids are masked.
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

from tests import peers

DATA = Path(__file__).parent / "data" / "terminal.jsonl"
ARGS = ("-nodefaults", "-display", "none", "-S", "-machine", "q35", "-smp", "2")
_SILENCE = 0.3  # seconds after which an answer counts as complete when it is recorded

Step = tuple[bytes | None, bytes]


def read() -> list[Step]:
    rows = [json.loads(line) for line in DATA.read_text().splitlines()]
    return [(None if typed is None else typed.encode("latin-1"), come.encode("latin-1")) for typed, come in rows]


def masked(data: bytes) -> bytes:
    return re.sub(rb"thread_id=\d+", b"thread_id=N", data)


@contextmanager
def served(program: str) -> Iterator[str]:
    """The path of a human monitor."""
    with tempfile.TemporaryDirectory(prefix="hmp-") as directory:
        path = f"{directory}/monitor"
        process = subprocess.Popen([program, *ARGS, "-monitor", f"unix:{path},server=on,wait=off"])
        try:
            while not Path(path).exists():
                time.sleep(0.01)  # a listening socket has no other sign
            yield path
        finally:
            process.kill()
            process.wait()


def connect(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(path)
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


def record(program: str) -> None:
    rows = []
    with served(program) as path:
        sock = None
        for typed, _ in read():
            if typed is None:
                if sock is not None:
                    sock.close()
                    time.sleep(_SILENCE)
                sock = connect(path)
            else:
                assert sock is not None
                sock.sendall(typed)
            assert sock is not None
            text = None if typed is None else typed.decode("latin-1")
            rows.append(json.dumps([text, masked(_until_silence(sock)).decode("latin-1")]))
        if sock is not None:
            sock.close()
    DATA.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    record(peers.QEMU)
