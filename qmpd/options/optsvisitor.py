"""QAPI structs from the older option grammar: how QEMU reads ``-numa`` and ``-object`` (qapi/opts-visitor.c).

A member given twice counts once, by its last value, unless it is a list, which is all of its values; numbers of a list
may be ranges. Members of nested structs and of unions stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from qmpd import errors
from qmpd.hashorder import GHashOrder
from qmpd.options import numbers
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.options.qemuopts import Opts
from qmpd.options.structs import Alternate, Kind, ListOf, Struct
from qmpd.options.values import BOOLEANS, NARROW, ON_OFF, within

_RANGE_MAX: Final = 65536


def read(opts: Opts, struct: Struct) -> dict[str, Any]:
    """The members of ``opts``, checked. Raises QemuError."""
    given: dict[str, list[str]] = {}
    for name, value in opts.pairs:
        given.setdefault(name, []).append(value)
    if opts.id is not None:
        given["id"] = [opts.id]
    seen: dict[str, Any] = {}
    chosen: Struct | None = struct
    while chosen is not None:
        _read_members(given, chosen, seen)
        chosen = chosen.branch(seen[chosen.tag]) if chosen.branch else None
    left = GHashOrder(given)
    for name in seen:
        left.remove(name)
    for name in left:
        raise errors.options.invalid_parameter(name)
    return seen


def _read_members(given: dict[str, list[str]], struct: Struct, seen: dict[str, Any]) -> None:
    for name, kind, required in struct.members:
        if name in given:
            seen[name] = _read(given[name], kind, name)
        elif required:
            raise errors.missing_parameter(name)


def _read(texts: list[str], kind: Kind, name: str) -> Any:
    if isinstance(kind, ListOf):
        return [element for text in texts for element in _read_elements(text, kind.element, name)]
    if isinstance(kind, (Struct, Alternate)):
        raise errors.options.invalid_parameter(name)
    text = texts[-1]
    if isinstance(kind, tuple):
        if text in kind:
            return text
        raise errors.enum_value_unknown(name, text)
    if kind in _SCALARS:
        return _SCALARS[kind](text, name)
    return _within(_read_integers(text, kind, name, ranges=False)[0], kind, name)


def _read_elements(text: str, kind: Kind, name: str) -> Iterable[Any]:
    if isinstance(kind, Struct):  # one with a single member, as the lists of -netdev have
        return ({member: _read([text], inner, name) for member, inner, _ in kind.members},)
    if not isinstance(kind, str) or kind in _SCALARS:
        return (_read([text], kind, name),)
    return [_within(number, kind, "null") for number in _read_integers(text, kind, name, ranges=True)]


def _within(number: int, kind: str, name: str) -> int:
    return within(number, name, kind) if kind in NARROW else number


def _read_integers(text: str, kind: str, name: str, ranges: bool) -> Sequence[int]:
    """The number in ``text``, or all numbers of a range ``first-last``. A minus sign is no part of an unsigned one."""
    scan, word = (numbers.scan_uint64, "a uint64 value") if kind[0] == "u" else (numbers.scan_int64, "an int64 value")
    try:
        first, end = scan(text)
        last = first
        if ranges and text.startswith("-", end):
            last, end = scan(text, end + 1)
    except (MalformedError, OutOfRangeError):
        end = -1
    if end != len(text) or not first <= last < first + _RANGE_MAX:
        raise errors.invalid_parameter_value(name, f"{word} or range" if ranges else word)
    return range(first, last + 1)


def _read_str(text: str, name: str) -> str:
    return text


def _read_bool(text: str, name: str) -> bool:
    if text not in BOOLEANS:
        raise errors.invalid_parameter_value(name, ON_OFF)
    return BOOLEANS[text]


def _read_size(text: str, name: str) -> int:
    try:
        return numbers.parse_size(text)
    except (MalformedError, OutOfRangeError):
        raise errors.invalid_parameter_value(name, "a size value") from None


_SCALARS: Final[dict[str, Callable[[str, str], Any]]] = {"str": _read_str, "bool": _read_bool, "size": _read_size}
