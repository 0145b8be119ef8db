"""What the word before the cursor may be: names of commands, and of what some of them are about (monitor/hmp.c)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from qmpd.commands.context import Context
from qmpd.commands.hmp import table
from qmpd.commands.hmp.words import BLANKS, NoWord, split_words
from qmpd.commands.qom import qom_get, qom_list


def complete(context: Context, start: str) -> tuple[int, list[str]]:
    """Words, and how many characters of them stand at the end of ``start``."""
    try:
        words = split_words(start)
    except NoWord:
        return 0, []
    if not words or start[-1] in BLANKS:
        words.append("")
    return len(words[-1]), [word for word in _candidates(context, words) if word.startswith(words[-1])]


def _candidates(context: Context, words: list[str]) -> list[str]:
    part = "hmp"
    while True:
        commands = context.machine.catalogue.hmp_commands(part)
        if len(words) == 1:
            return "|".join(commands).split("|")
        name = table.find(commands, words.pop(0))
        if name == table.INFO:
            part = "hmp-info"
        elif name != table.HELP:
            return _SUBJECTS[name](context) if name in _SUBJECTS and len(words) == 1 else []


def _drivers(context: Context) -> list[str]:
    return re.findall(r'^name "([^"]+)"', context.machine.catalogue.hmp_answer("device_add help") or "", re.M)


def _object_types(context: Context) -> list[str]:
    return [entry["name"] for entry in context.machine.catalogue.types("user-creatable", abstract=False).value]


def _devices(context: Context) -> list[str]:
    """Those that may be asked to go."""
    names = _children(context, "/machine/peripheral")
    return [name for name in names if qom_get(context, f"/machine/peripheral/{name}", "hotpluggable")]


def _objects(context: Context) -> list[str]:
    return _children(context, "/objects")


def _children(context: Context, path: str) -> list[str]:
    return [entry["name"] for entry in qom_list(context, path) if entry["type"].startswith("child<")]


_SUBJECTS: Final[dict[str | None, Callable[[Context], list[str]]]] = {
    "device_add": _drivers,
    "device_del": _devices,
    "object_add": _object_types,
    "object_del": _objects,
}
