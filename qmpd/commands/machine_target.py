"""qapi/machine-target.json: CPU models."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.frozen import Frozen
from qmpd.model import cpu_model

_BASE = "base"


def query_cpu_definitions(context: Context) -> Frozen:
    return context.machine.catalogue.cpu_definitions(context.machine.info.name)


def query_cpu_model_expansion(context: Context, type: str, model: dict[str, Any]) -> dict[str, Any]:
    is_full = type == "full"
    props = cpu_model.expansion(context.machine, model["name"], model.get("props", {}), full=is_full)
    return {"model": {"name": model["name"] if is_full else _BASE, "props": props}}
