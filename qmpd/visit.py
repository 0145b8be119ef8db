"""QEMU's rules for one JSON value of a given type: which values pass, and the exact text for those that do not.

QEMU reads command arguments and device properties through the same visitor (qapi/qobject-input-visitor.c and
qapi/qapi-visit-core.c), so both the argument check of the commands and the properties of the model come here.
A type error names the value by its full path (``a.b[0].c``), a range error by the last part of it only, which
is the word ``null`` for an element of a list.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from qmpd import errors

_U64: Final = 1 << 64
_NARROW: Final = {
    "int8": (-(1 << 7), (1 << 7) - 1),
    "int16": (-(1 << 15), (1 << 15) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
    "uint8": (0, (1 << 8) - 1),
    "uint16": (0, (1 << 16) - 1),
    "uint32": (0, (1 << 32) - 1),
}


def last_component(path: str) -> str:
    """The name that a range error shows for the value at ``path``."""
    return "null" if path.endswith("]") else path.rpartition(".")[2]


def visit_str(value: object, path: str) -> str:
    if isinstance(value, str):
        return str(value)
    raise errors.invalid_parameter_type(path, "string")


def visit_bool(value: object, path: str) -> bool:
    if type(value) is bool:
        return value
    raise errors.invalid_parameter_type(path, "boolean")


def visit_int64(value: object, path: str) -> int:
    if type(value) is int and -(1 << 63) <= value < 1 << 63:
        return value
    raise errors.invalid_parameter_type(path, "integer")


def visit_uint64(value: object, path: str) -> int:
    """A negative integer wraps, as it does in QEMU: -1 reads as 2**64 - 1."""
    if type(value) is int and -(1 << 63) <= value < _U64:
        return value % _U64
    raise errors.invalid_parameter_value(path, "uint64")


def visit_number(value: object, path: str) -> float:
    if type(value) is int or type(value) is float:
        return value
    raise errors.invalid_parameter_type(path, "number")


def visit_null(value: object, path: str) -> None:
    if value is not None:
        raise errors.invalid_parameter_type(path, "null")


def visit_list(value: object, path: str) -> list[object]:
    if isinstance(value, list):
        return value
    raise errors.invalid_parameter_type(path, "array")


def visit_narrow(value: object, path: str, kind: str) -> int:
    """An integer of ``kind`` ``int8`` … ``uint32``: read at 64 bits first, then held against its own range."""
    number = visit_uint64(value, path) if kind[0] == "u" else visit_int64(value, path)
    low, high = _NARROW[kind]
    if low <= number <= high:
        return number
    raise errors.invalid_parameter_value(last_component(path), f"{kind}_t")


def visit_enum(value: object, path: str, members: Container[str]) -> str:
    name = visit_str(value, path)
    if name in members:
        return name
    raise errors.enum_value_unknown(last_component(path), name)
