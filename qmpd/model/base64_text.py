"""Base64 as GLib reads it (glib/gbase64.c), after QEMU has looked at the characters (util/base64.c)."""

from __future__ import annotations

from qmpd import errors

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PAD = "="
_RANKS = {digit: rank for rank, digit in enumerate(_DIGITS)} | {_PAD: 0}
_SKIPPED = "\n\r"


def decode(text: str) -> bytes:
    """What is in whole groups of four, wherever the padding stands. Raises QEMU's text."""
    if not {*_RANKS, *_SKIPPED}.issuperset(text):
        raise errors.user_objects.base64_invalid()
    digits = [digit for digit in text if digit not in _SKIPPED]
    found = bytearray()
    for start in range(0, len(digits) // 4 * 4, 4):
        group = digits[start : start + 4]
        value = 0
        for digit in group:
            value = value << 6 | _RANKS[digit]
        first, second, third = value.to_bytes(3, "big")
        found.append(first)
        if group[2] != _PAD:
            found.append(second)
        if group[3] != _PAD:
            found.append(third)
    return bytes(found)
