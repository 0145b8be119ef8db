"""What QEMU's two option grammars share: a name ends at ``=`` or ``,``, a value at a comma that is not doubled."""

from __future__ import annotations

from typing import Final

HELP_WORDS: Final = frozenset({"help", "?"})


def name_end(text: str, start: int) -> int:
    """Where the name that begins at ``start`` ends."""
    comma = text.find(",", start)
    end = len(text) if comma < 0 else comma
    equals = text.find("=", start, end)
    return end if equals < 0 else equals


def read_value(text: str, start: int) -> tuple[str, int]:
    """The value that begins at ``start``, its doubled commas made single, and where it ends."""
    end = text.find(",", start)
    while end >= 0 and text.startswith(",", end + 1):
        end = text.find(",", end + 2)
    if end < 0:
        end = len(text)
    return text[start:end].replace(",,", ","), end
