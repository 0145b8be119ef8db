"""The clients people use, unmodified, against the drop-in behind a real socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from qemu.qmp import ExecuteError, QMPClient

from tests.peers import require_peer

_START = "import sys; from qmpd.qemu_argv import main; sys.exit(main())"


@pytest.fixture
def socket_path(tmp_path: Path) -> Iterator[Path]:
    """A drop-in with DIMM slots that listens on this path; it is daemonized, so it accepts once the parent is gone."""
    path, pidfile = tmp_path / "qmp.sock", tmp_path / "pid"
    arguments = ["-machine", "q35", "-m", "1G,slots=4,maxmem=8G", "-nodefaults", "-display", "none", "-S"]
    monitor = ["-qmp", f"unix:{path},server=on,wait=off", "-pidfile", str(pidfile), "-daemonize"]
    subprocess.run([sys.executable, "-c", _START, *arguments, *monitor], check=True, timeout=30)
    pid = int(pidfile.read_text())
    yield path
    try:
        os.kill(pid, 15)
    except ProcessLookupError:
        return


DIALOGUE = [
    "object-add qom-type=memory-backend-ram id=m0 size=134217728",
    "device_add driver=pc-dimm id=d0 memdev=m0",
    "query-memory-devices",
    "device_del id=d0",
    "device_del id=nope",
]


def test_qmp_shell_plugs_queries_and_unplugs(socket_path: Path) -> None:
    shell = Path(sys.executable).with_name("qmp-shell")
    command = str(shell) if shell.exists() else require_peer("qmp-shell")
    text = "\n".join(DIALOGUE) + "\n"
    run = subprocess.run([command, str(socket_path)], input=text, capture_output=True, text=True, timeout=30)
    replies = [json.loads(line[line.index("{") :]) for line in run.stdout.splitlines() if line.startswith("(QEMU) {")]
    assert replies[0] == replies[1] == replies[3] == {"return": {}}
    assert replies[2]["return"][0]["data"]["addr"] == 1 << 32
    assert replies[4]["error"] == {"class": "DeviceNotFound", "desc": "Device 'nope' not found"}


async def test_qemus_python_library_executes_and_receives_events(socket_path: Path) -> None:
    client = QMPClient("test")
    await client.connect(str(socket_path))
    try:
        with client.listener(("RESUME", "STOP")) as listener:
            await client.execute("cont")
            await client.execute("stop")
            assert (await listener.get())["event"] == "RESUME"
            assert (await listener.get())["event"] == "STOP"
        with pytest.raises(ExecuteError, match="Device 'nope' not found"):
            await client.execute("device_del", {"id": "nope"})
        assert await client.execute("query-status") == {"status": "paused", "running": False}
    finally:
        await client.disconnect()


def test_socat_carries_a_dialogue(socket_path: Path) -> None:
    socat = require_peer("socat")
    requests = b'{"execute": "qmp_capabilities"}\r\n{"execute": "query-status", "id": 1}\r\n'
    run = subprocess.run(
        [socat, "-t", "5", "-", f"UNIX-CONNECT:{socket_path}"], input=requests, capture_output=True, timeout=30
    )
    lines = run.stdout.split(b"\r\n")
    assert json.loads(lines[0])["QMP"]["capabilities"] == ["oob"]
    assert lines[1:] == [
        b'{"return": {}}',
        b'{"return": {"status": "prelaunch", "running": false}, "id": 1}',
        b"",
    ]
