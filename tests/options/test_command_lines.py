"""Parsing, held against what QEMU said of the same command lines."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from qmpd.errors import StartupError
from qmpd.options.report import Report, StartupExit
from qmpd.qemu_argv import parse

from .command_lines import DATA, PROGRAM, CommandLine, load

LINES = load()

# Options whose argument nothing here looks into, because what they do is not modelled: (first word, why).
UNJUDGED = {
    "-D": "no log file is written",
    "-acpitable": "no table is read",
    "-d": "nothing is logged",
    "-dfilter": "nothing is logged",
    "-dump-vmstate": "there is no migration state",
    "-echr": "there is no multiplexer on a terminal",
    "-L": "there are no data directories",
    "-run-with": "the user is not changed",
    "-seed": "the guest sees no random numbers",
    "-smbios": "there is no firmware",
    "-tpmdev": "there is no TPM",
    "-trace": "there are no trace events",
}


def own_words(line: CommandLine) -> tuple[str, ...]:
    """The command line without what the recorder put before it."""
    return line.argv[line.argv.index("stdio") + 1 :]


def said_while_parsing(argv: tuple[str, ...]) -> tuple[int, str]:
    """The exit status, 0 also where there is none yet, and everything on stderr."""
    said = io.StringIO()
    report = Report(PROGRAM, stream=said)
    try:
        parse(argv, report)
    except StartupError as failure:
        report.startup_error(failure)
        return 1, said.getvalue()
    except StartupExit as end:
        return end.status, said.getvalue()
    return 0, said.getvalue()


def judged(keep: Callable[[CommandLine], bool]) -> list[CommandLine]:
    return [line for line in LINES if keep(line) and not (set(UNJUDGED) & set(own_words(line)[:1]))]


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)


@pytest.mark.parametrize("line", judged(lambda line: line.stage == "parse"), ids=str)
def test_a_command_line_refused_by_itself_is_refused_in_the_same_words(line: CommandLine) -> None:
    assert said_while_parsing(line.argv) == (line.status, line.stderr)


@pytest.mark.parametrize("line", judged(lambda line: line.stage != "parse"), ids=str)
def test_a_command_line_that_parses_for_qemu_parses_with_the_same_warnings(line: CommandLine) -> None:
    assert said_while_parsing(line.argv) == (0, line.early)


def test_there_are_enough_recorded_command_lines() -> None:
    assert len(judged(lambda line: line.stage == "parse")) >= 200


def test_every_unjudged_option_is_needed() -> None:
    assert set(UNJUDGED) <= {own_words(line)[0] for line in LINES if own_words(line)}
