from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmpd.errors import QemuError
from qmpd.wire.text import decode, decode_lossy, unquote


def is_character(code: int) -> bool:
    """Whether QEMU takes it for one: no surrogate, no noncharacter."""
    return not (0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE)


CHARACTERS = st.integers(0, 0x10FFFF).filter(is_character).map(chr)
TEXTS = st.text(CHARACTERS)


def modified_utf8(text: str) -> bytes:
    return text.encode().replace(b"\0", b"\xc0\x80")


@given(text=TEXTS)
def test_valid_text_is_read_as_it_is(text: str) -> None:
    assert decode(modified_utf8(text)) == text


@given(text=TEXTS.filter(lambda text: '"' not in text and "\\" not in text))
def test_a_string_without_escapes_is_what_stands_between_its_quotes(text: str) -> None:
    assert unquote(b'"' + modified_utf8(text) + b'"') == text


@given(text=TEXTS)
def test_any_character_can_be_written_as_an_escape(text: str) -> None:
    units = text.encode("utf-16-be").hex()
    escapes = "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
    assert unquote(f"'{escapes}'".encode()) == text


def test_short_escapes_stand_for_one_character() -> None:
    assert unquote(rb"'\"\'\\\/\b\f\n\r\t'") == "\"'\\/\b\f\n\r\t"


@pytest.mark.parametrize("code", [0xD800, 0xDFFF, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF])
def test_what_is_no_character_is_refused(code: int) -> None:
    assert decode(chr(code).encode("utf-8", "surrogatepass")) is None


@pytest.mark.parametrize(
    "raw", [b"\xc0\xaf", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\x80"]
)
def test_overlong_broken_and_too_large_sequences_are_refused(raw: bytes) -> None:
    assert decode(raw) is None


@pytest.mark.parametrize(
    ("raw", "quoted"),
    [
        (b"plain", "plain"),
        (b"cut\0here", "cut"),
        (b"\xc0\x80", "\0"),
        (b"\xc3\xa9", "é"),
        (b"\x80\x80", "\ufffd\ufffd"),
        (b"\xe2\x82A", "\ufffdA"),
        (b"\xed\xa0\x80", "\ufffd"),
        (b"\xf8\x88\x80\x80\x80", "\ufffd"),
        (b"\xfc\x84\x80\x80\x80\x80\x80", "\ufffd\ufffd"),
        (b"\xfe\xff", "\ufffd\ufffd"),
        (b"\xc3\xa9\xff\xc0\x80", "é\ufffd\0"),
    ],
)
def test_quoted_input_has_a_replacement_for_each_bad_sequence(raw: bytes, quoted: str) -> None:
    assert decode_lossy(raw) == quoted


@pytest.mark.parametrize(
    ("token", "complaint"),
    [
        (b'"\\x\xff"', "invalid escape sequence in string"),
        (b'"\xff\\x"', "invalid UTF-8 sequence in string"),
        (b'"\xc3\\n\xa9"', "invalid UTF-8 sequence in string"),
        (b'"\\ud800\\x"', "\\ud800 is not a valid Unicode character"),
        (b'"\\ud800\\ud800"', "\\ud800 is not a valid Unicode character"),
        (b"'\\u1'", "\\u1' is not a valid Unicode character"),
        (b'"\\u123\xc3\xa9"', "\\u123\ufffd is not a valid Unicode character"),
    ],
)
def test_the_leftmost_fault_of_a_string_is_reported(token: bytes, complaint: str) -> None:
    with pytest.raises(QemuError) as caught:
        unquote(token)
    assert caught.value.desc == f"JSON parse error, {complaint}"
