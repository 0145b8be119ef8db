"""qapi/rocker.json: a network switch that no machine here has."""

from __future__ import annotations

from qmpd import errors
from qmpd.commands.context import Context


def query_rocker(context: Context, name: str) -> None:
    raise errors.rare.rocker_not_found(name)


def query_rocker_ports(context: Context, name: str) -> None:
    raise errors.rare.rocker_not_found(name)


def query_rocker_of_dpa_flows(context: Context, name: str, tbl_id: int | None = None) -> None:
    raise errors.rare.rocker_not_found(name)


def query_rocker_of_dpa_groups(context: Context, name: str, type: int | None = None) -> None:
    raise errors.rare.rocker_not_found(name)
