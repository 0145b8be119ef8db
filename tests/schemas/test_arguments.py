"""Wrong arguments get QEMU's own words; right ones come out as a command may use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qmpd.errors import QemuError
from qmpd.schemas import check_arguments, documents

from . import argument_cases
from .qemu import Monitor
from .record import ARGUMENTS, argument_errors, read

RECORDED: list[dict[str, Any]] = read(ARGUMENTS)


def complaint(command: str, given: dict[str, Any] | None) -> str:
    with pytest.raises(QemuError) as caught:
        check_arguments(command, given)
    assert caught.value.error_class == "GenericError"
    return caught.value.desc


@pytest.mark.parametrize("command", sorted({case["command"] for case in RECORDED}))
def test_wrong_arguments_get_the_words_that_qemu_was_heard_to_use(command: str) -> None:
    cases = [case for case in RECORDED if case["command"] == command]
    for case in cases:
        assert complaint(command, case["arguments"]) == case["error"], case


def test_every_command_with_checked_arguments_was_recorded() -> None:
    checked = {name for names in documents.index().values() for name in names if is_checked(name)}
    assert {case["command"] for case in RECORDED} == checked


def is_checked(name: str) -> bool:
    found = documents.command(name)
    return found is not None and found.node.get("gen", True)


def test_the_recorded_cases_are_those_that_the_documents_give_rise_to() -> None:
    made = {(command, json.dumps(given)) for command, given in argument_cases.cases()}
    assert {(case["command"], json.dumps(case["arguments"])) for case in RECORDED} == made


def test_qemu_still_says_what_was_recorded(qemu: Monitor) -> None:
    assert list(argument_errors(qemu)) == RECORDED


# Rows of the specification, for readers


@pytest.mark.parametrize(
    ("command", "given", "error"),
    [
        ("device_del", None, "Parameter 'id' is missing"),
        ("device_del", {"id": None}, "Invalid parameter type for 'id', expected: string"),
        ("device_del", {"id": "nope", "x": 1}, "Parameter 'x' is unexpected"),
        ("query-name", {"a": 1}, "Parameter 'a' is unexpected"),
        ("query-name", {"a": 1, "b": 2}, "Parameter 'b' is unexpected"),
        ("object-add", {}, "Parameter 'qom-type' is missing"),
        ("object-add", {"qom-type": "bogus", "id": "a"}, "Parameter 'qom-type' does not accept value 'bogus'"),
        ("object-add", {"qom-type": "memory-backend-ram"}, "Parameter 'id' is missing"),
        ("object-add", {"qom-type": "memory-backend-ram", "id": "a", "zz": 1}, "Parameter 'size' is missing"),
        ("qom-set", {"path": "/machine", "property": "x"}, "Parameter 'value' is missing"),
        ("qmp_capabilities", {"enable": ["foo"]}, "Parameter 'null' does not accept value 'foo'"),
        ("qmp_capabilities", {"enable": [1]}, "Invalid parameter type for 'enable[0]', expected: string"),
        ("yank", {"instances": [{"type": "chardev"}]}, "Parameter 'instances[0].id' is missing"),
    ],
)
def test_an_error_names_the_first_thing_wrong(command: str, given: dict[str, Any] | None, error: str) -> None:
    assert complaint(command, given) == error


def test_a_narrow_integer_in_a_list_is_called_null() -> None:
    backend = {"qom-type": "memory-backend-ram", "id": "a", "size": 1 << 20, "host-nodes": [65536]}
    assert complaint("object-add", backend) == "Parameter 'null' expects uint16_t"


# Right arguments


def test_arguments_come_out_in_the_order_of_the_schema() -> None:
    given = {"size": 4096, "share": True, "id": "m", "qom-type": "memory-backend-ram"}
    assert list(check_arguments("object-add", given)) == ["qom-type", "id", "share", "size"]


def test_absent_members_stay_absent() -> None:
    assert check_arguments("query-machines", None) == {}


def test_a_negative_unsigned_argument_wraps() -> None:
    assert check_arguments("set-numa-node", {"type": "node", "mem": -1})["mem"] == (1 << 64) - 1


def test_a_negative_signed_argument_stays_negative() -> None:
    assert check_arguments("balloon", {"value": -1}) == {"value": -1}


def test_a_property_value_may_be_anything() -> None:
    for value in (None, True, 1.5, "x", [1, {}], {"a": None}):
        given = {"path": "/machine", "property": "p", "value": value}
        assert check_arguments("qom-set", given) == given


def test_what_was_given_is_left_as_it_was() -> None:
    given = {"type": "node", "mem": -1, "cpus": [1, 2]}
    assert check_arguments("set-numa-node", given)["cpus"] == [1, 2]
    assert given == {"type": "node", "mem": -1, "cpus": [1, 2]}


def test_a_device_takes_any_member() -> None:
    given = {"driver": 5, "whatever": None}
    assert check_arguments("device_add", given) == given


def test_there_is_nothing_to_check_for_a_command_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        check_arguments("nope", {})
    with pytest.raises(KeyError):
        check_arguments("STOP", {})


# Kinds of types that no command of ours takes yet; the texts are QEMU's for commands that do


@pytest.fixture(name="block")
def _block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut-down blockdev-add, whose type contains itself by way of an alternate."""
    node = {"$ref": "#/$defs/Options"}
    options = {
        "type": "object",
        "properties": {
            "file": {"$ref": "#/$defs/BlockdevRef"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/BlockdevRef"}},
            "level": {"$ref": "builtin.json#/$defs/int8"},
            "rate": {"type": "number"},
            "tls-creds": {"title": "StrOrNull", "oneOf": [{"type": "string"}, {"type": "null"}]},
        },
    }
    reference = {"title": "BlockdevRef", "oneOf": [node, {"type": "string"}]}
    document = {
        "commands": {"test-blockdev-add": {"arguments": node}},
        "$defs": {"Options": options, "BlockdevRef": reference},
    }
    (tmp_path / "test-block.json").write_text(json.dumps(document))
    monkeypatch.setattr(documents, "_directory", lambda: str(tmp_path))
    monkeypatch.setitem(documents._module_of(), "test-blockdev-add", "test-block")


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"file": 3}, "Invalid parameter type for 'file', expected: BlockdevRef"),
        ({"file": {"file": 3}}, "Invalid parameter type for 'file', expected: BlockdevRef"),
        ({"file": {"file": {"x": 3}}}, "Parameter 'file.file.x' is unexpected"),
        ({"children": [3]}, "Invalid parameter type for 'null', expected: BlockdevRef"),
        ({"children": [{"y": 3}]}, "Parameter 'children[0].y' is unexpected"),
        ({"tls-creds": 5}, "Invalid parameter type for 'tls-creds', expected: StrOrNull"),
        ({"rate": "1"}, "Invalid parameter type for 'rate', expected: number"),
        ({"level": 128}, "Parameter 'level' expects int8_t"),
    ],
)
def test_an_alternate_is_named_by_its_type(given: dict[str, Any], error: str) -> None:
    assert complaint("test-blockdev-add", given) == error


@pytest.mark.usefixtures("block")
def test_a_type_may_contain_itself() -> None:
    given = {"file": {"file": {"file": "node"}}, "tls-creds": None, "rate": 1, "children": ["a", {}]}
    assert check_arguments("test-blockdev-add", given) == given
