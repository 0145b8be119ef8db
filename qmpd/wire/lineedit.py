"""A line of the human monitor as it is typed: keys in, what a terminal shows out (util/readline.c). No I/O.

The terminal is told little: how to go left and right, and to clear what is right of the cursor. A change of the text
has the whole line written again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from qmpd.named import NamedTuple

LINE_MAX: Final = 4095  # bytes
HISTORY_MAX: Final = 64  # lines
_WIDTH: Final = 80  # columns of a terminal, for lists

_LEFT, _RIGHT, _CLEAR_RIGHT, _CLEAR_SCREEN = b"\x1b[D", b"\x1b[C", b"\x1b[K", b"\x1b[2J\x1b[1;1H"
_BLANKS: Final = b" \t\n\v\f\r"


class Completions(NamedTuple):
    """What the word before the cursor, of which ``typed`` bytes stand there, may be."""

    typed: int
    words: list[bytes]


Complete = Callable[[bytes], Completions]
"""From the line up to the cursor."""


class _State(Enum):
    NORMAL = auto()
    ESCAPE = auto()
    CSI = auto()
    SS3 = auto()


class LineEditor:
    """What is shown goes to ``show``. The history lives as long as the editor, while terminals come and go."""

    def __init__(self, prompt: bytes) -> None:
        self.show: Callable[[bytes], object] = lambda text: None
        self.complete: Complete = lambda start: Completions(0, [])
        self._prompt = prompt
        self._history: list[bytes] = []
        self._recalled: int | None = None
        self._state = _State.NORMAL
        self._number = 0
        self._text = bytearray()
        self._cursor = 0
        self._shown = b""
        self._shown_cursor = 0

    def start(self) -> None:
        """Ask for a new line."""
        self._text.clear()
        self._cursor = 0
        self._show_prompt()

    def _show_prompt(self) -> None:
        self.show(self._prompt)
        self._state = _State.NORMAL
        self._forget_shown()

    def _forget_shown(self) -> None:
        self._shown, self._shown_cursor = b"", 0

    def feed(self, key: int) -> bytes | None:
        """Take one byte. The result is the line, once it is complete."""
        line = None
        if self._state is _State.NORMAL and key in b"\r\n":
            line = self._finish()
        else:
            _STATES[self._state](self, key)
        self._update()
        return line

    def _finish(self) -> bytes:
        line = bytes(self._text)
        self._remember(line)
        self.show(b"\r\n")
        self._text.clear()
        self._cursor = 0
        self._forget_shown()
        return line

    def _update(self) -> None:
        """Show what has changed."""
        if self._text != self._shown:
            self.show(_LEFT * self._shown_cursor + bytes(self._text) + _CLEAR_RIGHT)
            self._shown, self._shown_cursor = bytes(self._text), len(self._text)
        distance = self._cursor - self._shown_cursor
        if distance:
            self.show((_RIGHT if distance > 0 else _LEFT) * abs(distance))
            self._shown_cursor = self._cursor

    # Keys

    def _plain(self, key: int) -> None:
        if key in _KEYS:
            _KEYS[key](self)
        elif key >= 32:
            self._insert(bytes([key]))

    def _after_escape(self, key: int) -> None:
        self._state = {ord("["): _State.CSI, ord("O"): _State.SS3}.get(key, _State.NORMAL)
        self._number = 0

    def _csi(self, key: int) -> None:
        if key in b"0123456789":
            self._number = self._number * 10 + key - ord("0")
            return
        self._state = _State.NORMAL
        act = _NUMBERED.get(self._number) if key == ord("~") else _CSI_KEYS.get(key)
        if act is not None:
            act(self)

    def _ss3(self, key: int) -> None:
        self._state = _State.NORMAL
        if key in _SS3_KEYS:
            _SS3_KEYS[key](self)

    def _enter_escape(self) -> None:
        self._state = _State.ESCAPE

    def _enter_csi(self) -> None:
        self._state = _State.CSI

    # Editing

    def _insert(self, text: bytes) -> None:
        text = text[: LINE_MAX - len(self._text)]
        self._text[self._cursor : self._cursor] = text
        self._cursor += len(text)

    def _remove(self, start: int, end: int) -> None:
        del self._text[start:end]
        self._cursor = start

    def _to_start(self) -> None:
        self._cursor = 0

    def _to_end(self) -> None:
        self._cursor = len(self._text)

    def _left(self) -> None:
        self._cursor = max(self._cursor - 1, 0)

    def _right(self) -> None:
        self._cursor = min(self._cursor + 1, len(self._text))

    def _delete(self) -> None:
        self._remove(self._cursor, self._cursor + 1)

    def _backspace(self) -> None:
        self._remove(max(self._cursor - 1, 0), self._cursor)

    def _kill_line(self) -> None:
        self._remove(0, self._cursor)

    def _kill_word(self) -> None:
        words = bytes(self._text[: self._cursor]).rstrip(_BLANKS)
        # a blank at the very start is part of the first word
        start = max(words.rfind(bytes([blank]), 1) for blank in _BLANKS) + 1
        self._remove(start, self._cursor)

    def _clear_screen(self) -> None:
        self.show(_CLEAR_SCREEN)
        self._show_prompt()

    # History

    def _remember(self, line: bytes) -> None:
        if not line:
            return
        self._recalled = None
        if line in self._history:
            self._history.remove(line)
        self._history.append(line)
        del self._history[:-HISTORY_MAX]

    def _older(self) -> None:
        position = len(self._history) if self._recalled is None else self._recalled
        if position > 0:
            self._recall(position - 1)

    def _newer(self) -> None:
        if self._recalled is not None:
            self._recall(self._recalled + 1)

    def _recall(self, position: int) -> None:
        known = position < len(self._history)
        self._recalled = position if known else None
        self._text[:] = self._history[position] if known else b""
        self._cursor = len(self._text)

    # Completion

    def _tab(self) -> None:
        typed, found = self.complete(bytes(self._text[: self._cursor]))
        words = sorted(set(found))
        if len(words) == 1:
            self._insert(words[0][typed:])
            if not words[0].endswith(b"/"):
                self._insert(b" ")
        elif words:
            self.show(b"\r\n")
            self._insert(_common_start(words)[typed:])
            self._list(words)
            self._show_prompt()

    def _list(self, words: list[bytes]) -> None:
        width = min(max(max(map(len, words)) + 2, 10), _WIDTH)
        columns = _WIDTH // width
        for start in range(0, len(words), columns):
            row = words[start : start + columns]
            self.show(b"".join(word.ljust(width) for word in row) + b"\r\n")


def _common_start(words: list[bytes]) -> bytes:
    """Of sorted words, what the first and the last share."""
    first, last = words[0], words[-1]
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]


_Act = Callable[[LineEditor], None]

_KEYS: Final[dict[int, _Act]] = {
    1: LineEditor._to_start,
    4: LineEditor._delete,
    5: LineEditor._to_end,
    8: LineEditor._backspace,
    9: LineEditor._tab,
    12: LineEditor._clear_screen,
    14: LineEditor._newer,
    16: LineEditor._older,
    21: LineEditor._kill_line,
    23: LineEditor._kill_word,
    27: LineEditor._enter_escape,
    127: LineEditor._backspace,
    155: LineEditor._enter_csi,
}
_CSI_KEYS: Final[dict[int, _Act]] = {
    ord("A"): LineEditor._older,
    ord("B"): LineEditor._newer,
    ord("C"): LineEditor._right,
    ord("D"): LineEditor._left,
    ord("E"): LineEditor._newer,
    ord("F"): LineEditor._older,
}
_NUMBERED: Final[dict[int, _Act]] = {
    1: LineEditor._to_start,
    3: LineEditor._delete,
    4: LineEditor._to_end,
}
_SS3_KEYS: Final[dict[int, _Act]] = {ord("F"): LineEditor._to_end, ord("H"): LineEditor._to_start}

_STATES: Final[dict[_State, Callable[[LineEditor, int], None]]] = {
    _State.NORMAL: LineEditor._plain,
    _State.ESCAPE: LineEditor._after_escape,
    _State.CSI: LineEditor._csi,
    _State.SS3: LineEditor._ss3,
}
