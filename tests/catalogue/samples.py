"""Recorded answers of a real QEMU."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Sample:
    """A question, the machine it was put to, and the line that came back."""

    machine: str
    command: str
    arguments: dict[str, Any]
    reply: bytes

    def __str__(self) -> str:
        return " ".join([self.machine, self.command, *(f"{key}={value}" for key, value in self.arguments.items())])


def samples() -> list[Sample]:
    lines = (DATA / "replies.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = [json.loads(line) for line in lines]
    return [
        Sample(one["qemu"][one["qemu"].index("-machine") + 1], one["execute"], one["arguments"], one["reply"].encode())
        for one in recorded
    ]


def device_add_refusals() -> list[list[str]]:
    """[machine, type, class, text] for each type that device_add refuses when given no more than the type."""
    return [json.loads(line) for line in (DATA / "device_add.jsonl").read_text(encoding="utf-8").splitlines()]
