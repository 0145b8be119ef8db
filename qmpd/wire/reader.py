"""Bytes to messages, however the bytes are cut: the whole of reading QMP.

Two ways lead to the same messages. The exact one, ``lexer`` and ``parser``, knows QEMU's dialect and all its errors.
The quick one hands a complete object in plain JSON to the standard library's scanner, which is many times faster; on
any doubt it gives up and the exact one reads the same bytes again. After one doubt the rest of that chunk is read the
exact way, so that no byte is looked at more than twice.
"""

from __future__ import annotations

import re
from collections import deque
from json import JSONDecoder
from typing import Any, Final

from qmpd.wire.limits import INCOMPLETE, MAX_INTEGER, MAX_NESTING, MIN_INTEGER

_WHITE_SPACE = re.compile(r"[ \t\r\n]*")
# Neither the tokens nor the bytes in a message this long can exceed QEMU's limits.
_QUICK_MAX: Final = 1 << 20


class _DoubtError(ValueError):
    """The standard library might read this in another way than QEMU."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise _DoubtError
    return result


def _integer(digits: str) -> int:
    value = int(digits)
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise _DoubtError


def _float(digits: str) -> float:
    if digits.lstrip("-").startswith(("0e", "0E")):  # two tokens to QEMU
        raise _DoubtError
    return float(digits)


def _constant(_: str) -> Any:
    """NaN and the infinities, which only Python knows."""
    raise _DoubtError


_scan = JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
).raw_decode


class _Exact:
    """The exact way: one message at most from what it is given, and how far that goes."""

    def __init__(self) -> None:
        from qmpd.wire.lexer import Lexer  # a client that speaks plain JSON never needs them
        from qmpd.wire.parser import Parser

        self._lexer = Lexer()
        self._parser = Parser()

    @property
    def at_rest(self) -> bool:
        """Whether the next byte begins a message, or is between two."""
        return self._lexer.at_rest and self._parser.at_rest

    def read(self, chunk: bytes, position: int) -> tuple[object, int]:
        """The message that ends in ``chunk`` at or after ``position``, or ``INCOMPLETE``; and where to read on."""
        self._lexer.feed(chunk, position)
        while (token := self._lexer.next_token()) is not None:
            message = self._parser.push(token)
            if message is not INCOMPLETE:
                return message, self._lexer.position
        return INCOMPLETE, len(chunk)


class JSONReader:
    """What one client sends, as a sequence of messages.

    Memory is bounded as QEMU's is: a half-sent message by the limits of ``parser``, and besides it only what was fed
    and not yet asked for.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._chunk = b""
        self._position = 0
        self._plain: str | None = None
        self._exact: _Exact | None = None

    def feed(self, data: bytes) -> None:
        """More bytes from the client. Nothing is read before ``next_message`` asks."""
        if data:
            self._waiting.append(data)

    def next_message(self) -> object:
        """The next message: a JSON value, or a ``QemuError`` that is the answer to it. ``INCOMPLETE`` if there is none.

        Integers within int64 or uint64 are ``int``; every other number is ``float``.
        """
        while True:
            if self._position == len(self._chunk):
                if not self._waiting:
                    return INCOMPLETE
                self._load(self._waiting.popleft())
            if self._plain is not None and (self._exact is None or self._exact.at_rest):
                request = self._read_quickly(self._plain)
                if request is not None:
                    return request
            if self._exact is None:
                self._exact = _Exact()
            message, self._position = self._exact.read(self._chunk, self._position)
            if message is not INCOMPLETE:
                return message

    def _load(self, chunk: bytes) -> None:
        self._chunk, self._position = chunk, 0
        # Outside these two, strings mean the same to both readers, or one of them refuses.
        plain = chunk.isascii() and b"\\u" not in chunk
        self._plain = chunk.decode("ascii") if plain else None

    def _read_quickly(self, text: str) -> dict[str, Any] | None:
        """The object at the position, or ``None``: none there, or doubt."""
        start = _skip_white_space(text, self._position)
        if not text.startswith("{", start):
            return None
        try:
            message, end = _scan(text, start)
            _check_limits(text, start, end)
        except (ValueError, RecursionError):
            self._plain = None
            return None
        self._position = _skip_white_space(text, end)
        return message  # type: ignore[no-any-return]  # it begins with a brace


def _skip_white_space(text: str, start: int) -> int:
    if text.startswith("{", start):  # as good as always
        return start
    space = _WHITE_SPACE.match(text, start)
    assert space is not None  # it may be empty
    return space.end()


def _check_limits(text: str, start: int, end: int) -> None:
    if end - start <= 2 * MAX_NESTING:
        return
    if end - start > _QUICK_MAX or text.count("{", start, end) + text.count("[", start, end) > MAX_NESTING:
        raise _DoubtError
