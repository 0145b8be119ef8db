"""qapi/cryptodev.json: cryptography back ends."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.model.machine import Machine
from qmpd.model.objects_plain import CryptodevBackend


def query_cryptodev(context: Context) -> list[dict[str, Any]]:
    return [
        {
            "id": backend.name,
            "service": ["mac", "hash", "cipher"],
            "client": [{"queue": queue, "type": backend.client_type} for queue in reversed(range(backend.clients))],
        }
        for backend in reversed(ready_backends(context.machine))
    ]


def ready_backends(machine: Machine) -> list[CryptodevBackend]:
    return [child for child in machine.objects.children() if isinstance(child, CryptodevBackend) and child.clients]
