"""``query-qmp-schema`` and ``query-commands`` say of our commands and events what QEMU says of its own."""

from __future__ import annotations

from typing import Any

import pytest

from qmpd.schemas import command_info, documents, query_commands, query_qmp_schema

from .introspection import tree
from .qemu import Monitor
from .record import SCHEMA, read
from .validation import validate_reply

NAMES = [name for names in documents.index().values() for name in names]
RECORDED: list[dict[str, Any]] = read(SCHEMA)


def ours() -> list[dict[str, Any]]:
    schema: list[dict[str, Any]] = query_qmp_schema().value
    return schema


@pytest.mark.parametrize("name", NAMES)
def test_a_command_or_event_has_the_types_that_it_has_in_qemu(name: str) -> None:
    assert tree(ours(), name) == tree(RECORDED, name)


def test_entries_and_type_numbers_are_in_the_order_of_qemu() -> None:
    assert ours() == RECORDED


def test_members_of_an_entry_are_written_down_in_the_order_of_qemu() -> None:
    for entry in ours():
        assert list(entry) == sorted(entry)


def test_the_schema_is_an_answer_that_the_schema_allows() -> None:
    validate_reply("query-qmp-schema", query_qmp_schema())
    validate_reply("query-commands", query_commands())


def test_answers_are_made_once() -> None:
    assert query_qmp_schema() is query_qmp_schema()
    assert query_commands() is query_commands()


def test_the_schema_still_is_that_of_qemu(qemu: Monitor) -> None:
    assert qemu.answer("query-qmp-schema")["return"] == RECORDED


def test_commands_are_listed_in_the_order_of_qemu(qemu: Monitor) -> None:
    listed = [entry["name"] for entry in query_commands().value]
    assert listed == [entry["name"] for entry in qemu.answer("query-commands")["return"]]


def test_device_add_is_listed_first_because_qemu_registers_it_last() -> None:
    names = [entry["name"] for entry in query_commands().value]
    assert names[0] == "device_add"
    assert names[-1] == "query-status"
    assert len(names) == len(set(names)) == sum(command_info(name) is not None for name in NAMES)
