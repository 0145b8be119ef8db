"""The units in systemd/, judged by systemd itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

UNITS = Path(__file__).parents[2] / "systemd"


def test_systemd_finds_nothing_wrong_with_the_units(require_peer: Callable[[str], str]) -> None:
    files = sorted(UNITS.glob("qmpd.*"))
    assert [file.name for file in files] == ["qmpd.service", "qmpd.socket"]
    verified = subprocess.run(
        [require_peer("systemd-analyze"), "verify", "--man=no", *files], capture_output=True, text=True
    )
    assert (verified.returncode, verified.stderr) == (0, "")
