"""qapi/misc.json: what has no better place."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.frozen import Frozen
from qmpd.model.iothread import Iothread


def query_name(context: Context) -> dict[str, Any]:
    name = context.machine.config.name
    return {} if name is None else {"name": name}


def query_iothreads(context: Context) -> list[dict[str, Any]]:
    return [obj.info() for obj in context.machine.objects.children() if isinstance(obj, Iothread)]


def stop(context: Context) -> None:
    context.machine.run.stop()


def cont(context: Context) -> None:
    context.machine.run.cont()


def x_exit_preconfig(context: Context) -> None:
    context.host.exit_preconfig()


def human_monitor_command(context: Context, command_line: str, cpu_index: int | None = None) -> str:
    from qmpd.commands import hmp

    return hmp.run(context, command_line, cpu_index)


def query_command_line_options(context: Context, option: str | None = None) -> Frozen | list[Any]:
    options = context.machine.catalogue.command_line_options()
    if option is None:
        return options
    found = [entry for entry in options.value if entry["option"] == option]
    if not found:
        raise errors.rare.command_line_option_unknown(option)
    return found
