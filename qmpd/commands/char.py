"""qapi/char.json: character devices."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.hashorder import GHashOrder


def query_chardev(context: Context) -> list[dict[str, Any]]:
    """The devices in the order of QEMU's table of them, the last first."""
    known = {status.label: status for status in context.host.chardevs}
    return [
        {"label": label, "filename": known[label].filename, "frontend-open": known[label].frontend_open}
        for label in reversed(list(GHashOrder(known)))
    ]
