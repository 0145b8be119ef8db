"""What the dispatcher is told about a command, and what it costs to know."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from qmpd.schemas import CommandInfo, command_info, documents

from .qemu import monitor
from .record import PLACES, places, read

RECORDED: list[dict[str, Any]] = read(PLACES)


def infos() -> list[CommandInfo]:
    found = (command_info(name) for names in documents.index().values() for name in names)
    return [info for info in found if info is not None]


def test_a_command_is_known_by_name() -> None:
    assert command_info("device_del") == CommandInfo("device_del", "qdev", False, False, False, False, ())


def test_device_add_is_free_of_form() -> None:
    assert [info.name for info in infos() if info.free_form] == ["device_add"]


def test_commands_may_run_where_qemu_runs_them() -> None:
    ours = {
        info.name: {"command": info.name, "allow-preconfig": info.allow_preconfig, "allow-oob": info.allow_oob}
        for info in infos()
    }
    assert ours == {entry["command"]: entry for entry in RECORDED}


@pytest.mark.usefixtures("qemu")
def test_qemu_still_runs_them_there() -> None:
    with monitor("-preconfig") as waiting:
        assert list(places(waiting)) == RECORDED


@pytest.mark.parametrize("name", ["", "nope", "STOP", "Query-Name", "index", "query-events"])
def test_other_names_are_no_commands(name: str) -> None:
    assert command_info(name) is None


def test_a_command_costs_no_documents_but_those_that_its_arguments_are_described_in() -> None:
    program = """
import qmpd.schemas
from qmpd.schemas import documents
assert documents.document.cache_info().currsize == documents.index.cache_info().currsize == 0
qmpd.schemas.command_info("query-status"), qmpd.schemas.check_arguments("query-status", None)
assert documents.document.cache_info().currsize == 1
qmpd.schemas.check_arguments("device_del", {"id": "x"})
assert documents.document.cache_info().currsize == 2
"""
    subprocess.run([sys.executable, "-c", program], check=True)
