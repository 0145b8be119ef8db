"""Asks a real QEMU again and writes its answers to ``data/``: ``python -m tests.schemas.record``.

To be run after a command or an event has been added to schema/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qmpd.schemas import documents

from . import argument_cases, introspection
from .qemu import Monitor, monitor

DATA = Path(__file__).parent / "data"
ARGUMENTS = DATA / "arguments.jsonl"
SCHEMA = DATA / "qmp-schema.jsonl"
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


def schema_of_our_names(qemu: Monitor) -> list[dict[str, Any]]:
    """QEMU's ``query-qmp-schema`` as if it knew only our commands and events."""
    names = {name for names in documents.index().values() for name in names}
    return introspection.reduced(qemu.answer("query-qmp-schema")["return"], names)


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries))
    print(f"{path.name}: {len(entries)}")


def main() -> None:
    with monitor() as qemu:
        _write(SCHEMA, schema_of_our_names(qemu))
        _write(ARGUMENTS, list(argument_errors(qemu)))


if __name__ == "__main__":
    main()
