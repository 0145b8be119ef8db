"""The command lines that QEMU was asked about, and what it said: ``data/command_lines.jsonl`` read and written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DATA = Path(__file__).parent / "data"
QUESTIONS = DATA / "command_lines.txt"
ANSWERS = DATA / "command_lines.jsonl"
PROGRAM = "PROG"

Stage = Literal["parse", "machine", "run"]


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command line. QEMU's program name reads PROG in both texts.

    ``stage`` says where it ended: ``parse`` before the machine is looked at, ``machine`` while it was built, ``run``
    not at all until it was told to quit. ``stderr`` is everything that it said, ``early`` what it had said by the end
    of parsing.
    """

    argv: tuple[str, ...]
    stage: Stage
    status: int
    stderr: str
    early: str

    def __str__(self) -> str:
        return " ".join(self.argv)


def load() -> list[CommandLine]:
    lines = []
    for text in ANSWERS.read_text().splitlines():
        entry = json.loads(text)
        stderr = entry.get("stderr", "")
        early = stderr if entry["stage"] == "parse" else entry.get("early", "")
        lines.append(CommandLine(tuple(entry["argv"]), entry["stage"], entry["status"], stderr, early))
    return lines


def save(lines: list[CommandLine]) -> None:
    with ANSWERS.open("w") as file:
        for line in lines:
            entry = {"argv": line.argv, "stage": line.stage, "status": line.status}
            if line.stderr:
                entry["stderr"] = line.stderr
            if line.early and line.stage != "parse":
                entry["early"] = line.early
            file.write(json.dumps(entry, separators=(",", ":")) + "\n")
