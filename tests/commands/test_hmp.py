"""The human monitor: what QEMU said to more than a thousand lines, and the rules behind it one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qmpd.catalogue import Catalogue
from qmpd.clock import ManualClock
from qmpd.commands.hmp import actions, info, table
from qmpd.commands.hmp.expressions import BadExpression, evaluate
from qmpd.commands.hmp.words import NoWord, read_word
from qmpd.qemu_argv import parse
from qmpd.vm import Vm

from . import hmp_lines
from .hmp_lines import Section

SECTIONS = hmp_lines.read()
every_section = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.about)

Monitor = Callable[[str], str]


def asker(*args: str) -> hmp_lines.Ask:
    """A machine inside this process."""
    session = Vm(parse(["-nodefaults", "-display", "none", "-S", *args]), ManualClock()).open_session()

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        session.data_to_send()
        session.receive_data(json.dumps(request).encode() + b"\n")
        messages = [json.loads(line) for line in session.data_to_send().split(b"\r\n") if line]
        replies: list[dict[str, Any]] = [message for message in messages if "event" not in message]
        assert len(replies) == 1, messages
        return replies[0]

    session.receive_data(b'{"execute": "qmp_capabilities"}\n')
    return ask


@pytest.fixture
def monitor() -> Monitor:
    ask = asker("-machine", "q35", "-m", "1G,slots=2,maxmem=4G")

    def say(line: str) -> str:
        text: str = ask({"execute": "human-monitor-command", "arguments": {"command-line": line}})["return"]
        return text

    return say


@every_section
def test_qmpd_answers_as_recorded(section: Section) -> None:
    answers = hmp_lines.play([step for step, _ in section.rows], asker(*section.args))

    wrong = [pair for pair in zip(answers, section.rows, strict=True) if pair[0] != pair[1]]
    assert wrong == []


@every_section
def test_the_recording_is_right(section: Section, qemu: str) -> None:
    assert hmp_lines.asked_of_qemu(section, qemu) == section.rows


def test_a_command_that_is_not_modelled_says_so(monitor: Monitor) -> None:
    assert monitor("info mtree -f") == "Error: qmpd does not model options of 'info mtree'\r\n"


def test_a_command_that_is_not_modelled_still_checks_its_arguments(monitor: Monitor) -> None:
    assert monitor("info mtree -z").startswith("mtree: unsupported option -z\r\n")


def test_every_command_of_qemu_answers_something_or_is_recorded_as_silent(monitor: Monitor) -> None:
    catalogue = Catalogue.open()
    silent_by_nature = {
        *("stop|s", "cont|c", "system_reset", "system_powerdown", "quit|q", "nmi", "one-insn-per-tb", "migrate_cancel"),
        *("announce_self", "info usbhost"),  # the latter once its module is loaded
    }
    lines = [name.partition("|")[0] for name in catalogue.hmp_commands() if name not in silent_by_nature]
    recorded = {f"info {name}" for name in catalogue.hmp_commands("hmp-info") if catalogue.hmp_answer(f"info {name}")}

    silent = {line for line in (*lines, *recorded) if not monitor(line)} - silent_by_nature

    assert silent == set()


def test_the_tables_know_only_commands_of_qemu() -> None:
    catalogue = Catalogue.open()
    commands = {alias for name in catalogue.hmp_commands() for alias in name.split("|")}

    assert {*table.COMMANDS, *actions.HANDLERS} <= commands
    assert {*table.INFO_COMMANDS, *info.HANDLERS} <= set(catalogue.hmp_commands("hmp-info"))


def test_warnings_of_device_add_are_printed_by_the_monitor() -> None:
    warned: list[str] = []
    arguments = ["-nodefaults", "-S", "-m", "1G,slots=2,maxmem=4G"]
    vm = Vm(parse(arguments), ManualClock(), warned.append)
    vm.machine.memory_devices.memory.base += 4096  # type: ignore[union-attr]
    session = vm.open_session()
    session.receive_data(b'{"execute": "qmp_capabilities"}\n')

    for line in ("object_add memory-backend-ram,id=m,size=128M", "device_add pc-dimm,memdev=m"):
        request = {"execute": "human-monitor-command", "arguments": {"command-line": line}}
        session.receive_data(json.dumps(request).encode() + b"\n")

    assert b'"return": "warning: the alignment (0x200000) exceeds the expected maximum' in session.data_to_send()
    assert warned == []


def test_a_failed_device_add_leaves_warnings_to_the_process_again(monitor: Monitor) -> None:
    assert monitor("device_add pc-dimm") == "Error: 'memdev' property must be set\r\n"
    assert monitor("info memory-devices") == ""


def test_formats_are_remembered_by_each_machine_for_itself(monitor: Monitor) -> None:
    other = asker("-machine", "q35")
    assert monitor("print/d 17") == "17\r\n"

    assert monitor("print 17") == "17\r\n"
    assert (
        other({"execute": "human-monitor-command", "arguments": {"command-line": "print 17"}})["return"] == "0x11\r\n"
    )


def test_quit_ends_the_machine() -> None:
    ended: list[int] = []
    vm = Vm(parse(["-nodefaults", "-S"]), ManualClock())
    vm.on_exit = ended.append
    session = vm.open_session()
    session.receive_data(b'{"execute": "qmp_capabilities"}\n')
    session.receive_data(b'{"execute": "human-monitor-command", "arguments": {"command-line": "q"}}\n')

    assert ended == [0]
    assert session.data_to_send().endswith(b'{"return": ""}\r\n')


@pytest.mark.parametrize(
    ("text", "word", "end"),
    [
        ("a b", "a", 1),
        ("  a", "a", 3),
        ('"a b" c', "a b", 5),
        (r'"\n\r\\\'\""', "\n\r\\'\"", 12),
        ('a"b c', 'a"b', 3),
        ('""', "", 2),
        ("x" * 2000, "x" * 1023, 2000),
    ],
)
def test_a_word_is_read(text: str, word: str, end: int) -> None:
    assert read_word(text, 0) == (word, end)


@pytest.mark.parametrize("text", ["", "  ", '"a', r'"\x"', '"a\\'])
def test_there_is_no_word_in(text: str) -> None:
    with pytest.raises(NoWord):
        read_word(text, 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2*3+4", 10),
        ("2+3*4", 14),
        ("7&3+1", 4),
        ("-7/2", -3),
        ("-7%2", -1),
        ("~0", -1),
        ("0x10 - 010", 8),
        ("'a'", 97),
    ],
)
def test_an_expression_is_worth(text: str, value: int) -> None:
    assert evaluate(text, 0) == (value, len(text))


def test_expressions_wrap_at_64_bits() -> None:
    assert evaluate("0x7fffffffffffffff + 1", 0)[0] == -(1 << 63)


def test_registers_are_not_modelled() -> None:
    with pytest.raises(BadExpression, match="qmpd does not model the registers of CPUs"):
        evaluate("$eip", 0)
