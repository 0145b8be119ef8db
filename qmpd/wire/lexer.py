"""Bytes to tokens: the lexical half of QEMU's JSON dialect (qobject/json-lexer.c).

A finite automaton, written down as one table: what each state does with each byte. Runs of bytes that leave a
state unchanged are taken in one step by a compiled pattern, so that the work is linear in the input however it is
cut into chunks. What tokens mean, and every limit but that of a single unfinished token, is in ``parser``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from functools import cached_property

from qmpd.named import NamedTuple
from qmpd.wire.limits import MAX_TOKEN_SIZE


class Symbol(Enum):
    """A member is itself and nothing else. (The hash of a plain ``Enum`` is computed in Python, each time.)"""

    __hash__ = object.__hash__


class Kind(Symbol):
    """What a token is. ``STRAY`` is a lexical error, ``OVERSIZE`` the beginning of a token that is too long."""

    BRACE_OPEN = auto()
    BRACE_CLOSE = auto()
    BRACKET_OPEN = auto()
    BRACKET_CLOSE = auto()
    COLON = auto()
    COMMA = auto()
    STRING = auto()
    INTEGER = auto()
    FLOAT = auto()
    WORD = auto()
    STRAY = auto()
    OVERSIZE = auto()


class State(Symbol):
    """Where the automaton stands between two bytes."""

    START = auto()
    """Between tokens."""
    RECOVERY = auto()
    """After a lexical error: skipping to something that looks like a fresh start."""
    DOUBLE_QUOTED = auto()
    DOUBLE_QUOTED_ESCAPE = auto()
    SINGLE_QUOTED = auto()
    SINGLE_QUOTED_ESCAPE = auto()
    SIGN = auto()
    ZERO = auto()
    DIGITS = auto()
    POINT = auto()
    FRACTION = auto()
    E = auto()
    E_SIGN = auto()
    EXPONENT = auto()
    WORD = auto()


class Token(NamedTuple):
    """``text`` is the token's bytes; for ``STRAY`` those so far, with the offending one."""

    kind: Kind
    text: bytes


class _End(NamedTuple):
    """A token ends here; the byte belongs to it if ``inclusive``, otherwise to what follows."""

    kind: Kind
    inclusive: bool


class _Again(NamedTuple):
    """The byte is looked at again in another state."""

    state: State


class _Stray(Enum):
    """No token goes on like this."""

    STRAY = auto()


_Step = State | _End | _Again | _Stray


def _including(kind: Kind) -> _End:
    return _End(kind, inclusive=True)


def _before(kind: Kind) -> _End:
    return _End(kind, inclusive=False)


_ANY = bytes(range(0x100))
_STRING_BYTES = bytes(range(0x20, 0xFE))
_DIGIT = b"0123456789"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_RESTART = b"{}[]:,\xfe\xff" + bytes(set(range(0x20)) - {0x09})

# For each state the bytes it knows; a later line overrides an earlier one, and any other byte is stray.
_RULES: dict[State, list[tuple[bytes, _Step]]] = {
    State.START: [
        (b" \t\r\n", State.START),
        (b"{", _including(Kind.BRACE_OPEN)),
        (b"}", _including(Kind.BRACE_CLOSE)),
        (b"[", _including(Kind.BRACKET_OPEN)),
        (b"]", _including(Kind.BRACKET_CLOSE)),
        (b":", _including(Kind.COLON)),
        (b",", _including(Kind.COMMA)),
        (b'"', State.DOUBLE_QUOTED),
        (b"'", State.SINGLE_QUOTED),
        (b"-", State.SIGN),
        (b"0", State.ZERO),
        (b"123456789", State.DIGITS),
        (_LOWER, State.WORD),
    ],
    State.RECOVERY: [(_ANY, State.RECOVERY), (_RESTART, _Again(State.START))],
    State.DOUBLE_QUOTED: [
        (_STRING_BYTES, State.DOUBLE_QUOTED),
        (b"\\", State.DOUBLE_QUOTED_ESCAPE),
        (b'"', _including(Kind.STRING)),
    ],
    State.DOUBLE_QUOTED_ESCAPE: [(_STRING_BYTES, State.DOUBLE_QUOTED)],
    State.SINGLE_QUOTED: [
        (_STRING_BYTES, State.SINGLE_QUOTED),
        (b"\\", State.SINGLE_QUOTED_ESCAPE),
        (b"'", _including(Kind.STRING)),
    ],
    State.SINGLE_QUOTED_ESCAPE: [(_STRING_BYTES, State.SINGLE_QUOTED)],
    State.SIGN: [(b"0", State.ZERO), (b"123456789", State.DIGITS)],
    # No exponent after a lone zero: QEMU ends the token there, and the "e" becomes a word.
    State.ZERO: [(_ANY, _before(Kind.INTEGER)), (_DIGIT, _Stray.STRAY), (b".", State.POINT)],
    State.DIGITS: [(_ANY, _before(Kind.INTEGER)), (_DIGIT, State.DIGITS), (b".", State.POINT), (b"eE", State.E)],
    State.POINT: [(_DIGIT, State.FRACTION)],
    State.FRACTION: [(_ANY, _before(Kind.FLOAT)), (_DIGIT, State.FRACTION), (b"eE", State.E)],
    State.E: [(b"+-", State.E_SIGN), (_DIGIT, State.EXPONENT)],
    State.E_SIGN: [(_DIGIT, State.EXPONENT)],
    State.EXPONENT: [(_ANY, _before(Kind.FLOAT)), (_DIGIT, State.EXPONENT)],
    State.WORD: [(_ANY, _before(Kind.WORD)), (_LOWER, State.WORD)],
}
# What leaves a state as it is, as many bytes as there are; whole escapes count as part of a string.
_PLAIN = rb"\\\x00-\x1f\xfe\xff"
_NOTHING = rb""
_RUNS: dict[State, bytes] = {
    State.START: rb"[ \t\r\n]*+",
    State.RECOVERY: rb"[^{}\[\]:,\x00-\x08\x0a-\x1f\xfe\xff]*+",
    State.DOUBLE_QUOTED: rb'[^"%b]*+(?:\\[\x20-\xfd][^"%b]*+)*+' % (_PLAIN, _PLAIN),
    State.SINGLE_QUOTED: rb"[^'%b]*+(?:\\[\x20-\xfd][^'%b]*+)*+" % (_PLAIN, _PLAIN),
    State.DIGITS: rb"[0-9]*+",
    State.FRACTION: rb"[0-9]*+",
    State.EXPONENT: rb"[0-9]*+",
    State.WORD: rb"[a-z]*+",
}


