"""Command lines that parse and then fail: the whole program, held against what QEMU said while it built the machine."""

from __future__ import annotations

import importlib.util
import os
import select
import shutil
import signal
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from qmpd.qemu_argv import main

from .command_lines import DATA, PROGRAM, CommandLine, load
from .record import GOOD_BYE, PATIENCE
from .test_command_lines import UNJUDGED, own_words

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("qmpd.vm", "qmpd.server.run")),
    reason="there is no machine to start yet",
)


# Options that fail in QEMU for want of something that qmpd does not have, need or look at: (first word, why).
NOT_NEEDED = {
    "-accel qtest": "Debian's build lacks what qmpd has",
    "-bios": "firmware is not read",
    "-gdb": "there is nothing to debug",
    "-kernel": "kernels are not read",
    "-loadvm": "there are no snapshots",
    "-machine q35,kernel=a,,b": "kernels are not read",
    "-net": "there is no network",
    "-nic": "there is no network",
    "-plugin": "there are no plugins",
    "nosuch.img": "disks are not opened",
}

# Lines that still end in another way, one a line; ``not_yet`` writes it anew.
NOT_YET = DATA / "not_yet.txt"


def is_judged(line: CommandLine) -> bool:
    """A crash of QEMU is nothing to imitate."""
    words = " ".join(own_words(line))
    return (
        line.stage == "machine"
        and line.status == 1
        and not any(words == skipped or words.startswith(f"{skipped} ") for skipped in (*UNJUDGED, *NOT_NEEDED))
    )


def judged() -> list[CommandLine]:
    return [line for line in load() if is_judged(line)]


def parameter(line: CommandLine, not_yet: frozenset[str]) -> ParameterSet:
    marks = [pytest.mark.xfail(strict=True, reason="not modelled yet")] if str(line) in not_yet else []
    return pytest.param(line, marks=marks, id=str(line))


def parameters() -> list[ParameterSet]:
    not_yet = frozenset(NOT_YET.read_text().splitlines())
    return [parameter(line, not_yet) for line in judged()]


def run(argv: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """``main`` in a child of this process, in ``folder``, with a monitor on stdin that says good-bye."""
    said, heard = folder / "stderr", folder / "stdin"
    heard.write_text(GOOD_BYE)
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.chdir(folder)
            for number, file in enumerate((heard, folder / "stdout", said)):
                os.dup2(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), number)
            with open(2, "w", closefd=False) as stderr, pytest.MonkeyPatch.context() as patch:
                patch.setattr("sys.stderr", stderr)
                status = main([PROGRAM, *argv])
        finally:
            os._exit(status)
    return _wait(child), said.read_text()


def _wait(child: int) -> int:
    """The exit status; a child that does not end is killed, which shows as -9."""
    ended = os.pidfd_open(child)
    try:
        if not select.select([ended], [], [], PATIENCE)[0]:
            os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(ended)


def outcome(line: CommandLine, folder: Path) -> tuple[int, str]:
    for file in DATA.glob("*.cfg"):
        shutil.copy(file, folder)
    return run(line.argv, folder)


@pytest.mark.parametrize("line", parameters())
def test_a_machine_that_cannot_be_built_is_refused_in_the_same_words(line: CommandLine, tmp_path: Path) -> None:
    assert outcome(line, tmp_path) == (line.status, line.stderr)
