"""``-x-qmpd`` and QMPD_OPTIONS: what they add up to, and what is said about mistakes in them."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator

import pytest

from qmpd.config import Extras
from qmpd.qemu_argv import main, parse

MACHINE = ("qmpd-system-x86_64", "-machine", "none", "-nodefaults", "-display", "none")


@pytest.fixture(autouse=True)
def _this_process_stays_as_it_was() -> Iterator[None]:
    """What serves a machine has its process to itself: it holds signals and collects no garbage while it starts."""
    mask, interrupted = signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(signal.SIGINT)
    yield
    gc.enable()
    signal.signal(signal.SIGINT, interrupted)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def complaint(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main([*MACHINE, *argv]) == 1
    return capsys.readouterr().err.removeprefix("qmpd-system-x86_64: ")


def test_uses_of_the_option_add_up_and_the_last_word_counts() -> None:
    extras = parse(
        ["-x-qmpd", "guest=linux,clock=manual", "-x-qmpd", "faults=f,guest=slow", "-x-qmpd", "clock=real"]
    ).extras
    assert extras == Extras("slow", manual_clock=False, control=True, faults="f")


@pytest.mark.parametrize("words", ["foo=1", "guest=linux,foo=1"])
def test_an_unknown_word_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str], words: str) -> None:
    told = complaint(capsys, "-x-qmpd", words)
    assert told.startswith(f"-x-qmpd {words}: Parameter 'foo' is unexpected\nThere are: guest, faults, ")


def test_help_names_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "-x-qmpd", "help").startswith("-x-qmpd help: There are: guest, faults, ")


def test_a_mistake_in_the_environment_is_blamed_on_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QMPD_OPTIONS", "clock=now")
    assert complaint(capsys) == "QMPD_OPTIONS=clock=now: Parameter 'clock' expects 'real' or 'manual'\n"


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    missing = complaint(capsys, "-x-qmpd", "faults=/nowhere/faults.json")
    assert missing == "cannot use these faults: /nowhere/faults.json: No such file or directory\n"
    assert "'/nowhere/guest.json' is neither one of absent, " in complaint(
        capsys, "-x-qmpd", "guest=/nowhere/guest.json"
    )
