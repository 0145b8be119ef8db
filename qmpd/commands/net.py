"""qapi/net.json: the network."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context


def set_link(context: Context, name: str, up: bool) -> None:
    context.machine.network.set_link(name, up=up)


def netdev_add(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.network.add(arguments, context.monitor.descriptors.take_any)


def netdev_del(context: Context, id: str) -> None:
    context.machine.network.delete(id)


def query_rx_filter(context: Context, name: str | None = None) -> list[dict[str, Any]]:
    return context.machine.network.rx_filters(name)


def announce_self(context: Context, arguments: dict[str, Any]) -> None:
    """Cards would say where they are; nobody listens."""
