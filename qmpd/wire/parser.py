"""Tokens to messages: the grammar and the limits of QEMU's JSON dialect.

Where a message ends is decided by counting braces and brackets (qobject/json-streamer.c); whether it is well formed, by
the grammar (qobject/json-parser.c). QEMU keeps the tokens and parses at the end. Here the value grows with each
token, and of a message already known to be bad nothing is kept but the counts; the answers are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import auto
from typing import Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.wire.lexer import Kind, Symbol, Token
from qmpd.wire.limits import INCOMPLETE, MAX_INTEGER, MAX_NESTING, MAX_TOKEN_SIZE, MAX_TOKENS, MIN_INTEGER
from qmpd.wire.text import decode_lossy, unquote

_MAX_INTEGER_DIGITS = 20


class _Expect(Symbol):
    """What comes next in a container."""

    FIRST_ITEM = auto()
    FIRST_KEY = auto()
    KEY = auto()
    COLON = auto()
    VALUE = auto()
    NEXT_ITEM = auto()
    NEXT_MEMBER = auto()
    NOTHING = auto()


# Where punctuation is due, and what it leads to. Where a value is due, anything that can begin one is.
_PUNCTUATION = {
    (_Expect.FIRST_ITEM, Kind.BRACKET_CLOSE): _Expect.NOTHING,
    (_Expect.FIRST_KEY, Kind.BRACE_CLOSE): _Expect.NOTHING,
    (_Expect.COLON, Kind.COLON): _Expect.VALUE,
    (_Expect.NEXT_ITEM, Kind.COMMA): _Expect.VALUE,
    (_Expect.NEXT_ITEM, Kind.BRACKET_CLOSE): _Expect.NOTHING,
    (_Expect.NEXT_MEMBER, Kind.COMMA): _Expect.KEY,
    (_Expect.NEXT_MEMBER, Kind.BRACE_CLOSE): _Expect.NOTHING,
}
_MISSING_PUNCTUATION = {
    _Expect.COLON: "missing : in object pair",
    _Expect.NEXT_ITEM: "expected separator in list",
    _Expect.NEXT_MEMBER: "expected separator in dict",
}

_WORDS = {b"true": True, b"false": False, b"null": None}


def _read_word(token: bytes) -> bool | None:
    if token not in _WORDS:
        raise errors.qmp.json_invalid_keyword(token.decode("ascii"))
    return _WORDS[token]


def _read_integer(token: bytes) -> int | float:
    """An integer that fits neither int64 nor uint64 becomes a double."""
    if len(token) <= _MAX_INTEGER_DIGITS:
        value = int(token)
        if MIN_INTEGER <= value <= MAX_INTEGER:
            return value
    return float(token)


_SCALARS: dict[Kind, Callable[[bytes], Any]] = {
    Kind.STRING: unquote,
    Kind.INTEGER: _read_integer,
    Kind.FLOAT: float,
    Kind.WORD: _read_word,
}


class _Frame:
    """A container that is still open."""

    __slots__ = ("container", "expect", "key")

    def __init__(self, container: dict[str, Any] | list[Any], expect: _Expect) -> None:
        self.container = container
        self.expect = expect
        self.key = ""


class _Builder:
    """The value of one message, token by token. The first error ends it; complaints come in QEMU's order."""

    def __init__(self) -> None:
        self.value: Any = None
        self._open: list[_Frame] = []

    def add(self, kind: Kind, text: bytes) -> None:
        """:raises QemuError: if the message cannot go on like this."""
        expect = self._open[-1].expect if self._open else _Expect.VALUE
        follows = _PUNCTUATION.get((expect, kind))
        if follows is _Expect.NOTHING:
            self._deliver(self._open.pop().container)
        elif follows is not None:
            self._open[-1].expect = follows
        elif expect in _MISSING_PUNCTUATION:
            raise errors.qmp.json_parse_error(_MISSING_PUNCTUATION[expect])
        elif kind in _SCALARS:
            self._deliver(_SCALARS[kind](text))
        elif kind is Kind.BRACE_OPEN:
            self._open.append(_Frame({}, _Expect.FIRST_KEY))
        elif kind is Kind.BRACKET_OPEN:
            self._open.append(_Frame([], _Expect.FIRST_ITEM))
        else:
            raise errors.qmp.json_parse_error("expecting value")

    def _deliver(self, value: Any) -> None:
        """Put a complete value where it belongs."""
        if not self._open:
            self.value = value
            return
        frame = self._open[-1]
        if isinstance(frame.container, list):
            frame.container.append(value)
            frame.expect = _Expect.NEXT_ITEM
        elif frame.expect is _Expect.VALUE:
            if frame.key in frame.container:
                raise errors.qmp.json_duplicate_key()
            frame.container[frame.key] = value
            frame.expect = _Expect.NEXT_MEMBER
        elif isinstance(value, str):
            frame.key = value
            frame.expect = _Expect.COLON
        else:
            raise errors.qmp.json_key_not_a_string()


class Parser:
    """Takes tokens; gives a message at the token that completes it."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._braces = 0
        self._brackets = 0
        self._tokens = 0
        self._size = 0
        self._builder: _Builder | None = _Builder()
        self._error: QemuError | None = None

    @property
    def at_rest(self) -> bool:
        """Whether the next token begins a message."""
        return self._tokens == 0

    def push(self, token: Token) -> object:
        """The message that ``token`` completes: a value, or a ``QemuError`` to answer. Else ``INCOMPLETE``."""
        kind, text = token
        if kind is Kind.STRAY:
            return self._end(errors.qmp.json_stray(decode_lossy(text)))
        self._count_nesting(kind)
        exceeded = self._exceeded_limit(len(text))
        if exceeded:
            return self._end(errors.qmp.json_limit_exceeded(exceeded))
        self._tokens += 1
        self._size += len(text)
        self._build(kind, text)
        if self._braces >= 0 and self._brackets >= 0 and (self._braces or self._brackets):
            return INCOMPLETE
        return self._end(self._error if self._builder is None else self._builder.value)

    def _count_nesting(self, kind: Kind) -> None:
        """Each kind of bracket for itself: whether they match is for the grammar to say."""
        if kind is Kind.BRACE_OPEN:
            self._braces += 1
        elif kind is Kind.BRACE_CLOSE:
            self._braces -= 1
        elif kind is Kind.BRACKET_OPEN:
            self._brackets += 1
        elif kind is Kind.BRACKET_CLOSE:
            self._brackets -= 1

    def _exceeded_limit(self, length: int) -> str | None:
        if self._size + length + 1 > MAX_TOKEN_SIZE:
            return "token size"
        if self._tokens + 1 > MAX_TOKENS:
            return "token count"
        if self._braces + self._brackets > MAX_NESTING:
            return "nesting depth"
        return None

    def _build(self, kind: Kind, text: bytes) -> None:
        if self._builder is None:
            return
        try:
            self._builder.add(kind, text)
        except QemuError as error:
            self._builder = None
            self._error = error

    def _end(self, message: object) -> object:
        self._begin()
        return message
