from __future__ import annotations

import json
import re
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmpd.frozen import Frozen
from qmpd.hashorder import qdict_order
from qmpd.wire import encode as module
from qmpd.wire.encode import encode, encode_message

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=20,
)


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (-(2**63), b"-9223372036854775808"),
        (2**64 - 1, b"18446744073709551615"),
        (0.1, b"0.10000000000000001"),
        (-0.0, b"-0"),
        (1.0, b"1"),
        (1e16, b"10000000000000000"),
        (1e17, b"1e+17"),
        (1e-05, b"1.0000000000000001e-05"),
        (float("inf"), b"inf"),
        (float("-inf"), b"-inf"),
        (float("nan"), b"nan"),
        ("plain / 'text' <&>", b"\"plain / 'text' <&>\""),
        ('"\\', b'"\\"\\\\"'),
        ("\b\f\n\r\t", b'"\\b\\f\\n\\r\\t"'),
        ("\0\x1f\x7f\x80é€", b'"\\u0000\\u001F\\u007F\\u0080\\u00E9\\u20AC"'),
        ("\U0001d11e", b'"\\uD834\\uDD1E"'),
        ("\ud834|\ufffe|\ufdd0|\U0010ffff", b'"\\uFFFD|\\uFFFD|\\uFFFD|\\uFFFD"'),
        ('\n"\\', b'"\\n\\"\\\\"'),
        ([], b"[]"),
        ({}, b"{}"),
        ([1, "a", [None]], b'[1, "a", [null]]'),
        ((1, 2), b"[1, 2]"),
        ({"a": 1}, b'{"a": 1}'),
        ({"100%": "%s"}, b'{"100%": "%s"}'),
        (Colour.RED, b'"red"'),
        ([Number.ONE], b"[1]"),
    ],
)
def test_a_value_is_written_as_by_qemu(value: object, text: bytes) -> None:
    assert encode(value) == text


@pytest.mark.parametrize(
    ("members", "order"),
    [
        (("id", "return"), ["return", "id"]),
        (("error", "id"), ["id", "error"]),
        (("desc", "class"), ["class", "desc"]),
        (("event", "data", "timestamp"), ["timestamp", "event", "data"]),
        (("microseconds", "seconds"), ["seconds", "microseconds"]),
        (("major", "minor", "micro"), ["micro", "minor", "major"]),
        (("major", "micro", "minor"), ["minor", "micro", "major"]),
    ],
)
def test_members_are_written_in_the_order_of_the_hash(members: tuple[str, ...], order: list[str]) -> None:
    expected = "{" + ", ".join(f'"{member}": 0' for member in order) + "}"
    assert encode(dict.fromkeys(members, 0)) == expected.encode()


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in qdict_order(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


@given(value=VALUES)
def test_python_reads_back_what_was_written(value: object) -> None:
    def character(text: str) -> str:
        return re.sub(module._REPLACED, "\ufffd", text)

    def replaced(item: Any) -> Any:
        if isinstance(item, dict):
            return [[character(key), replaced(member)] for key, member in item.items()]
        if isinstance(item, list):
            return [replaced(member) for member in item]
        return character(item) if isinstance(item, str) else item

    read = json.loads(encode(value), object_pairs_hook=lambda members: [[key, member] for key, member in members])
    assert read == replaced(ordered(value))


@given(value=VALUES)
def test_deep_values_are_written_like_others(value: object) -> None:
    assert module._encode_deep(value).encode() == encode(value)


def test_a_value_nested_as_deep_as_a_client_can_send_is_written() -> None:
    lists: Any = 1
    objects: Any = 1
    for _ in range(1024):
        lists, objects = [lists], {"a": objects}
    assert encode(lists) == b"[" * 1024 + b"1" + b"]" * 1024
    assert encode(objects) == b'{"a": ' * 1024 + b"1" + b"}" * 1024


def test_a_long_text_deep_inside_is_not_copied_at_each_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COPY_MAX", 100)
    deep = module._encode_deep
    written: list[object] = []
    monkeypatch.setattr(module, "_encode_deep", lambda value: written.append(value) or deep(value))  # type: ignore[func-returns-value]
    short, long = [["x" * 90]], {"a": [{"a": "x" * 100}]}
    assert encode(short) == b'[["' + b"x" * 90 + b'"]]'
    assert encode(long) == b'{"a": [{"a": "' + b"x" * 100 + b'"}]}'
    assert encode([*short, *short]) == b'[["%b"], ["%b"]]' % (b"x" * 90, b"x" * 90)
    assert written == [long, [*short, *short]]


def test_a_frozen_value_is_encoded_once() -> None:
    frozen = Frozen([{"b": 1, "a": 2}])
    assert encode({"return": frozen, "id": [frozen, frozen]}) == (
        b'{"return": [{"a": 2, "b": 1}], "id": [[{"a": 2, "b": 1}], [{"a": 2, "b": 1}]]}'
    )
    assert frozen.encoded == b'[{"a": 2, "b": 1}]'
    frozen.encoded = b"kept"
    assert encode([frozen]) == b"[kept]"


def test_a_message_with_a_frozen_value_is_written_as_any_other() -> None:
    frozen = Frozen([{"b": 1, "a": 2}])
    plain = [{"b": 1, "a": 2}]
    for rest in ({}, {"id": 7}, {"id": {"b": [frozen], "a": None}}):
        expected = encode({"return": plain, **rest})
        assert encode_message({"return": frozen, **rest}) == expected + b"\r\n"
        assert encode_message({**rest, "return": frozen}) == expected + b"\r\n"
    assert encode_message({"return": frozen}, pretty=True) == encode({"return": plain}, pretty=True) + b"\r\n"


def test_what_is_no_json_value_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not a JSON value"):
        encode({"a": [set()]})


def test_a_message_ends_with_cr_lf() -> None:
    assert encode_message({"return": {}}) == b'{"return": {}}\r\n'


def test_the_pretty_form_takes_a_line_for_everything() -> None:
    value = {"return": {"a": [], "b": {}, "c": [1, '{"[, ]"}', [None]]}}
    assert encode_message(value, pretty=True).decode().split("\r\n") == [
        "{",
        '    "return": {',
        '        "a": [',
        "        ],",
        '        "b": {',
        "        },",
        '        "c": [',
        "            1,",
        '            "{\\"[, ]\\"}",',
        "            [",
        "                null",
        "            ]",
        "        ]",
        "    }",
        "}",
        "",
    ]


def test_the_pretty_form_of_an_empty_container_takes_two_lines() -> None:
    assert encode({}, pretty=True) == b"{\r\n}"
    assert encode([], pretty=True) == b"[\r\n]"


def test_what_is_kept_about_keys_is_bounded() -> None:
    for number in range(3 * module._LAYOUTS_MAX):
        assert encode({f"key {number}": number}) == b'{"key %d": %d}' % (number, number)
        assert len(module._layouts) <= module._LAYOUTS_MAX
    encode({"k" * module._TEMPLATE_MAX: 1})
    assert ("k" * module._TEMPLATE_MAX,) not in module._layouts
