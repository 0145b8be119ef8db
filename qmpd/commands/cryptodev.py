"""qapi/cryptodev.json: cryptography back ends."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.model.machine import Machine
from qmpd.model.qom import Object


def query_cryptodev(context: Context) -> list[dict[str, Any]]:
    """Those that QEMU does itself; others never come to be ready."""
    return [
        {"id": backend.name, "service": ["mac", "hash", "cipher"], "client": [{"queue": 0, "type": "builtin"}]}
        for backend in reversed(builtin_backends(context.machine))
    ]


def builtin_backends(machine: Machine) -> list[Object]:
    return [child for child in machine.objects.children() if child.type == "cryptodev-backend-builtin"]
