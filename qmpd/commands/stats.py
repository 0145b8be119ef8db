"""qapi/stats.json: statistics. Without KVM, and without cryptography in use, there are none to show."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context

_CRYPTODEV = tuple(
    f"{family}-{operation}-{unit}"
    for family, operations in (("asym", ("verify", "sign", "decrypt", "encrypt")), ("sym", ("decrypt", "encrypt")))
    for unit in ("bytes", "ops")
    for operation in operations
)


def query_stats(context: Context, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    return []


def query_stats_schemas(context: Context, provider: str = "cryptodev") -> list[dict[str, Any]]:
    if provider != "cryptodev":
        return []
    stats = [{"name": name, "type": "cumulative", "exponent": 0} for name in _CRYPTODEV]
    return [{"provider": "cryptodev", "target": "cryptodev", "stats": stats}]
