from __future__ import annotations

import math
from typing import Any

import pytest

from qmpd.errors import QemuError
from qmpd.wire import parser
from qmpd.wire.lexer import Kind, Lexer, Token
from qmpd.wire.limits import INCOMPLETE, MAX_TOKEN_SIZE
from qmpd.wire.parser import Parser


def results(data: bytes) -> list[object]:
    """What the parser says to each token of ``data``; of an error, its text."""
    source, sink = Lexer(), Parser()
    source.feed(data)
    said = []
    while (token := source.next_token()) is not None:
        said.append(sink.push(token))
    return [result.desc if isinstance(result, QemuError) else result for result in said]


def messages(data: bytes) -> list[object]:
    return [result for result in results(data) if result is not INCOMPLETE]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b"[]", []),
        (b"[1, [], {}]", [1, [], {}]),
        (b'{"a": {"b": [true, false, null]}, "c": "d"}', {"a": {"b": [True, False, None]}, "c": "d"}),
        (b"'x'", "x"),
        (b"null ", None),
    ],
)
def test_a_value_is_a_message(text: bytes, value: object) -> None:
    assert messages(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"-9223372036854775808 ", -(2**63)),
        (b"18446744073709551615 ", 2**64 - 1),
        (b"-9223372036854775809 ", -9223372036854775809.0),
        (b"18446744073709551616 ", 18446744073709551616.0),
        (b"-18446744073709551615 ", -18446744073709551615.0),
        (b"1.0 ", 1.0),
        (b"1e3 ", 1000.0),
        (b"-0 ", 0),
        (b"1" * 400 + b" ", math.inf),
        (b"-1e999 ", -math.inf),
    ],
)
def test_a_number_is_an_integer_if_64_bits_hold_it(text: bytes, value: float) -> None:
    [number] = messages(text)
    assert number == value
    assert type(number) is type(value)


def test_a_message_ends_where_neither_count_is_positive() -> None:
    assert results(b"[[]]1 ") == [INCOMPLETE, INCOMPLETE, INCOMPLETE, [[]], 1]


def test_a_message_ends_where_a_count_is_negative() -> None:
    assert messages(b"[[[}1 ") == ["JSON parse error, expecting value", 1]


def test_mismatched_brackets_may_never_end() -> None:
    assert messages(b'{"a":[}') == []


def test_a_stray_token_ends_any_message() -> None:
    assert messages(b'{"a": @\n1 ') == ["JSON parse error, stray '@'", 1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b'{{"a":1,"a":2}:3}', "duplicate key"),
        (b"{[nul]:1}", "invalid keyword 'nul'"),
        (b"{[1]:1}", "key is not a string in object"),
        (b'{"a":1,"a":[1 2]}', "expected separator in list"),
        (b'{"a":1,"a":[1],"b"}', "duplicate key"),
        (b'["\\x", nul]', "invalid escape sequence in string"),
        (b'[nul, "\\x"]', "invalid keyword 'nul'"),
        (b'[1 "\\x"]', "expected separator in list"),
        (b'{"a":1]', "expected separator in dict"),
        (b'{"a"]', "missing : in object pair"),
        (b"[1}", "expected separator in list"),
    ],
)
def test_the_first_fault_of_a_message_is_reported(text: bytes, complaint: str) -> None:
    assert messages(text)[0] == f"JSON parse error, {complaint}"


def test_a_long_keyword_is_cut_in_the_complaint() -> None:
    [complaint] = messages(b"z" * 2000 + b" ")
    text = "invalid keyword '" + "z" * 2000
    assert complaint == "JSON parse error, " + text[:1023]


def test_a_long_stray_text_is_not_cut() -> None:
    assert messages(b'"' + b"z" * 2000 + b"\n") == ["JSON parse error, stray '\"" + "z" * 2000 + "\n'"]


# qobject/json-streamer.c and include/qobject/json-parser.h
def test_the_limits_are_those_of_qemu() -> None:
    assert (parser.MAX_NESTING, parser.MAX_TOKENS, MAX_TOKEN_SIZE) == (1024, 2097152, 67108864)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_1024_levels_are_allowed() -> None:
    [value] = messages(nested(1024))
    depth: Any = value
    for _ in range(1023):
        [depth] = depth
    assert depth == []


def test_the_rest_of_a_message_nested_too_deep_is_read_as_new_messages() -> None:
    assert messages(nested(1025)) == [
        "JSON nesting depth limit exceeded",
        *["JSON parse error, expecting value"] * 1025,
    ]


def test_braces_and_brackets_count_together_for_the_depth() -> None:
    assert messages(b'{"a":[' * 512 + b"[")[0] == "JSON nesting depth limit exceeded"


def test_the_token_beyond_the_count_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_TOKENS", 5)
    assert messages(b"[1,2]") == [[1, 2]]
    assert messages(b"[1,2,]3 ") == ["JSON token count limit exceeded", 3]


def test_the_token_beyond_the_size_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_TOKEN_SIZE", 10)
    assert messages(b"['1234'  ]") == [["1234"]]
    assert messages(b"['12345', 5 6 ") == ["JSON token size limit exceeded", 6]
    assert messages(b"['12345'  ]3 ") == [["12345"], 3]
    assert messages(b"['123456'  ]3 ") == ["JSON token size limit exceeded", 3]


def test_the_beginning_of_a_token_too_long_is_an_error() -> None:
    sink = Parser()
    sink.push(Token(Kind.BRACKET_OPEN, b"["))
    error = sink.push(Token(Kind.OVERSIZE, bytes(MAX_TOKEN_SIZE + 1)))
    assert isinstance(error, QemuError)
    assert error.desc == "JSON token size limit exceeded"
    assert sink.at_rest
