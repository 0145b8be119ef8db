"""A private libvirt: its own daemon in session mode, in a folder of its own. No system service is touched or needed.

libvirt takes root for the whole system's administrator, so as root the daemon and its clients run in a user namespace
in which root has an ordinary user's number. Files of root stay readable there, an interpreter in root's home included.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import reaper

PATIENCE = 30.0  # seconds after which libvirt counts as hung
_AS_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNPACKED = os.environ.get("QMPD_LIBVIRT", "")
"""A folder with another libvirt than the installed one, unpacked and not installed; see .ci/libvirt-9."""

_LIBRARIES = f"{_UNPACKED}/usr/lib/x86_64-linux-gnu"
_UNPACKED_ENVIRONMENT = {
    "PATH": f"{_UNPACKED}/usr/sbin:{_UNPACKED}/usr/bin:{_PATH}",
    "LD_LIBRARY_PATH": _LIBRARIES,
    "LIBVIRT_DRIVER_DIR": f"{_LIBRARIES}/libvirt/connection-driver",
    "LIBVIRT_STORAGE_FILE_DIR": f"{_LIBRARIES}/libvirt/storage-file",
}
# what it knows of CPUs it looks for where it would be installed, and nowhere else
_BIND = 'mount --bind "$0/usr/share/libvirt" /usr/share/libvirt && exec "$@"'


class Libvirt:
    """The daemon, and ``virsh``. ``folder`` is where it keeps everything; a socket's path must stay short there."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="qmpd-libvirt-"))
        self._run = self.folder / "run"
        self._run.mkdir()
        self._environment = {
            **(_UNPACKED_ENVIRONMENT if _UNPACKED else {"PATH": _PATH}),
            "LC_ALL": "C",
            "LIBVIRT_AUTOSTART": "0",  # of a daemon that dies virsh would start another, which nobody would end
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self._run),
            **{f"XDG_{kind.upper()}_HOME": str(self.folder / kind) for kind in ("config", "cache", "data")},
        }
        settings = self.folder / "config" / "libvirt"
        settings.mkdir(parents=True)
        (settings / "qemu.conf").write_text('stdio_handler = "file"\n')  # else a virtlogd is started and stays
        self._daemon = 0
        self._reapers: list[subprocess.Popen[str]] = []
        self._listener: subprocess.Popen[bytes] | None = None

    # The daemon

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            reaping = subprocess.Popen(
                [sys.executable, reaper.__file__, *self._command("libvirtd")],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reapers.append(reaping)
        self._daemon = int(self._said())
        until(self._accepts, "libvirtd to accept clients")
        self._listen()

    def _said(self) -> str:
        stdout = self._reapers[-1].stdout
        assert stdout is not None
        return stdout.readline()

    def _accepts(self) -> bool:
        assert os.path.exists(f"/proc/{self._daemon}"), (self.folder / "log").read_text()
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(str(self._run / "libvirt" / "libvirt-sock")) == 0

    def _listen(self) -> None:
        """Write down all events from now on."""
        with (self.folder / "events").open("ab") as file:
            self._listener = subprocess.Popen(
                self._virsh("event", "--all", "--loop"), env=self._environment, stdout=file, stderr=file
            )
        # virsh does not tell when it has begun to listen; it is there when an event comes through
        marker = f"listening-{os.urandom(4).hex()}"
        xml = self.write(
            f"<domain type='qemu'><name>{marker}</name><memory>1</memory><os><type>hvm</type></os></domain>"
        )

        def heard() -> bool:
            self.virsh("define", xml)
            self.virsh("undefine", marker)
            return marker in (self.folder / "events").read_text()

        until(heard, "an event")
        (self.folder / "events").write_bytes(b"")

    def stop(self) -> None:
        """End the daemon, not the domains."""
        if self._listener is not None:
            self._listener.terminate()
            self._listener.wait(PATIENCE)
            self._listener = None
        if self._daemon:
            with suppress(ProcessLookupError):
                os.kill(self._daemon, signal.SIGTERM)
            assert self._said() == "ended\n"
            self._daemon = 0

    def restart(self) -> None:
        self.stop()
        self.start()

    def clean_up(self) -> None:
        self.stop()
        for reaping in self._reapers:
            if reaping.poll() is None:
                for left in Path(f"/proc/{reaping.pid}/task/{reaping.pid}/children").read_text().split():
                    with suppress(ProcessLookupError):
                        os.kill(int(left), signal.SIGKILL)
            reaping.communicate(timeout=PATIENCE)
        shutil.rmtree(self.folder)

    # Clients

    def virsh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._virsh(*arguments),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )

    def events(self, domain: str) -> list[str]:
        """What was announced about a domain: ``'device-added': dimm0``.

        Without ``'control-error'``: it comes if libvirt happens to ask an emulator something that it is just killing.
        """
        announced = f" for domain '{domain}'"
        events = (self.folder / "events").read_text().split("event ")
        told = [" ".join(event.replace(announced, "", 1).split()) for event in events if announced in event]
        return [event for event in told if event != "'control-error'"]

    def write(self, text: str) -> str:
        """The path of a new file with ``text``, for virsh to read."""
        file, path = tempfile.mkstemp(".xml", dir=self.folder)
        with open(file, "w") as stream:
            stream.write(text)
        return path

    def learned(self, emulator: str) -> str:
        """What libvirt has noted about an emulator that it has probed."""
        notes = (file.read_text() for file in (self.folder / "cache").glob("libvirt/qemu/**/*.xml"))
        return next(note for note in notes if f"<emulator>{emulator}</emulator>" in note)

    def pid(self, domain: str) -> int:
        return int((self._run / "libvirt/qemu/run" / f"{domain}.pid").read_text())

    def _virsh(self, *arguments: str) -> list[str]:
        return self._command("virsh", "--quiet", "--connect", "qemu:///session", *arguments)

    def _command(self, *words: str) -> list[str]:
        place = ("unshare", "--mount", "sh", "-c", _BIND, _UNPACKED) if _UNPACKED else ()
        return [*place, *(_AS_USER if os.geteuid() == 0 else ()), *words]


def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for what nothing announces."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.002)
