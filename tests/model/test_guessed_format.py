"""The warning about a drive that looks as if it were raw; who writes to it, should say so (block/raw-format.c)."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmpd.clock import ManualClock
from qmpd.qemu_argv import parse
from qmpd.vm import Vm


def told(*args: str) -> list[str]:
    complaints: list[str] = []
    vm = Vm(
        parse(["-nodefaults", "-display", "none", "-S", *args]),
        ManualClock(),
        on_complaint=lambda origin, error: complaints.append(error.desc),
    )
    vm.open_session()
    return complaints


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(bytes(1 << 20))
    return path


def test_a_drive_without_a_format_is_warned_of(image: Path) -> None:
    assert told("-drive", f"file={image},if=none") == [
        f"WARNING: Image format was not specified for '{image}' and probing guessed raw.\n"
        "         Automatically detecting the format is dangerous for raw images, write operations on block 0 will be"
        " restricted.\n"
        "         Specify the 'raw' format explicitly to remove the restrictions."
    ]


@pytest.mark.parametrize("more", [",format=raw", ",readonly=on", ",snapshot=on", ",media=cdrom"])
def test_nobody_is_warned_who_says_so_or_writes_nothing(image: Path, more: str) -> None:
    assert told("-drive", f"file={image},if=none{more}") == []


def test_nobody_is_warned_where_all_changes_are_thrown_away(image: Path) -> None:
    assert told("-snapshot", "-hda", str(image)) == []
