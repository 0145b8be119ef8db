"""Strings as values. What passes and what it is worth was asked of QEMU 10.0.2 over HMP's object_add and device_add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qmpd.errors import QemuError
from qmpd.options import stringvisitor, values

SIZES = {
    "1": 1,
    "0x10": 16,
    "010": 10,
    "1b": 1,
    "1k": 1 << 10,
    "1M": 1 << 20,
    "1g": 1 << 30,
    "15E": 15 << 60,
    "1.5G": 3 << 29,
    ".5k": 512,
    "+.5k": 512,
    "1.k": 1 << 10,
    "1.0": 1,
    "0.1k": 102,
    "0.3333M": 349490,
    "1.99999999999999999999999M": 2 << 20,
    " 5": 5,
    "18446744073709551615": (1 << 64) - 1,
}
NO_SIZES = [
    "",
    "x",
    "1x",
    "1 k",
    "5 ",
    "1.5",
    "1e3M",
    "1KiB",
    "0x1k",
    "0x",
    "-1",
    "-0",
    "-.5k",
    "16E",
    "1..k",
    "nan",
    "inf",
]

NUMBERS = {"0": 0, "10": 10, "0x10": 16, "0X1f": 31, "010": 8, "+7": 7, " 7": 7}
NO_NUMBERS = ["", "x", "08", "1k", "1.0", "0x", "1 ", "- 1", "18446744073709551616"]


def refusal(read: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(QemuError) as refused:
        read(*arguments)
    return refused.value.desc


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_a_size_is_read_with_its_suffix_and_fraction(text: str, size: int) -> None:
    assert values.visit_size_string(text, "size") == size


@pytest.mark.parametrize("text", NO_SIZES)
def test_what_is_no_size_is_refused(text: str) -> None:
    assert refusal(values.visit_size_string, text, "size") == "Parameter 'size' expects size"


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_numbers_come_in_the_notations_of_c(text: str, number: int) -> None:
    assert values.visit_uint64_string(text, "addr") == number
    assert values.visit_int64_string(text, "slot") == number
    assert values.visit_narrow_string(text, "slot", "uint8") == number


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert refusal(values.visit_uint64_string, text, "addr") == "Parameter 'addr' expects integer"
    assert refusal(values.visit_int64_string, text, "slot") == "Parameter 'slot' expects integer"


def test_a_negative_number_wraps_where_there_are_none() -> None:
    assert values.visit_uint64_string("-1", "addr") == (1 << 64) - 1
    assert values.visit_int64_string("-1", "slot") == -1


def test_a_number_that_its_type_cannot_hold_is_refused_by_the_name_of_the_type() -> None:
    assert refusal(values.visit_narrow_string, "4294967296", "slot", "int32") == "Parameter 'slot' expects int32_t"
    assert refusal(values.visit_narrow_string, "-1", "node", "uint32") == "Parameter 'node' expects uint32_t"
    assert refusal(values.visit_narrow_string, "256", "a.chassis", "uint8") == "Parameter 'chassis' expects uint8_t"
    assert refusal(values.visit_narrow_string, "256", "list.0", "uint8") == "Parameter 'null' expects uint8_t"


@pytest.mark.parametrize(("words", "truth"), [(("on", "yes", "true", "y"), True), (("off", "no", "false", "n"), False)])
def test_booleans_have_four_words_each(words: tuple[str, ...], truth: bool) -> None:
    assert [values.visit_bool_string(word, "unarmed") for word in words] == [truth] * len(words)


@pytest.mark.parametrize("word", ["", "ON", "1", "0", "maybe"])
def test_other_words_are_no_booleans(word: str) -> None:
    assert refusal(values.visit_bool_string, word, "unarmed") == "Parameter 'unarmed' expects 'on' or 'off'"


def test_a_word_that_an_enum_does_not_have_is_refused() -> None:
    assert values.visit_enum_string("auto", "vmport", ("on", "off", "auto")) == "auto"
    said = refusal(values.visit_enum_string, "x", "vmport", ("on", "off", "auto"))
    assert said == "Parameter 'vmport' does not accept value 'x'"


def test_floats_must_be_finite() -> None:
    assert values.visit_number_string("1.5e3", "bandwidth") == 1500.0
    assert values.visit_number_string("0x10", "bandwidth") == 16.0
    for text in ("inf", "nan", "1e999", "", "1x"):
        said = refusal(values.visit_number_string, text, "bandwidth")
        assert said == "Invalid parameter type for 'bandwidth', expected: number"


def test_a_tree_is_no_scalar() -> None:
    assert refusal(values.visit_int64_string, {"a": "1"}, "smp.cpus") == "Parameters 'smp.cpus.*' are unexpected"
    assert refusal(values.visit_str_string, ["1"], "type") == "Parameters 'type.*' are unexpected"


GLOBALS: list[tuple[Callable[..., object], tuple[str, ...], str]] = [
    (stringvisitor.visit_uint64_string, ("x", "addr"), "Parameter 'addr' expects uint64"),
    (stringvisitor.visit_int64_string, ("x", "slot"), "Parameter 'slot' expects int64"),
    (stringvisitor.visit_narrow_string, ("-1", "node", "uint32"), "Parameter 'node' expects uint32_t"),
    (stringvisitor.visit_narrow_string, ("4294967296", "slot", "int32"), "Parameter 'slot' expects int32_t"),
    (stringvisitor.visit_size_string, ("16E", "label-size"), "Value '16E' is out of range for parameter 'label-size'"),
    (stringvisitor.visit_size_string, ("1x", "s"), "Parameter 's' expects a non-negative number below 2^64"),
    (stringvisitor.visit_bool_string, ("x", "unarmed"), "Parameter 'unarmed' expects 'on' or 'off'"),
    (stringvisitor.visit_enum_string, ("x", "vmport", "on"), "Parameter 'vmport' does not accept value 'x'"),
]


@pytest.mark.parametrize(("read", "arguments", "expected"), GLOBALS)
def test_globals_are_refused_in_words_of_their_own(
    read: Callable[..., object], arguments: tuple[str, ...], expected: str
) -> None:
    assert refusal(read, *arguments) == expected
