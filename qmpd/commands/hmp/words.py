"""Words of a command line and the blanks between, as the human monitor takes them (monitor/hmp.c)."""

from __future__ import annotations

import re
from typing import Final

BLANKS: Final = " \t\n\v\f\r"
_COMMAND = re.compile(r"[^/ \t\n\v\f\r]*")
_BARE = re.compile(r"[^ \t\n\v\f\r]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_COMMAND_BYTES = 255
_WORD_BYTES = 1023
_MOST_WORDS = 16


class NoWord(ValueError):
    """The line ends, or holds a quoted string that does not end or has an unknown escape."""


def skip_blanks(text: str, start: int) -> int:
    """Where the next word begins, or the line ends."""
    while start < len(text) and text[start] in BLANKS:
        start += 1
    return start


def command_word(text: str, start: int) -> tuple[str, int]:
    """The name of a command at ``start`` and where it ends: at a blank or a slash."""
    found = _COMMAND.match(text, start)
    assert found is not None
    return _fit(found[0], _COMMAND_BYTES), found.end()


def read_word(text: str, start: int) -> tuple[str, int]:
    """The next word, or string in double quotes, and where it ends. :raise NoWord:"""
    start = skip_blanks(text, start)
    if start == len(text):
        raise NoWord
    if text[start] != '"':
        found = _BARE.match(text, start)
        assert found is not None
        return _fit(found[0], _WORD_BYTES), found.end()
    found = _QUOTED.match(text, start)
    if found is None or any(letter not in _ESCAPED for letter in _ESCAPE.findall(found[1])):
        raise NoWord
    return _fit(_ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], found[1]), _WORD_BYTES), found.end()


def _fit(word: str, size: int) -> str:
    """QEMU reads into a buffer of so many bytes, and drops the rest."""
    return word if len(word) * 4 <= size else word.encode()[:size].decode(errors="replace")


def split_words(line: str) -> list[str]:
    """All words of a line. :raise NoWord: also when there are too many."""
    words: list[str] = []
    position = skip_blanks(line, 0)
    while position < len(line):
        if len(words) == _MOST_WORDS:
            raise NoWord
        word, position = read_word(line, position)
        words.append(word)
        position = skip_blanks(line, position)
    return words
