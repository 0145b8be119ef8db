"""Messages to bytes, each byte as QEMU would send it (qobject/json-writer.c, qobject/qjson.c, monitor/monitor.c).

JSON values are ``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``tuple``, ``dict`` and ``Frozen``. Members
are written in the order of QEMU's hash, which ``hashorder`` computes from the order of insertion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from operator import itemgetter
from typing import Any, Final

from qmpd.frozen import Frozen
from qmpd.hashorder import qdict_order
from qmpd.wire.text import NONCHARACTERS

_NEWLINE: Final = "\r\n"
_INDENT: Final = "    "


def encode_message(value: Any, pretty: bool = False) -> bytes:
    """``value`` as one message on the wire, with the CR LF that ends it."""
    if not pretty and type(value) is dict and Frozen in map(type, value.values()):
        return _around_frozen(value)
    return encode(value, pretty) + b"\r\n"


def _around_frozen(value: dict[str, Any]) -> bytes:
    """A compact message with bytes that are kept: a list of many devices should be copied once, not four times."""
    pieces: list[bytes] = []
    for key in qdict_order(value):
        member = value[key]
        pieces += [b", " if pieces else b"{", _encode_str(key).encode("ascii"), b": "]
        pieces.append(_frozen_bytes(member) if type(member) is Frozen else encode(member))
    pieces.append(b"}\r\n")
    return b"".join(pieces)


def encode(value: Any, pretty: bool = False) -> bytes:
    """``value`` in JSON, compact or as with QEMU's ``pretty=on``.

    :raises TypeError: for what is no JSON value.
    """
    try:
        text = _ENCODERS[type(value)](value)
    except (RecursionError, _TooLongError):
        text = _encode_deep(value)
    return (_indent(text) if pretty else text).encode("ascii")


# Scalars

# Patterns are compiled when they are first used: most replies are plain, and no start should wait for them.
_REPLACED = f"[\ud800-\udfff{NONCHARACTERS}]"
_ESCAPED = r"[^ -~]"
_SHORT_ESCAPES = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _encode_str(value: str) -> str:
    if value.isascii() and value.isprintable():
        return encode_basestring_ascii(value)
    text = re.sub(_REPLACED, "\ufffd", value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{re.sub(_ESCAPED, _escape, text)}"'


def _escape(character: re.Match[str]) -> str:
    code = ord(character[0])
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04X}\\u{0xDC00 + (code & 0x3FF):04X}"
    return _SHORT_ESCAPES.get(character[0]) or f"\\u{code:04X}"


def _encode_float(value: float) -> str:
    """C's ``%.17g``, infinities included, though they are not JSON."""
    return f"{value:.17g}"


def _encode_frozen(value: Frozen) -> str:
    return _frozen_bytes(value).decode("ascii")


def _frozen_bytes(value: Frozen) -> bytes:
    if value.encoded is None:
        value.encoded = encode(value.value)
    return value.encoded


# Containers: written recursively, which is quick but copies an item's text once for each level around it

_COPY_MAX: Final = 4 << 20  # characters


class _TooLongError(Exception):
    """A text of this length should not be copied from level to level."""


class _Layout:
    """How a dict with certain keys, inserted in a certain order, is written: a template and its values' order."""

    __slots__ = ("template", "values")

    def __init__(self, keys: tuple[str, ...]) -> None:
        order = qdict_order(keys)
        members = [_encode_str(key).replace("%", "%%") + ": %s" for key in order]
        self.template = "{" + ", ".join(members) + "}"
        self.values: Callable[[dict[str, Any]], tuple[Any, ...]] = (
            itemgetter(*order) if len(order) > 1 else lambda value: tuple(value.values())
        )


# Keys may come from a client (an ``id`` can be an object), so what is kept has to be bounded.
_layouts: dict[tuple[str, ...], _Layout] = {}
_LAYOUTS_MAX: Final = 1024
_TEMPLATE_MAX: Final = 1024  # characters


def _layout(keys: tuple[str, ...]) -> _Layout:
    layout = _Layout(keys)
    if len(layout.template) <= _TEMPLATE_MAX:
        if len(_layouts) >= _LAYOUTS_MAX:
            _layouts.clear()
        _layouts[keys] = layout
    return layout


def _encode_dict(value: dict[str, Any]) -> str:
    keys = tuple(value)
    layout = _layouts.get(keys) or _layout(keys)
    text = layout.template % tuple([_ENCODERS[type(member)](member) for member in layout.values(value)])
    if len(text) > _COPY_MAX:
        raise _TooLongError
    return text


def _encode_list(value: list[Any] | tuple[Any, ...]) -> str:
    text = f"[{', '.join([_ENCODERS[type(item)](item) for item in value])}]"
    if len(text) > _COPY_MAX:
        raise _TooLongError
    return text


class _Encoders(dict[type, Callable[[Any], str]]):
    """By exact type; a subclass (an enum's member, say) is written as the type it is derived from."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        for base in kind.__mro__:
            if base in self:
                self[kind] = self[base]
                return self[base]
        raise TypeError(f"{kind.__name__} is not a JSON value")


_ENCODERS = _Encoders(
    {
        type(None): lambda _: "null",
        bool: lambda value: "true" if value else "false",
        int: int.__repr__,
        float: _encode_float,
        str: _encode_str,
        dict: _encode_dict,
        list: _encode_list,
        tuple: _encode_list,
        Frozen: _encode_frozen,
    }
)


# Values too deep or too long for that: a client may send an ``id`` of 1023 levels and 64 MiB


def _encode_deep(value: Any) -> str:
    """The same text without recursion, and each part of it copied once."""
    pieces: list[str] = []
    # What is still to be written, last first: text, or a list with one value in it.
    todo: list[str | list[Any]] = [[value]]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item[0], dict):
            todo.extend(reversed(_spread_dict(item[0])))
        elif isinstance(item[0], list | tuple):
            todo.extend(reversed(_spread_list(item[0])))
        else:
            pieces.append(_ENCODERS[type(item[0])](item[0]))
    return "".join(pieces)


def _spread_dict(value: dict[str, Any]) -> list[str | list[Any]]:
    parts: list[str | list[Any]] = []
    for key in qdict_order(value):
        parts += [", " if parts else "{", f"{_encode_str(key)}: ", [value[key]]]
    return [*parts, "}"] if parts else ["{}"]


def _spread_list(value: list[Any] | tuple[Any, ...]) -> list[str | list[Any]]:
    parts: list[str | list[Any]] = []
    for item in value:
        parts += [", " if parts else "[", [item]]
    return [*parts, "]"] if parts else ["[]"]


# Pretty form

_STRUCTURE = r'"(?:[^"\\]|\\.)*+"|\{\}|\[\]|[\[\]{}]|, '


def _indent(text: str) -> str:
    """Compact JSON spread over lines: four spaces per level, and an empty container takes two lines."""
    depth = 0

    def spread(part: re.Match[str]) -> str:
        nonlocal depth
        token = part[0]
        if token[0] == '"':
            return token
        if token in ("{}", "[]"):
            return f"{token[0]}{_NEWLINE}{_INDENT * depth}{token[1]}"
        if token == ", ":
            return f",{_NEWLINE}{_INDENT * depth}"
        if token in "{[":
            depth += 1
            return f"{token}{_NEWLINE}{_INDENT * depth}"
        depth -= 1
        return f"{_NEWLINE}{_INDENT * depth}{token}"

    return re.sub(_STRUCTURE, spread, text)
