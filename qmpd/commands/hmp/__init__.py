"""The human monitor behind ``human-monitor-command``: from a command line to the text that QEMU prints (monitor/hmp.c).

What the commands do stands in ``info``, ``actions``, ``help`` and in modules by subject; how arguments are read, in
``arguments``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.commands.hmp import actions, block, info, memory, migration, net, rare, table, ui
from qmpd.commands.hmp.arguments import BadArguments, Reader
from qmpd.commands.hmp.call import Call, Handler
from qmpd.commands.hmp.words import BLANKS, command_word, skip_blanks
from qmpd.errors import QemuError
from qmpd.model.modules import USB_HOST
from qmpd.named import NamedTuple

HANDLERS: Final = (
    actions.HANDLERS
    | block.HANDLERS
    | memory.HANDLERS
    | migration.HANDLERS
    | net.HANDLERS
    | rare.HANDLERS
    | ui.HANDLERS
)
INFO_HANDLERS: Final = (
    info.HANDLERS
    | block.INFO_HANDLERS
    | migration.INFO_HANDLERS
    | net.INFO_HANDLERS
    | rare.INFO_HANDLERS
    | ui.INFO_HANDLERS
)


_MODULE_COMMAND: Final = "usbhost"  #: comes with a module


class _Found(NamedTuple):
    """A command: its name with aliases, what it takes, who runs it, and where on the line its arguments start."""

    name: str
    types: str
    handler: Handler | None
    start: int


def run(
    context: Context,
    command_line: str,
    cpu_index: int | None = None,
    select_cpu: Callable[[int], object] = lambda index: None,
) -> str:
    """The text, lines ending in CR LF, that the human monitor prints for ``command_line``.

    ``select_cpu`` is called when the line chooses another CPU for the lines to come.

    :raise QemuError: ``cpu_index`` names no CPU. Errors of commands are part of the text.
    """
    cpu = _cpu(context, cpu_index)
    if skip_blanks(command_line, 0) == len(command_line):
        return ""
    return _answer(context, command_line, cpu, select_cpu).replace("\n", "\r\n")


def _cpu(context: Context, wanted: int | None) -> int | None:
    count = context.machine.cpu_count
    if wanted is None:
        return 0 if count else None
    index = wanted % (1 << 32)
    if index >= count:
        raise errors.hmp.hmp_cpu_index_invalid()
    return index


def _answer(context: Context, line: str, cpu: int | None, select_cpu: Callable[[int], object]) -> str:
    found = _find(context, line)
    if isinstance(found, str):
        return found
    if found.name == _MODULE_COMMAND and USB_HOST not in context.machine.loaded_modules:
        return errors.hmp.hmp_not_available(line[: found.start])
    try:
        reader = Reader(found.name, line, found.start, actions.last_format(context.machine))
        arguments = reader.read(found.types)
        if found.handler is None:
            return _recorded(context, line[: found.start])
        return found.handler(Call(context, cpu, arguments, select_cpu))
    except BadArguments as problem:
        return f"{problem}{errors.hmp.hmp_advice(line[: found.start].rstrip(BLANKS))}"
    except QemuError as error:
        return f"Error: {error.desc}\n{error.hint and error.hint + chr(10)}"


def _find(context: Context, line: str) -> _Found | str:
    """The command on ``line``, or what is printed when there is none."""
    catalogue = context.machine.catalogue
    word, end = command_word(line, skip_blanks(line, 0))
    name = table.find(catalogue.hmp_commands(), word)
    types, handlers = table.COMMANDS, HANDLERS
    start = skip_blanks(line, end)
    if name == table.INFO and start < len(line):
        word, end = command_word(line, start)
        name = table.find(catalogue.hmp_commands("hmp-info"), word)
        types, handlers = table.INFO_COMMANDS, INFO_HANDLERS
        start = skip_blanks(line, end)
    if name is None:
        return errors.hmp.hmp_unknown_command(line[:end])
    key = name.partition("|")[0]
    return _Found(name, types.get(key, ""), handlers.get(key), start)


def _recorded(context: Context, command: str) -> str:
    """What QEMU says of things that are in no machine here. :raise QemuError: of others, that they are not modelled."""
    words = " ".join(command.split())
    answer = context.machine.catalogue.hmp_answer(words)
    if answer is None:
        raise errors.not_modelled(f"the monitor's command '{words}'")
    return answer
