"""Strings as QEMU reads them: its modified UTF-8, and what stands between the quotes of a JSON string.

Modified UTF-8 is UTF-8 in which U+0000 is written C0 80. Surrogates and noncharacters are refused besides
everything that UTF-8 refuses (util/unicode.c). How strings are written is in ``encode``.
"""

from __future__ import annotations

import re

from qmpd import errors

# Patterns are compiled when they are first used: no start should wait for those of bad input.
# The same set twice: QEMU looks at code points, and so do both reading and writing.
NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_NONCHARACTER = f"[{NONCHARACTERS}]"

# A lead byte takes as many continuation bytes as it announces, or as there are.
_SEQUENCE = (
    rb"[\xc0-\xdf][\x80-\xbf]?|[\xe0-\xef][\x80-\xbf]{0,2}|[\xf0-\xf7][\x80-\xbf]{0,3}"
    rb"|[\xf8-\xfb][\x80-\xbf]{0,4}|[\xfc\xfd][\x80-\xbf]{0,5}|[\x80-\xff]"
)
_REPLACEMENT = "\ufffd".encode()

_ESCAPE = rb"(?s)\\(?:u(?:([0-9a-fA-F]{4})(?:\\u([0-9a-fA-F]{4}))?)?|([^u]))"
_SIMPLE_ESCAPES = {
    b'"': '"',
    b"'": "'",
    b"\\": "\\",
    b"/": "/",
    b"b": "\b",
    b"f": "\f",
    b"n": "\n",
    b"r": "\r",
    b"t": "\t",
}


def decode(raw: bytes) -> str | None:
    """The text that ``raw`` stands for, or ``None`` if any sequence in it is invalid."""
    if raw.isascii():
        return raw.decode("ascii")
    try:
        text = raw.replace(b"\xc0\x80", b"\0").decode()
    except UnicodeDecodeError:
        return None
    return None if re.search(_NONCHARACTER, text) else text


def decode_lossy(raw: bytes) -> str:
    """The text of ``raw`` up to a NUL, with U+FFFD for each invalid sequence: how QEMU quotes input."""
    raw = raw.partition(b"\0")[0]
    text = decode(raw)
    return re.sub(_SEQUENCE, _keep_if_valid, raw).decode() if text is None else text


def _keep_if_valid(sequence: re.Match[bytes]) -> bytes:
    text = decode(sequence[0])
    return _REPLACEMENT if text is None else text.encode()


def unquote(token: bytes) -> str:
    """The value of a complete string token, quotes included (qobject/json-parser.c).

    :raises QemuError: for the leftmost bad escape or invalid sequence.
    """
    end = len(token) - 1
    if b"\\" not in token:
        return _decode_run(token[1:end])
    match_escape = re.compile(_ESCAPE).match
    pieces = []
    start = 1
    while (backslash := token.find(b"\\", start, end)) >= 0:
        pieces.append(_decode_run(token[start:backslash]))
        escape = match_escape(token, backslash, end)
        assert escape is not None  # the lexer never ends a string within an escape
        character, start = _unescape(token, escape)
        pieces.append(character)
    pieces.append(_decode_run(token[start:end]))
    return "".join(pieces)


def _decode_run(raw: bytes) -> str:
    text = decode(raw)
    if text is None:
        raise errors.qmp.json_invalid_utf8()
    return text


def _unescape(token: bytes, escape: re.Match[bytes]) -> tuple[str, int]:
    """The character of one escape, and where the token goes on after it."""
    high, low, simple = escape.groups()
    if simple is not None:
        if simple not in _SIMPLE_ESCAPES:
            raise errors.qmp.json_invalid_escape()
        return _SIMPLE_ESCAPES[simple], escape.end()
    start = escape.start()
    code, end = (int(high, 16) if high else -1), start + 6
    if 0xD800 <= code <= 0xDBFF and low and 0xDC00 <= int(low, 16) <= 0xDFFF:
        code, end = 0x10000 + ((code & 0x3FF) << 10 | int(low, 16) & 0x3FF), start + 12
    if code < 0 or 0xD800 <= code <= 0xDFFF or re.match(_NONCHARACTER, chr(code)):
        raise errors.qmp.json_invalid_unicode(decode_lossy(token[start:end]))
    return chr(code), end
