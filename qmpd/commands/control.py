"""qapi/control.json: the session itself."""

from __future__ import annotations

from typing import Any

from qmpd import schemas
from qmpd.commands.context import Context
from qmpd.frozen import Frozen


def qmp_capabilities(context: Context, enable: list[str] | None = None) -> None:
    context.monitor.negotiate(enable or [])


def query_version(context: Context) -> dict[str, Any]:
    return context.machine.catalogue.version


def query_commands(context: Context) -> Frozen:
    return schemas.query_commands(context.host.control)


def quit(context: Context) -> None:
    context.machine.run.shutdown("host-qmp-quit")
