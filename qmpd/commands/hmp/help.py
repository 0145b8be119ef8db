"""The lists that the human monitor prints on ``help``, and in place of a device or an object (monitor/hmp.c)."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.catalogue import Catalogue
from qmpd.commands.hmp.call import Call
from qmpd.commands.hmp.table import INFO, find
from qmpd.commands.hmp.words import NoWord, split_words
from qmpd.frozen import Frozen
from qmpd.wire.encode import encode

_LOG = "log"
_NAME_WIDTH = 24


def help(call: Call) -> str:
    """All commands, or the one that was named; a line that cannot be split into words tells of none."""
    line = call.arguments.get("name", "")
    if line == _LOG:
        return log_items(call)
    catalogue = call.context.machine.catalogue
    try:
        words = split_words(line)
    except NoWord:
        return ""
    if not words:
        return _list(catalogue.hmp_commands())
    if words[0] != INFO:
        return _one(catalogue.hmp_commands(), words[:1])
    return info(call) if len(words) == 1 else _one(catalogue.hmp_commands("hmp-info"), words[:2])


def info(call: Call) -> str:
    """The commands below ``info``."""
    return _list(call.context.machine.catalogue.hmp_commands("hmp-info"), f"{INFO} ")


def log_items(call: Call) -> str:
    return call.context.machine.catalogue.hmp_answer(f"help {_LOG}") or ""


def _list(commands: dict[str, str], prefix: str = "") -> str:
    return "".join(f"{prefix}{name} {usage}\n" for name, usage in commands.items())


def _one(commands: dict[str, str], words: list[str]) -> str:
    name = find(commands, words[-1])
    if name is None:
        return errors.hmp.hmp_unknown_command(" ".join(words))
    return " ".join([*words[:-1], name, commands[name]]) + "\n"


def device_options(catalogue: Catalogue, driver: str) -> str:
    """What ``device_add DRIVER,help`` prints (system/qdev-monitor.c). :raise QemuError: no such device type."""
    name = catalogue.device_type(driver) or driver
    return _options(name, catalogue.device_properties(name))


def object_options(catalogue: Catalogue, type_name: str | None) -> str:
    """What ``object_add TYPE,help`` prints; the types if there is no such type (qom/object_interfaces.c)."""
    if type_name is None or not catalogue.has_type(type_name):
        return catalogue.hmp_answer("object_add help") or ""
    return _options(type_name, catalogue.qom_properties(type_name))


def _options(type_name: str, properties: Frozen) -> str:
    lines = sorted(_option(entry) for entry in properties.value if entry["name"] != "type")
    title = f"{type_name} options:" if lines else f"There are no options for {type_name}."
    return "".join(f"{line}\n" for line in [title, *lines])


def _option(entry: dict[str, Any]) -> str:
    line = f"  {entry['name']}=<{entry['type']}>"
    if "description" in entry or "default-value" in entry:
        line = f"{line:<{_NAME_WIDTH}} - {entry.get('description', '')}"
    return f"{line} (default: {_shown(entry['default-value'])})" if "default-value" in entry else line


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else encode(value).decode()
