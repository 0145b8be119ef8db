"""Numbers in strings, scanned as the C library and QEMU do it: strtoull with its bases, signs and blanks, and sizes
with a suffix. No error texts here: each of QEMU's visitors words the same failure in its own way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

U64_MAX: Final = (1 << 64) - 1
I64_MAX: Final = (1 << 63) - 1
I64_MIN: Final = -(1 << 63)

# Patterns are compiled when they are first used: most starts need few of them.
_BLANK: Final = r"[ \t\n\v\f\r]*"
_DECIMAL: Final = rf"{_BLANK}([+-]?)([0-9]+)"
_ANY_BASE: Final = rf"{_BLANK}([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"
_HEX: Final = rf"{_BLANK}\+?(?:0[xX])?([0-9a-fA-F]+)"
_FRACTION: Final = rf"{_BLANK}([+-]?)(\.[0-9]+)"
_FLOAT: Final = rf"{_BLANK}[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_HEX_FLOAT: Final = rf"{_BLANK}[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"

_SHIFTS: Final = {suffix: 10 * power for power, suffix in enumerate("BKMGTPE")}


class MalformedError(ValueError):
    """There is no number, or more than a number."""


class OutOfRangeError(ValueError):
    """There is a number, but the type cannot hold it."""


def _to_int(digits: str) -> int:
    if digits[:2] in ("0x", "0X"):
        return int(digits, 16)
    return int(digits, 8 if digits[0] == "0" else 10)


def scan_int64(text: str, start: int = 0) -> tuple[int, int]:
    """A signed number in C's notation at ``start``, and where it ends. Raises MalformedError, OutOfRangeError."""
    found = re.match(_ANY_BASE, text[start:])
    if found is None:
        raise MalformedError
    number = -_to_int(found[2]) if found[1] == "-" else _to_int(found[2])
    if not I64_MIN <= number <= I64_MAX:
        raise OutOfRangeError
    return number, start + found.end()


def scan_uint64(text: str, start: int = 0, wrap: bool = False) -> tuple[int, int]:
    """An unsigned number in C's notation at ``start``, and where it ends. Raises MalformedError, OutOfRangeError.

    A minus sign is out of range even in front of zero, but with ``wrap`` it wraps around 2**64 as in strtoull.
    """
    found = re.match(_ANY_BASE, text[start:])
    if found is None:
        raise MalformedError
    number = _to_int(found[2])
    if number > U64_MAX or (found[1] == "-" and not wrap):
        raise OutOfRangeError
    return -number % (1 << 64) if found[1] == "-" else number, start + found.end()


def parse_int64(text: str) -> int:
    """The whole of ``text`` as a signed number (qemu_strtoi64). Raises MalformedError, OutOfRangeError."""
    return _whole(text, scan_int64)


def parse_uint64(text: str) -> int:
    """The whole of ``text`` as an unsigned number; a minus sign wraps (qemu_strtou64). Raises as ``parse_int64``."""
    return _whole(text, lambda it: scan_uint64(it, wrap=True))


def _whole(text: str, scan: Callable[[str], tuple[int, int]]) -> int:
    found = re.match(_ANY_BASE, text)
    if found is None or found.end() != len(text):
        raise MalformedError
    return scan(text)[0]


def parse_float(text: str) -> float:
    """The whole of ``text`` as a finite number (qemu_strtod_finite). Raises MalformedError."""
    if re.fullmatch(_HEX_FLOAT, text):
        number = float.fromhex(text.strip())
    elif re.fullmatch(_FLOAT, text):
        number = float(text)
    else:
        raise MalformedError
    if math.isinf(number):
        raise MalformedError
    return number


def parse_size(text: str) -> int:
    """A size in bytes: decimal with a suffix of ``BKMGTPE`` and perhaps a fraction, or plain hexadecimal.

    Raises MalformedError; OutOfRangeError for a negative or too large one. Source: util/cutils.c, do_strtosz().
    """
    whole = re.match(_DECIMAL, text)
    number, end = 0, 0
    if whole is not None:
        number, end = int(whole[2]), whole.end()
        if number > U64_MAX or whole[1] == "-":
            raise OutOfRangeError if end == len(text) else MalformedError
        if number == 0 and text[end : end + 1] in ("x", "X"):
            return _parse_hexadecimal(text)
    fraction = 0
    if text.startswith(".", end) or (whole is None and "." in text):
        number, fraction, end = _add_fraction(text, number, end, whole is not None)
    elif whole is None:
        raise MalformedError
    shift = _SHIFTS.get(text[end : end + 1].upper()) if end < len(text) else 0
    if shift is None or len(text) > end + 1 or (shift == 0 and fraction):
        raise MalformedError
    scaled = (number << 64 | fraction) << shift
    size = (scaled >> 64) + (scaled >> 63 & 1)
    if size > U64_MAX:
        raise OutOfRangeError
    return size


def _parse_hexadecimal(text: str) -> int:
    found = re.fullmatch(_HEX, text)
    if found is None:
        raise MalformedError
    number = int(found[1], 16)
    if number > U64_MAX:
        raise OutOfRangeError
    return number


def _add_fraction(text: str, number: int, end: int, has_digits: bool) -> tuple[int, int, int]:
    """The whole part, the fraction in units of 2**-64, and where it ends.

    The fraction goes through a double, whose rounding shows in the result.
    """
    if has_digits and not text[end + 1 : end + 2].isdigit():
        return number, 0, end + 1
    found = re.match(_FRACTION, text[end:])
    if found is None:
        raise MalformedError
    if found[1] == "-":
        raise OutOfRangeError if end + found.end() == len(text) else MalformedError
    value = float(found[2])
    if value == 1.0:
        if number == U64_MAX:
            raise OutOfRangeError
        return number + 1, 0, end + found.end()
    return number, int(value * 2.0**64) or int(found[2].strip(".0") != ""), end + found.end()
