"""From a command's name to its answer: does it exist, may it run now, are its arguments right (qapi/qmp-dispatch.c)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.schemas import EXTENSION, CommandInfo, check_arguments, command_info

# QAPI's allow-preconfig says "also then"; of these it means "only then".
_BEFORE_MACHINE_ONLY = {
    "x-exit-preconfig": errors.run_state.preconfig_is_over,
    "set-numa-node": errors.run_state.machine_phase_too_late,
}


@cache
def _function(info: CommandInfo) -> Callable[..., Any]:
    """The function behind a command, in the module of its QAPI name; imported when first needed. Raises QemuError."""
    place = f"qmpd.commands.{info.module.replace('-', '_')}"
    try:
        function: Callable[..., Any] = getattr(import_module(place), info.name.replace("-", "_"), None) or _nobody(info)
    except ModuleNotFoundError as problem:
        if problem.name != place:
            raise
        _nobody(info)
    return function


def _nobody(info: CommandInfo) -> NoReturn:
    raise errors.not_modelled(f"the command '{info.name}'")


def dispatch(context: Context, name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
    """Run one command and return its answer as JSON. Raises QemuError."""
    info = command_info(name)
    stub = context.host.stubs.get(name)
    if info is None or (info.module == EXTENSION and not context.host.control):
        if stub is None:
            raise errors.run_state.command_not_found(name)
        return stub.answer()
    if out_of_band and not info.allow_oob:
        raise errors.run_state.command_not_oob(name)
    if not context.machine.initialized and not info.allow_preconfig:
        raise errors.run_state.command_before_machine(name)
    checked = check_arguments(name, arguments)
    if context.machine.initialized and name in _BEFORE_MACHINE_ONLY:
        raise _BEFORE_MACHINE_ONLY[name]()
    if stub is not None:
        return stub.answer()
    function = _function(info)
    if info.free_form or info.boxed:
        result = function(context, checked)
    elif checked:
        result = function(context, **{key.replace("-", "_"): value for key, value in checked.items()})
    else:
        result = function(context)
    return {} if result is None else result
