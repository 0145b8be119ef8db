"""The recorded answers of QEMU's human monitor: how they are kept, played and recorded anew.

    python -m tests.commands.hmp_lines          # ask QEMU again and write what it says

``data/hmp.jsonl`` is a row of sections. A section is an object, QEMU's options and what it is about; the lines below
are [step, answer], played in this order to one machine. A step is a command line of the monitor, or an object with a
command line and a cpu-index, or any other QMP command. An answer is the text, or the whole reply where it is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from qmpd.catalogue.record.peer import Peer
from tests import peers

DATA = Path(__file__).parent / "data" / "hmp.jsonl"

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends one request and gives its reply."""


class Section(NamedTuple):
    about: str
    args: list[str]
    rows: list[tuple[Any, Any]]


def read() -> list[Section]:
    sections: list[Section] = []
    for line in DATA.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if isinstance(row, dict):
            sections.append(Section(row["about"], row["args"], []))
        else:
            sections[-1].rows.append((row[0], row[1]))
    return sections


def play(steps: list[Any], ask: Ask) -> list[tuple[Any, Any]]:
    """Each step with its answer."""
    return [(step, _answer(ask(_request(step)))) for step in steps]


def _request(step: Any) -> dict[str, Any]:
    if isinstance(step, str):
        step = {"command-line": step}
    return step if "execute" in step else {"execute": "human-monitor-command", "arguments": step}


def _answer(reply: dict[str, Any]) -> Any:
    return reply["return"] if isinstance(reply.get("return"), str) else reply


def asked_of_qemu(section: Section, qemu: str) -> list[tuple[Any, Any]]:
    with Peer(qemu, *section.args) as peer:
        return play([step for step, _ in section.rows], lambda request: json.loads(peer.ask_raw(request)))


def write(sections: list[Section]) -> None:
    with DATA.open("w", encoding="utf-8", newline="\n") as file:
        for about, args, rows in sections:
            for row in [{"about": about, "args": args}, *rows]:
                file.write(f"{json.dumps(row, ensure_ascii=False)}\n")


if __name__ == "__main__":
    write([section._replace(rows=asked_of_qemu(section, peers.QEMU)) for section in read()])
