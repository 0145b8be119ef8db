"""qapi/cryptodev.json: cryptography back ends."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context


def query_cryptodev(context: Context) -> list[dict[str, Any]]:
    return []
