"""A command's arguments in the human monitor: read from the line as ``table`` says (monitor/hmp.c)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from qmpd import errors
from qmpd.commands.hmp.expressions import BadExpression, evaluate, wrapped
from qmpd.commands.hmp.words import BLANKS, NoWord, read_word, skip_blanks
from qmpd.options import numbers

_MIB: Final = 1 << 20
_SIZE = re.compile(r"(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[bBkKmMgGtTpPeE]?")
_FORMAT = re.compile(r"/(?P<count>[0-9]*)(?P<letters>[oduxicbhwgL]*)")
_SIZE_LETTERS: Final = {"b": 1, "h": 2, "w": 4, "g": 8, "L": 8}


class BadArguments(ValueError):
    """What QEMU prints above its advice to ask for help; may be nothing."""


@dataclass(slots=True)
class Format:
    """How memory and numbers are shown; a command that does not say takes over what the last one said."""

    letter: str = "x"
    size: int = 4


def _bytes(text: str) -> int:
    is_hexadecimal = text[:2] in ("0x", "0X")
    size = numbers.parse_size(text if is_hexadecimal or text[-1:].isalpha() else f"{text}M") << 20 * is_hexadecimal
    if size > numbers.U64_MAX:
        raise numbers.OutOfRangeError
    return size


class Reader:
    """Reads one line's arguments for the command ``name`` (with its aliases), from ``position`` on."""

    def __init__(self, name: str, text: str, position: int, last_format: Format) -> None:
        self.name = name
        self.text = text
        self.position = position
        self.last_format = last_format
        self.values: dict[str, Any] = {}

    def read(self, types: str) -> dict[str, Any]:
        """The arguments by name. :raise BadArguments:"""
        while types:
            argument, _, types = types.partition(" ")
            key, _, kind = argument.rpartition(":")
            if kind.startswith("-"):
                self._flag(key, kind, types)
            else:
                self._value(key, kind)
        if not self._at_end():
            raise BadArguments(errors.hmp.hmp_extraneous_characters(self.name))
        return self.values

    def _at_end(self) -> bool:
        self.position = skip_blanks(self.text, self.position)
        return self.position == len(self.text)

    def _value(self, key: str, kind: str) -> None:
        if self._at_end() and kind.endswith("?"):
            return
        if kind.endswith("."):
            if not self.text.startswith(".", self.position):
                return
            self.position += 1
        value = _READERS[kind[0]](self)
        if value is not None:
            self.values[key] = value

    def _flag(self, key: str, kind: str, later: str) -> None:
        start = self.position
        if self._at_end() or self.text[self.position] != "-":
            return
        letter = self.text[self.position + 1 : self.position + 2]
        if letter != kind[1]:
            if f"-{letter}" not in later:  # QEMU looks no closer, and takes the name of an argument for a flag too
                raise BadArguments(errors.hmp.hmp_option_unsupported(self.name, letter))
            self.position = start
            return
        self.position += 2
        self.values[key] = True
        if kind[2:] == "s":
            try:
                self.values[key], self.position = read_word(self.text, self.position)
            except NoWord:
                raise BadArguments(errors.hmp.hmp_option_lacks_value(self.name, letter)) from None

    def word(self, expected: str = "string") -> str:
        try:
            word, self.position = read_word(self.text, self.position)
        except NoWord:
            raise BadArguments(errors.hmp.hmp_expected(self.name, expected)) from None
        return word

    def rest(self) -> str:
        if self._at_end():
            raise BadArguments(errors.hmp.hmp_expected(self.name, "string"))
        rest, self.position = self.text[self.position :], len(self.text)
        return rest

    def options(self) -> str | None:
        """An option string, unread; a bad one is refused without a word."""
        if self._at_end():
            return None
        try:
            options, self.position = read_word(self.text, self.position)
        except NoWord:
            raise BadArguments("") from None
        return options

    def number(self) -> int:
        try:
            number, self.position = evaluate(self.text, self.position)
        except BadExpression as error:
            raise BadArguments(str(error)) from None
        return number

    def number_of_32_bits(self) -> int:
        number = self.number()
        if number >> 32:
            raise BadArguments(errors.hmp.hmp_number_too_wide(self.name))
        return number

    def mebibytes(self) -> int:
        number = self.number()
        if number < 0:
            raise BadArguments(errors.hmp.hmp_number_negative())
        return wrapped(number * _MIB)

    def size(self) -> int:
        """Bytes, from a number of MiB unless it says otherwise."""
        found = _SIZE.match(self.text, self.position)
        try:
            size = _bytes(found[0] if found is not None else "")
        except ValueError:
            raise BadArguments(errors.hmp.hmp_size_invalid()) from None
        assert found is not None
        self.position = found.end()
        return size

    def truth(self) -> bool:
        start = self.position
        while self.position < len(self.text) and "!" <= self.text[self.position] <= "~":
            self.position += 1
        word = self.text[start : self.position]
        if word not in ("on", "off"):
            raise BadArguments(errors.hmp.hmp_on_or_off_expected())
        return word == "on"

    def format(self) -> tuple[int, str, int | None]:
        """Count, letter and size in bytes; no size for instructions."""
        last = self.last_format
        found = _FORMAT.match(self.text, self.position)
        if found is None:
            return 1, last.letter, None if last.letter == "i" else last.size
        self.position = found.end()
        if self.position < len(self.text) and self.text[self.position] not in BLANKS:
            raise BadArguments(errors.hmp.hmp_format_character(self.text[self.position]))
        size = letter = None
        for character in found["letters"]:
            if character in _SIZE_LETTERS:
                size = _SIZE_LETTERS[character]
            else:
                letter = character
        last.letter = letter or last.letter
        if last.letter != "i":
            last.size = size = size or last.size
        return int(found["count"] or 1), last.letter, size


_READERS: Final[dict[str, Callable[[Reader], Any]]] = {
    "s": Reader.word,
    "F": lambda reader: reader.word("filename"),
    "B": lambda reader: reader.word("block device name"),
    "S": Reader.rest,
    "O": Reader.options,
    "i": Reader.number_of_32_bits,
    "l": Reader.number,
    "M": Reader.mebibytes,
    "o": Reader.size,
    "b": Reader.truth,
    "/": Reader.format,
}
