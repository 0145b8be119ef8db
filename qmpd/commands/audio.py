"""qapi/audio.json: sound."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context


def query_audiodevs(context: Context) -> list[dict[str, Any]]:
    return []
