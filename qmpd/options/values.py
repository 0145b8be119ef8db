"""QEMU's rules for one value that came as a string: from ``-device``, ``-machine``, HMP's ``device_add`` and the like.

The counterparts of ``qmpd.visit``, with its signatures: QEMU reads such strings through the key-value flavour of its
visitor (qapi/qobject-input-visitor.c), which takes other values than the JSON flavour and words its errors in another
way. A value may also be a dict or a list, where someone wrote ``a.b=`` for a plain ``a``.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from qmpd import errors, visit
from qmpd.options import numbers
from qmpd.options.numbers import MalformedError, OutOfRangeError

BOOLEANS: Final = {
    **dict.fromkeys(("on", "yes", "true", "y"), True),
    **dict.fromkeys(("off", "no", "false", "n"), False),
}
ON_OFF: Final = "'on' or 'off'"

NARROW: Final = {
    **{f"uint{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32)},
    **{f"int{bits}": (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (8, 16, 32)},
}


class GlobalText(str):
    """A string of ``-global``: the same values pass, but what does not is refused in other words (stringvisitor)."""

    __slots__ = ()


def visit_str_string(value: object, path: str) -> str:
    if isinstance(value, str):
        return str(value)
    raise errors.options.parameters_unexpected(path)


def visit_bool_string(value: object, path: str) -> bool:
    truth = BOOLEANS.get(visit_str_string(value, path))
    if truth is None:
        raise errors.invalid_parameter_value(path, ON_OFF)
    return truth


def visit_int64_string(value: object, path: str) -> int:
    """Decimal, hexadecimal or octal, no suffix."""
    text = visit_str_string(value, path)
    try:
        return numbers.parse_int64(text)
    except (MalformedError, OutOfRangeError):
        expected = "int64" if isinstance(value, GlobalText) else "integer"
        raise errors.invalid_parameter_value(path, expected) from None


def visit_uint64_string(value: object, path: str) -> int:
    """Decimal, hexadecimal or octal, no suffix; a negative number wraps."""
    text = visit_str_string(value, path)
    try:
        return numbers.parse_uint64(text)
    except (MalformedError, OutOfRangeError):
        expected = "uint64" if isinstance(value, GlobalText) else "integer"
        raise errors.invalid_parameter_value(path, expected) from None


def visit_size_string(value: object, path: str) -> int:
    """A size in bytes, with suffix and fraction: ``4096``, ``1.5G``, ``0x1000``."""
    text = visit_str_string(value, path)
    try:
        return numbers.parse_size(text)
    except (MalformedError, OutOfRangeError):
        if isinstance(value, GlobalText):
            from qmpd.options.qemuopts import check_size

            check_size(path, text)
        raise errors.invalid_parameter_value(path, "size") from None


def visit_number_string(value: object, path: str) -> float:
    text = visit_str_string(value, path)
    try:
        return numbers.parse_float(text)
    except MalformedError:
        raise errors.invalid_parameter_type(path, "number") from None


def visit_narrow_string(value: object, path: str, kind: str) -> int:
    """An integer of ``kind`` ``int8`` … ``uint32``: read at 64 bits first, then held against its own range."""
    number = visit_uint64_string(value, path) if kind[0] == "u" else visit_int64_string(value, path)
    return within(number, last_component(path), kind)


def visit_enum_string(value: object, path: str, members: Container[str]) -> str:
    name = visit_str_string(value, path)
    if name in members:
        return name
    raise errors.enum_value_unknown(last_component(path), name)


def within(number: int, name: str, kind: str) -> int:
    """``number`` if an integer of ``kind`` can hold it."""
    low, high = NARROW[kind]
    if low <= number <= high:
        return number
    raise errors.invalid_parameter_value(name, f"{kind}_t")


def last_component(path: str) -> str:
    """The name that a range error shows for the value at ``path``; elements of lists have none."""
    name = visit.last_component(path)
    return "null" if name.isdigit() else name
