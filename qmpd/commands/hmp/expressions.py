"""Numbers as the human monitor takes them: expressions over 64-bit integers (monitor/hmp.c)."""

from __future__ import annotations

from typing import Final

from qmpd import errors
from qmpd.commands.hmp.words import skip_blanks
from qmpd.options.numbers import MalformedError, OutOfRangeError, scan_uint64

_LEVELS: Final = ("+-", "&|^", "*/%")
"""Operators, those that bind least first."""


class BadExpression(ValueError):
    """What is wrong, in QEMU's words."""


def wrapped(number: int) -> int:
    """``number`` as a signed 64-bit integer holds it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def evaluate(text: str, start: int) -> tuple[int, int]:
    """The value of the expression at ``start``, and where it ends with the blanks behind. :raise BadExpression:"""
    return _operation(text, skip_blanks(text, start), 0)


def _operation(text: str, position: int, level: int) -> tuple[int, int]:
    if level == len(_LEVELS):
        return _operand(text, position)
    left, position = _operation(text, position, level + 1)
    while position < len(text) and text[position] in _LEVELS[level]:
        operator = text[position]
        right, position = _operation(text, skip_blanks(text, position + 1), level + 1)
        left = wrapped(_apply(operator, left, right))
    return left, position


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "&":
            return left & right
        case "|":
            return left | right
        case "^":
            return left ^ right
        case "*":
            return left * right
    if right == 0:
        raise BadExpression(errors.hmp.hmp_division_by_zero())
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if operator == "/" else left - quotient * right


def _operand(text: str, position: int) -> tuple[int, int]:
    match text[position : position + 1]:
        case "":
            raise BadExpression(errors.hmp.hmp_expression_ends())
        case "+" | "-" | "~" as sign:
            number, position = _operand(text, skip_blanks(text, position + 1))
            return wrapped({"+": number, "-": -number, "~": ~number}[sign]), position
        case "(":
            number, position = _operation(text, skip_blanks(text, position + 1), 0)
            if text[position : position + 1] != ")":
                raise BadExpression(errors.hmp.hmp_parenthesis_expected())
            return number, skip_blanks(text, position + 1)
        case "'":
            return _character(text, position + 1)
        case "$":
            raise BadExpression(f"{errors.not_modelled('the registers of CPUs').desc}\n")
    return _number(text, position)


def _character(text: str, position: int) -> tuple[int, int]:
    if position == len(text):
        raise BadExpression(errors.hmp.hmp_character_expected())
    if text[position + 1 : position + 2] != "'" or not text[position].isascii():
        raise BadExpression(errors.hmp.hmp_quote_expected())
    return ord(text[position]), skip_blanks(text, position + 2)


def _number(text: str, position: int) -> tuple[int, int]:
    try:
        number, end = scan_uint64(text, position)
    except MalformedError:
        character = text[position] if text[position].isascii() else "\ufffd"  # a byte of it, which is no text
        raise BadExpression(errors.hmp.hmp_expression_character(character)) from None
    except OutOfRangeError:
        raise BadExpression(errors.hmp.hmp_number_too_large()) from None
    return wrapped(number), skip_blanks(text, end)
