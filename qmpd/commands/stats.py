"""qapi/stats.json: statistics. Without KVM, and without cryptography in use, there are none to show."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.commands.cryptodev import ready_backends

_CRYPTODEV = tuple(
    f"{family}-{operation}-{unit}"
    for family, operations in (("asym", ("verify", "sign", "decrypt", "encrypt")), ("sym", ("decrypt", "encrypt")))
    for unit in ("bytes", "ops")
    for operation in operations
)


def query_stats(context: Context, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    if arguments["target"] != "cryptodev":
        return []
    if not _asked(arguments.get("providers")):
        return []
    stats = [{"name": name, "value": 0} for name in _CRYPTODEV if name.startswith("sym-")]
    return [
        {"provider": "cryptodev", "qom-path": backend.path, "stats": stats}
        for backend in reversed(ready_backends(context.machine))
    ]


def _asked(providers: list[dict[str, Any]] | None) -> bool:
    """Whether cryptodev is asked for anything; which names are wanted QEMU does not look at."""
    return providers is None or any(
        provider["provider"] == "cryptodev" and provider.get("names") != [] for provider in providers
    )


def query_stats_schemas(context: Context, provider: str = "cryptodev") -> list[dict[str, Any]]:
    if provider != "cryptodev":
        return []
    stats = [{"name": name, "type": "cumulative", "exponent": 0} for name in _CRYPTODEV]
    return [{"provider": "cryptodev", "target": "cryptodev", "stats": stats}]
