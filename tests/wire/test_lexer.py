from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmpd.wire import lexer
from qmpd.wire.lexer import Kind, Lexer, Token


def tokens(*chunks: bytes) -> list[Token]:
    reader = Lexer()
    found = []
    for chunk in chunks:
        reader.feed(chunk)
        while (token := reader.next_token()) is not None:
            found.append(token)
    return found


def single_bytes(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


def test_each_kind_of_token_is_recognised() -> None:
    assert tokens(b"{}[]:, 'a' \"b\" 12 -0 1.5 2e-3 true ") == [
        (Kind.BRACE_OPEN, b"{"),
        (Kind.BRACE_CLOSE, b"}"),
        (Kind.BRACKET_OPEN, b"["),
        (Kind.BRACKET_CLOSE, b"]"),
        (Kind.COLON, b":"),
        (Kind.COMMA, b","),
        (Kind.STRING, b"'a'"),
        (Kind.STRING, b'"b"'),
        (Kind.INTEGER, b"12"),
        (Kind.INTEGER, b"-0"),
        (Kind.FLOAT, b"1.5"),
        (Kind.FLOAT, b"2e-3"),
        (Kind.WORD, b"true"),
    ]


@pytest.mark.parametrize(
    "data", [b'"abc', b"'abc\\", b"12", b"-", b"1.", b"1.5", b"1e", b"1e+", b"1e5", b"tru", b" \t\r\n"]
)
def test_a_token_that_may_go_on_is_not_reported(data: bytes) -> None:
    assert tokens(data) == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"@", b"@"),
        (b"\xff", b"\xff"),
        (b"\x0b", b"\x0b"),
        (b"01", b"01"),
        (b"1.x", b"1.x"),
        (b"1ex", b"1ex"),
        (b"1e-x", b"1e-x"),
        (b"-x", b"-x"),
        (b'"a\n', b'"a\n'),
        (b"'a\\\n", b"'a\\\n"),
    ],
)
def test_a_stray_token_ends_with_the_offending_byte(data: bytes, text: bytes) -> None:
    assert tokens(data) == [(Kind.STRAY, text)]


@pytest.mark.parametrize("byte", sorted({*range(0x20), 0xFE, 0xFF, *b"{}[]:,"} - {0x09}))
def test_skipping_after_a_stray_token_ends_before_this_byte(byte: int) -> None:
    skipped = b"@ skipped \t \x80 12 'x' "
    assert tokens(skipped + bytes([byte]))[1:] == tokens(bytes([byte]))


def test_a_zero_takes_no_exponent() -> None:
    assert tokens(b"0e3 ") == [(Kind.INTEGER, b"0"), (Kind.WORD, b"e"), (Kind.INTEGER, b"3")]


@pytest.mark.parametrize("begin", [b'"', b"'", b"1", b"1.0", b"1e1", b"a"])
def test_a_token_that_grows_too_long_is_cut_off(begin: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "MAX_TOKEN_SIZE", 10)
    filler = b"a" if begin == b"a" else b"1"
    longest = begin + filler * (10 - len(begin))
    expected = [(Kind.OVERSIZE, longest + filler)]
    assert tokens(longest) == []
    assert tokens(longest + filler) == expected
    assert tokens(longest + filler + b"{") == [*expected, (Kind.BRACE_OPEN, b"{")]
    assert tokens(*single_bytes(longest + filler)) == expected


def test_white_space_and_what_is_skipped_never_grow_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "MAX_TOKEN_SIZE", 10)
    assert tokens(b" " * 100 + b"@" + b"x" * 100) == [(Kind.STRAY, b"@")]


@given(data=st.binary(max_size=100))
def test_tokens_do_not_depend_on_how_bytes_arrive(data: bytes) -> None:
    assert tokens(*single_bytes(data)) == tokens(data)


@given(data=st.text("{}[]:,\"'\\0123.eE+-tru \n", max_size=40).map(str.encode))
def test_tokens_of_near_json_do_not_depend_on_how_bytes_arrive(data: bytes) -> None:
    assert tokens(*single_bytes(data)) == tokens(data)


def test_between_tokens_the_lexer_is_at_rest() -> None:
    reader = Lexer()
    for chunk, at_rest in [(b" 1", False), (b" ", True), (b"@", False), (b"x", False), (b"\n", True), (b"'", False)]:
        reader.feed(chunk)
        while reader.next_token() is not None:
            pass
        assert reader.at_rest is at_rest
