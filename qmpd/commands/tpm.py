"""qapi/tpm.json: trusted platform modules."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context


def query_tpm_models(context: Context) -> list[str]:
    return ["tpm-crb", "tpm-tis"]


def query_tpm_types(context: Context) -> list[str]:
    return ["passthrough", "emulator"]


def query_tpm(context: Context) -> list[dict[str, Any]]:
    return []
