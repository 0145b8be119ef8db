"""How much a message may hold, and what stands for one that is not complete yet: what all readers share.

The limits are those of qobject/json-lexer.c and qobject/json-streamer.c.
"""

from __future__ import annotations

from typing import Final

MAX_TOKEN_SIZE: Final = 64 << 20  # bytes
MAX_TOKENS: Final = 2 << 20
MAX_NESTING: Final = 1 << 10
MIN_INTEGER: Final = -(1 << 63)
MAX_INTEGER: Final = (1 << 64) - 1

INCOMPLETE: Final = object()
"""Instead of a message: it takes more input to complete one."""
