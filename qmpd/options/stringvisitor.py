"""QEMU's rules for one value of ``-global`` and ``-accel``: the third way in which it reads strings.

The same functions as in ``values``, in the words of qapi/string-input-visitor.c. Types come out the same; a value that
one way takes, the other takes as well.
"""

from __future__ import annotations

from collections.abc import Container

from qmpd import errors
from qmpd.options import numbers
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.options.qemuopts import check_size
from qmpd.options.values import BOOLEANS, ON_OFF, within


def visit_str_string(value: str, name: str) -> str:
    return value


def visit_bool_string(value: str, name: str) -> bool:
    if value not in BOOLEANS:
        raise errors.invalid_parameter_value(name, ON_OFF)
    return BOOLEANS[value]


def visit_int64_string(value: str, name: str) -> int:
    try:
        return numbers.parse_int64(value)
    except (MalformedError, OutOfRangeError):
        raise errors.invalid_parameter_value(name, "int64") from None


def visit_uint64_string(value: str, name: str) -> int:
    """A negative number wraps."""
    try:
        return numbers.parse_uint64(value)
    except (MalformedError, OutOfRangeError):
        raise errors.invalid_parameter_value(name, "uint64") from None


def visit_uint31_string(value: str, name: str) -> int:
    """A number that fits into QEMU's ``int`` and is not negative."""
    return visit_narrow_string(value, name, "int32") if value[:1].isdigit() else visit_narrow_string("", name, "int32")


def visit_size_string(value: str, name: str) -> int:
    """A size in bytes, with suffix and fraction."""
    return check_size(name, value)


def visit_narrow_string(value: str, name: str, kind: str) -> int:
    """An integer of ``kind`` ``int8`` … ``uint32``: read at 64 bits first, then held against its own range."""
    number = visit_uint64_string(value, name) if kind[0] == "u" else visit_int64_string(value, name)
    return within(number, name, kind)


def visit_enum_string(value: str, name: str, members: Container[str]) -> str:
    if value in members:
        return value
    raise errors.enum_value_unknown(name, value)


def check(value: str, name: str, type_name: str) -> None:
    """Raise QEMU's text unless ``value`` is one of the QOM type ``type_name``, as far as that is a plain one."""
    if type_name == "bool":
        visit_bool_string(value, name)
    elif type_name in _NARROW:
        visit_narrow_string(value, name, type_name)


_NARROW = frozenset({"int8", "int16", "int32", "uint8", "uint16", "uint32"})
