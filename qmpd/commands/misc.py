"""qapi/misc.json: what has no better place."""

from __future__ import annotations

import os
import stat
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
    machine = context.machine
    machine.run.cont()
    if machine.run.running and "block" in vars(machine):
        for node in machine.block.walk():
            node.activate()


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


# Descriptors


def getfd(context: Context, fdname: str) -> None:
    context.monitor.descriptors.name(fdname)


def closefd(context: Context, fdname: str) -> None:
    context.monitor.descriptors.close(fdname)


def add_fd(context: Context, fdset_id: int | None = None, opaque: str | None = None) -> dict[str, int]:
    fd = context.monitor.descriptors.receive()
    if fdset_id is not None and fdset_id < 0:
        os.close(fd)
        raise errors.invalid_parameter_value("fdset-id", "a non-negative value")
    return {"fdset-id": context.host.fd_sets.add(fd, fdset_id, opaque), "fd": fd}


def remove_fd(context: Context, fdset_id: int, fd: int | None = None) -> None:
    context.host.fd_sets.remove(fdset_id, fd)


def query_fdsets(context: Context) -> list[dict[str, Any]]:
    return context.host.fd_sets.info()


def add_client(context: Context, protocol: str, fdname: str, skipauth: bool = False, tls: bool = False) -> None:
    fd = context.monitor.descriptors.take(fdname)
    is_socket = stat.S_ISSOCK(os.fstat(fd).st_mode)
    os.close(fd)
    if not is_socket:
        raise errors.char.add_client_needs_socket()
    if protocol in ("vnc", "spice", "@dbus-display"):
        raise errors.not_modelled(f"clients of {protocol}")
    raise errors.char.add_client_protocol_unknown(protocol)