class _Node:
    """A state, linked to the next ones: ``steps`` has another node, an ending or ``None`` (stray) for each byte."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.steps: list[_Node | _End | _Again | None] = [None] * 256

    @cached_property
    def run(self) -> Callable[[bytes, int], re.Match[bytes] | None]:
        """Matches the run at a position. Compiled when first needed: that is a good part of our start-up time."""
        return re.compile(_RUNS.get(self.state, _NOTHING)).match


def _link() -> dict[State, _Node]:
    nodes = {state: _Node(state) for state in State}
    for state, rules in _RULES.items():
        for known, step in rules:
            target = nodes[step] if isinstance(step, State) else None if isinstance(step, _Stray) else step
            for byte in known:
                nodes[state].steps[byte] = target
    return nodes


_NODES = _link()
_START = _NODES[State.START]
_RECOVERY = _NODES[State.RECOVERY]


class Lexer:
    """Cuts chunks of bytes into tokens; one chunk at a time. ``position`` is how far it has read."""

    def __init__(self) -> None:
        self.position = 0
        self._chunk = b""
        self._node = _START
        self._begun = bytearray()

    @property
    def at_rest(self) -> bool:
        """Whether the next byte begins something new."""
        return self._node is _START

    def feed(self, chunk: bytes, position: int = 0) -> None:
        """Read ``chunk`` next, from ``position`` on; the one before must be used up if a token has begun in it."""
        assert not self._begun or self.position == len(self._chunk)
        self._chunk = chunk
        self.position = position

    def next_token(self) -> Token | None:
        """The next token, or ``None`` when the chunk is used up."""
        chunk, node, begin = self._chunk, self._node, self.position
        end = begin
        while True:
            run = node.run(chunk, end)
            assert run is not None  # every run may be empty
            end = run.end()
            if node is _START or node is _RECOVERY:
                begin = end
            elif end - begin + len(self._begun) > MAX_TOKEN_SIZE:
                end = begin + MAX_TOKEN_SIZE + 1 - len(self._begun)
                return self._finish(Kind.OVERSIZE, begin, end, _START)
            if end == len(chunk):
                self._begun += chunk[begin:end]
                self._node, self.position = node, end
                return None
            step = node.steps[chunk[end]]
            if isinstance(step, _Node):
                node = step
                end += 1
            elif step is None:
                return self._finish(Kind.STRAY, begin, end + 1, _RECOVERY)
            elif isinstance(step, _End):
                return self._finish(step.kind, begin, end + step.inclusive, _START)
            else:
                node = _NODES[step.state]

    def _finish(self, kind: Kind, begin: int, end: int, node: _Node) -> Token:
        """A token ends before ``end``."""
        text = self._chunk[begin:end]
        if self._begun:
            self._begun += text
            text = bytes(self._begun)
            self._begun = bytearray()
        self._node, self.position = node, end
        return Token(kind, text)
