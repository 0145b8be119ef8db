"""qapi/block.json: drives as guests see them."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.model.block import drive as drives
from qmpd.model.block.opening import open_file
from qmpd.model.throttle_group import check_limits


def query_pr_managers(context: Context) -> list[dict[str, Any]]:
    return [
        {"connected": True, "id": child.name}
        for child in context.machine.objects.children()
        if child.type == "pr-manager-helper"
    ][::-1]


def eject(context: Context, device: str | None = None, id: str | None = None, force: bool = False) -> None:
    drive = drives.find_drive(context.machine.block, device, id)
    shown = id or device or ""
    drives.open_tray(drive, shown)
    drives.remove_medium(drive, shown)


def blockdev_open_tray(context: Context, device: str | None = None, id: str | None = None, force: bool = False) -> None:
    drives.open_tray(drives.find_drive(context.machine.block, device, id), id or device or "")


def blockdev_close_tray(context: Context, device: str | None = None, id: str | None = None) -> None:
    drives.close_tray(drives.find_drive(context.machine.block, device, id), device or id or "")


def blockdev_remove_medium(context: Context, id: str) -> None:
    drives.remove_medium(drives.find_drive(context.machine.block, None, id), id)


def blockdev_insert_medium(context: Context, id: str, node_name: str) -> None:
    graph = context.machine.block
    drive = drives.find_drive(graph, None, id)
    node = graph.find_node(node_name)
    if node is None:
        raise errors.block.node_not_found(node_name)
    if node.drives:
        raise errors.block.node_already_in_use(node_name)
    drives.insert_medium(drive, node)


def blockdev_change_medium(
    context: Context,
    filename: str,
    device: str | None = None,
    id: str | None = None,
    format: str = "",
    force: bool = False,
    read_only_mode: str = "retain",
) -> None:
    graph = context.machine.block
    drive = drives.find_drive(graph, device, id)
    shown = id or device or ""
    read_only = {"retain": drive.read_only, "read-only": True, "read-write": False}[read_only_mode]
    node = open_file(graph, filename, format, options={"read-only": read_only})
    try:
        drives.open_tray(drive, shown)
        drives.remove_medium(drive, shown)
        drives.insert_medium(drive, node)
    finally:
        graph.release(node)
    drives.close_tray(drive, shown)


def block_set_io_throttle(context: Context, arguments: dict[str, Any]) -> None:
    device, id = arguments.get("device"), arguments.get("id")
    drive = drives.find_drive(context.machine.block, device, id)
    if drive.node is None:
        raise errors.block.drive_is_empty()
    wanted = drives.limits_from(arguments)
    check_limits(wanted)
    if not any(value for name, value in wanted.items() if not name.endswith("-length")):
        drive.group, drive.limits = "", {}
        return
    drive.group = arguments.get("group") or drive.group or device or id or ""
    drive.limits = wanted


def block_latency_histogram_set(context: Context, id: str, **boundaries: list[int]) -> None:
    drives.find_drive(context.machine.block, None, id)
    for name, values in boundaries.items():
        kind = name.partition("_")[2] or "read"
        if not values or any(low >= high for low, high in zip([0, *values], values, strict=False)):
            raise errors.block.histogram_refused(id, kind)
    raise errors.not_modelled("latency histograms")
