"""A JSON value that never changes again, so that whoever encodes it may keep its bytes."""

from __future__ import annotations

from typing import Any


class Frozen:
    """Wraps ``value`` (any JSON value). ``encoded`` holds its compact bytes once somebody has made them."""

    __slots__ = ("encoded", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.encoded: bytes | None = None
