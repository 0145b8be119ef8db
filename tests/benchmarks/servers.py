"""The three servers under test, as processes: qmpd's drop-in, the real QEMU and the bare echoes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.benchmarks.client import Client

QEMU = os.environ.get("QMPD_QEMU", "qemu-system-x86_64")
_BARE = ("-nodefaults", "-display", "none", "-S")
MACHINE = (*_BARE, "-m", "1G,slots=256,maxmem=64G")
PORTS = 200
_PORT = "pcie-root-port,id=port{},chassis={},multifunction=on,addr={:x}.{}"
MACHINE_WITH_PORTS = (
    *(*_BARE, "-machine", "q35", "-m", "1G,maxmem=64G"),
    *(word for n in range(PORTS) for word in ("-device", _PORT.format(n, n, n // 8 + 1, n % 8))),
)
_DROP_IN = "import sys; from qmpd.qemu_argv import main; sys.exit(main(['qmpd-system-x86_64', *sys.argv[1:]]))"
_ROOT = Path(__file__).parents[2]
_PATIENCE = 30.0  # seconds until a server that does not come up counts as broken
_POLL = 0.0005  # seconds between two attempts to connect


class Server:
    """A running process and a client of it, negotiated. ``started_in`` are the seconds until its first reply."""

    def __init__(self, command: Sequence[str], machine: Sequence[str] = (), reply: bytes | None = None) -> None:
        """``machine`` are QEMU's options. ``reply`` is for the echo: what to answer to everything."""
        self._directory = tempfile.TemporaryDirectory(prefix="qmpd-bench-")
        path = f"{self._directory.name}/qmp"
        if reply is None:
            arguments = [*machine, "-qmp", f"unix:{path},server=on,wait=off"]
        else:
            constant = Path(self._directory.name, "reply")
            constant.write_bytes(reply)
            arguments = [path, str(constant)]
        begin = time.perf_counter()
        self._process = subprocess.Popen([*command, *arguments], cwd=_ROOT, env=_environment())
        try:
            self.client = _connect(path, self._process)
        except BaseException:
            self._end()
            raise
        self.started_in = time.perf_counter() - begin

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._directory.cleanup()

    def memory(self) -> tuple[float, float]:
        """Resident memory and this process's share of it (Rss, Pss), in bytes."""
        fields = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()
            if line.endswith("kB")
        )
        rss, pss = (float(fields[name].split()[0]) * 1024 for name in ("Rss", "Pss"))
        return rss, pss


def _environment() -> dict[str, str]:
    # An installed program has its bytecode, so a start must not pay for compiling.
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _connect(path: str, process: subprocess.Popen[bytes]) -> Client:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return Client(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} does not serve") from None
            time.sleep(_POLL)


def qmpd(machine: Sequence[str] = MACHINE) -> Server:
    return Server([sys.executable, "-c", _DROP_IN], machine)


def qemu(machine: Sequence[str] = MACHINE) -> Server | None:
    """The real QEMU, or None where it is not installed."""
    return Server([QEMU], machine) if shutil.which(QEMU) else None


def echo(kind: str, reply: bytes) -> Server:
    """An echo of the ``kind`` that ``tests.benchmarks.echo`` calls so."""
    return Server([sys.executable, "-m", "tests.benchmarks.echo", kind], reply=reply)
