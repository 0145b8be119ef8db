"""Asks a real QEMU again and writes its answers to ``data/``: ``python -m tests.schemas.record``.

To be run after a command or an event has been added to schema/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import argument_cases
from .qemu import Monitor, monitor

DATA = Path(__file__).parent / "data"
ARGUMENTS = DATA / "arguments.jsonl"
SCHEMA = DATA / "qmp-schema.jsonl"
PLACES = DATA / "places.jsonl"
_CHECKED = re.compile(
    r"Parameter '[^']*' (is missing|is unexpected|expects (u?int(8|16|32)_t|uint64)|does not accept value '.*')"
    r"|Invalid parameter type for '[^']*', expected: \w+"
)


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def argument_errors(qemu: Monitor) -> Iterator[dict[str, Any]]:
    """What QEMU says to each wrong argument, once: {command, arguments, error}."""
    said = set()
    for command, arguments in argument_cases.cases():
        request = command, json.dumps(arguments)
        if request in said:
            continue
        said.add(request)
        error = qemu.answer(command, arguments)["error"]["desc"]
        if not _CHECKED.fullmatch(error):
            raise AssertionError(f"not from the check of arguments: {request}: {error}")
        yield {"command": command, "arguments": arguments, "error": error}


def places(qemu: Monitor) -> Iterator[dict[str, Any]]:
    """Which commands QEMU runs out of band, and which before the machine exists, as it does in ``qemu``."""
    wrong = {"surplus": 1}
    for entry in reversed(qemu.answer("query-commands")["return"]):
        name = entry["name"]
        too_early = "permitted only after" in qemu.answer(name, wrong)["error"]["desc"]
        out_of_band = "does not support OOB" not in qemu.answer(name, wrong, how="exec-oob")["error"]["desc"]
        yield {"command": name, "allow-preconfig": not too_early, "allow-oob": out_of_band}


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries))
    print(f"{path.name}: {len(entries)}")


def main() -> None:
    with monitor() as qemu:
        _write(SCHEMA, qemu.answer("query-qmp-schema")["return"])
        _write(ARGUMENTS, list(argument_errors(qemu)))
    with monitor("-preconfig") as qemu:
        _write(PLACES, list(places(qemu)))


if __name__ == "__main__":
    main()
