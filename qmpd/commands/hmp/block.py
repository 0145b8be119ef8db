"""The human monitor's commands about drives and what they are made of (block/monitor/block-hmp-cmds.c)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any, Final

from qmpd import errors
from qmpd.commands import block_core
from qmpd.commands.dispatch import dispatch
from qmpd.commands.hmp.call import Call, Handler
from qmpd.errors import QemuError
from qmpd.hashorder import qdict_order
from qmpd.model.block.graph import Node
from qmpd.model.run_state import State
from qmpd.options import qemuopts
from qmpd.options.words import HELP_WORDS
from qmpd.schemas import documents

_COUNTERS: Final = (
    *("rd_bytes", "wr_bytes", "rd_operations", "wr_operations", "flush_operations", "wr_total_time_ns"),
    *("rd_total_time_ns", "flush_total_time_ns", "rd_merged", "wr_merged", "idle_time_ns"),
)
_THROTTLES: Final = (
    *("bps", "bps_rd", "bps_wr", "bps_max", "bps_rd_max", "bps_wr_max"),
    *("iops", "iops_rd", "iops_wr", "iops_max", "iops_rd_max", "iops_wr_max", "iops_size", "group"),
)
_UNITS: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def run(call: Call, command: str, **arguments: Any) -> Any:
    """Run a command of the other monitor; arguments that are None are left out."""
    given = {name.replace("_", "-"): value for name, value in arguments.items() if value is not None}
    return dispatch(call.context, command, given, out_of_band=False)


def _how(call: Call) -> dict[str, Any]:
    """What the commands that copy a drive have in common."""
    given = call.arguments
    return {
        "device": given["device"],
        "target": given["target"],
        "format": given.get("format"),
        "sync": "full" if given.get("full") else "top",
        "mode": "existing" if given.get("reuse") else "absolute-paths",
    }


def eject(call: Call) -> str:
    run(call, "eject", device=call.arguments["device"], force=call.arguments.get("force", False))
    return ""


def change(call: Call) -> str:
    given = call.arguments
    if given["device"] == "vnc":
        if given["target"] not in ("passwd", "password"):
            raise errors.ui.password_expected_after_vnc()
        if "arg" not in given:
            return "terminal does not support password prompting\n"
        run(call, "change-vnc-password", password=given["arg"])
        return ""
    mode = given.get("read-only-mode")
    if mode is not None and mode not in documents.document("block")["$defs"]["BlockdevChangeReadOnlyMode"]["enum"]:
        raise errors.hmp.enum_value_invalid(mode)
    medium = {"device": given["device"], "filename": given["target"], "format": given.get("arg")}
    run(call, "blockdev-change-medium", **medium, force=given.get("force", False), read_only_mode=mode)
    return ""


def block_resize(call: Call) -> str:
    run(call, "block_resize", device=call.arguments["device"], size=call.arguments["size"])
    return ""


def block_set_io_throttle(call: Call) -> str:
    dispatch(call.context, "block_set_io_throttle", call.arguments, out_of_band=False)
    return ""


def block_stream(call: Call) -> str:
    given = call.arguments
    device, speed = given["device"], given.get("speed")
    run(call, "block-stream", job_id=device, device=device, base=given.get("base"), speed=speed, on_error="report")
    return ""


def of_job(command: str) -> Handler:
    """A command that only names a job."""

    def handle(call: Call) -> str:
        run(call, command, device=call.arguments["device"])
        return ""

    return handle


def block_job_cancel(call: Call) -> str:
    run(call, "block-job-cancel", device=call.arguments["device"], force=call.arguments.get("force", False))
    return ""


def block_job_set_speed(call: Call) -> str:
    run(call, "block-job-set-speed", device=call.arguments["device"], speed=call.arguments["speed"])
    return ""


def drive_mirror(call: Call) -> str:
    run(call, "drive-mirror", **_how(call), unmap=True)
    return ""


def drive_backup(call: Call) -> str:
    run(call, "drive-backup", **_how(call), compress=call.arguments.get("compress", False))
    return ""


def snapshot_blkdev(call: Call) -> str:
    given = call.arguments
    if "snapshot-file" not in given:
        raise errors.missing_parameter("snapshot-file")
    mode = "existing" if given.get("reuse") else "absolute-paths"
    image = {"device": given["device"], "snapshot-file": given["snapshot-file"], "format": given.get("format", "qcow2")}
    dispatch(call.context, "blockdev-snapshot-sync", image | {"mode": mode}, out_of_band=False)
    return ""


def snapshot_blkdev_internal(call: Call) -> str:
    run(call, "blockdev-snapshot-internal-sync", device=call.arguments["device"], name=call.arguments["name"])
    return ""


def snapshot_delete_blkdev_internal(call: Call) -> str:
    given = call.arguments
    run(
        call,
        "blockdev-snapshot-delete-internal-sync",
        device=given["device"],
        id=given.get("id"),
        name=given["name"],
    )
    return ""


def commit(call: Call) -> str:
    name = call.arguments["device"]
    if name == "all":
        return ""
    drive = call.context.machine.block.find_drive(name)
    if drive is None:
        return f"{errors.device_not_found(name).desc}\n"
    if drive.node is None:
        return f"{errors.block.device_has_no_medium(name).desc}\n"
    if drive.node.backing is None:
        return f"{errors.block.commit_failed(name, os.strerror(errno.ENOTSUP)).desc}\n"
    return ""


def drive_add(call: Call) -> str:
    pairs = list(qemuopts.split(call.arguments["opts"]))
    options = {pair.name: pair.value for pair in pairs}
    flags = [pair for pair in pairs if pair.flag and pair.flag not in HELP_WORDS]
    told = "".join(errors.options.flag_deprecated(pair.flag, pair.name, pair.value) for pair in flags)
    return told + _add_drive(call, options)


def _add_drive(call: Call, options: dict[str, str]) -> str:
    from qmpd.model.block import legacy

    given, graph = call.arguments, call.context.machine.block
    name = options.get("id")
    try:
        if given.get("node", False):
            if "node-name" not in options:
                return f"{errors.block.drive_add_lacks_name().desc}\n"
            legacy.add_node(graph, options)
            return ""
        if name is not None and graph.find_drive(name) is not None:
            raise errors.options.option_id_duplicate(name, "drive")
        before = set(graph.drives)
        legacy.add_drive(graph, options, call.context.machine.default_interface)
    except QemuError as error:
        return f"{error.desc}\n"
    (drive,) = set(graph.drives) - before
    (place,) = (place for place, at in graph.places.items() if at is drive)
    if place.interface == "none":
        return "OK\n"
    drive.close()
    del graph.places[place]
    return f"{errors.block.drive_not_hot_added(legacy.INTERFACES.index(place.interface)).desc}\n"


def drive_del(call: Call) -> str:
    name = call.arguments["id"]
    graph = call.context.machine.block
    try:
        if graph.find_node(name) is not None:
            graph.delete(name)
            return ""
        drive = graph.find_drive(name)
        if drive is None:
            raise errors.device_not_found(name)
        if drive.node is not None:
            drive.node.check_operation("drive-del")
    except QemuError as error:
        return f"{error.desc}\n"
    drive.name = ""
    graph.places = {place: other for place, other in graph.places.items() if other is not drive}
    drive.remove()
    if drive.slot is None:
        drive.close()
    return ""


def _find_snapshot_disks(call: Call) -> bool:
    """Whether a disk can hold snapshots. Raises QEMU's text for one that should and cannot; drives' come first."""
    nodes = call.context.machine.block.nodes.values()
    able = False
    for node in sorted(nodes, key=lambda node: not node.drives):
        if (node.drives or (node.owned_by_monitor and not node.users)) and not node.read_only:
            if not _can_hold_snapshots(node):
                raise errors.block.snapshots_unsupported(node.device_or_node_name)
            able = True
    return able


def _can_hold_snapshots(node: Node) -> bool:
    below = node.filtered_or_backing if node.driver.is_filter else None
    return node.qcow2 is not None or (below is not None and _can_hold_snapshots(below))


def savevm(call: Call) -> str:
    if _find_snapshot_disks(call):
        raise errors.not_modelled("snapshots of the machine")
    raise errors.block.no_disk_for_snapshots()


def loadvm(call: Call) -> str:
    """The machine stops for it, and stays so: there is no snapshot."""
    call.context.machine.run.stop(State.RESTORE_VM)
    if _find_snapshot_disks(call):
        raise errors.block.snapshot_not_everywhere(call.arguments["name"])
    raise errors.block.no_disk_for_snapshots()


def delvm(call: Call) -> str:
    _find_snapshot_disks(call)
    return ""


def nbd_server_remove(call: Call) -> str:
    mode = "hard" if call.arguments.get("force") else "safe"
    run(call, "nbd-server-remove", name=call.arguments["name"], mode=mode)
    return ""


def nbd_server_add(call: Call) -> str:
    given = call.arguments
    device, name = given["device"], given.get("name")
    run(call, "nbd-server-add", device=device, name=name, writable=given.get("writable", False))
    return ""


def nbd_server_stop(call: Call) -> str:
    run(call, "nbd-server-stop")
    return ""


def nbd_server_start(call: Call) -> str:
    given = call.arguments
    host, colon, port = given["uri"].rpartition(":")
    if not colon:
        raise errors.migration.address_malformed(given["uri"])
    run(call, "nbd-server-start", addr={"type": "inet", "data": {"host": host, "port": port}})
    if given.get("all", False):
        graph = call.context.machine.block
        for drive in [drive for drive in graph.drives if drive.name and drive.node is not None]:
            run(call, "nbd-server-add", device=drive.name, writable=given.get("writable", False))
    return ""


def qemu_io(call: Call) -> str:
    name = call.arguments["device"]
    if call.arguments.get("qdev"):
        raise errors.device_not_found(name)
    graph = call.context.machine.block
    if graph.find_drive(name) is None:
        graph.look_up(None, name)
    raise errors.not_modelled("qemu-io")


# What "info" says


def info_block(call: Call) -> str:
    wanted, verbose = call.arguments.get("device"), call.arguments.get("verbose", False)
    nodes_only = call.arguments.get("nodes", False)
    drives = [] if nodes_only else block_core.query_block(call.context)
    text = _listed(drives, lambda drive: drive["device"], wanted, lambda drive: _drive(drive, verbose))
    if text or (wanted is None and not nodes_only):
        return text
    nodes = block_core.query_named_block_nodes(call.context)
    return _listed(
        nodes, lambda node: node["node-name"], wanted, lambda node: _inserted(node, verbose, node["node-name"])
    )


def _listed(entries: list[dict[str, Any]], name: Any, wanted: str | None, shown: Any) -> str:
    """The entries of a name, or all, with a blank line above each but the first of the whole list."""
    return "".join(
        ("\n" if number else "") + shown(entry)
        for number, entry in enumerate(entries)
        if wanted is None or name(entry) == wanted
    )


def _drive(drive: dict[str, Any], verbose: bool) -> str:
    medium = drive.get("inserted")
    title = drive["device"] or (medium or {}).get("node-name") or drive.get("qdev") or "<anonymous>"
    if medium is not None and drive["device"] and "node-name" in medium:
        title += f" ({medium['node-name']})"
    own = f"    Attached to:      {drive['qdev']}\n" if "qdev" in drive else ""
    if drive.get("io-status", "ok") != "ok":
        own += f"    I/O status:       {drive['io-status']}\n"
    if drive["removable"]:
        tray = "open" if drive.get("tray_open") else "closed"
        own += f"    Removable device: {'' if drive['locked'] else 'not '}locked, tray {tray}\n"
    if medium is None:
        return f"{title}: [not inserted]\n{own}"
    return _inserted(medium, verbose, title, own)


def _inserted(medium: dict[str, Any], verbose: bool, title: str, own: str = "") -> str:
    words = [medium["drv"]]
    words += [word for word, holds in (("read-only", medium["ro"]), ("encrypted", medium["encrypted"])) if holds]
    words += [] if medium["active"] else ["inactive"]
    text = f"{title}: {medium['file']} ({', '.join(words)})\n{own}{_cache(medium['cache'])}"
    if "backing_file" in medium:
        text += f"    Backing file:     {medium['backing_file']} (chain depth: {medium['backing_file_depth']})\n"
    if medium["detect_zeroes"] != "off":
        text += f"    Detect zeroes:    {medium['detect_zeroes']}\n"
    if any(medium[name] for name in ("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")):
        text += f"    I/O throttling:   {' '.join(f'{name}={medium.get(name, 0)}' for name in _THROTTLES)}\n"
    return text + ("\nImages:\n" + "".join(_images(medium["image"])) if verbose else "")


def _cache(cache: dict[str, bool]) -> str:
    words = ["writeback" if cache["writeback"] else "writethrough"]
    words += ["direct"] if cache["direct"] else []
    words += ["ignore flushes"] if cache["no-flush"] else []
    return f"    Cache mode:       {', '.join(words)}\n"


def _images(image: dict[str, Any] | None) -> Iterator[str]:
    while image is not None:
        size = image["virtual-size"]
        yield f"image: {image['filename']}\nfile format: {image['format']}\n"
        yield f"virtual size: {_rounded(size)} ({size} bytes)\n"
        yield f"disk size: {_rounded(image['actual-size'])}\n" if "actual-size" in image else "disk size: unavailable\n"
        if "cluster-size" in image:
            yield f"cluster_size: {image['cluster-size']}\n"
        if "backing-filename" in image:
            full = image.get("full-backing-filename", image["backing-filename"])
            actual = f" (actual path: {full})" if full != image["backing-filename"] else ""
            yield f"backing file: {image['backing-filename']}{actual}\n"
        if "backing-filename-format" in image:
            yield f"backing file format: {image['backing-filename-format']}\n"
        yield from _specific(image.get("format-specific", {}).get("data", {}))
        image = image.get("backing-image")


def _specific(data: dict[str, Any]) -> Iterator[str]:
    """What only images of this format have, in the order in which QEMU's tables list it."""
    if data:
        yield "Format specific information:\n"
    for name in qdict_order(data):
        value = data[name]
        yield f"    {name.replace('-', ' ')}: {str(value).lower() if isinstance(value, bool) else value}\n"


def _rounded(size: int) -> str:
    """Three digits and a unit (util/cutils.c, size_to_str())."""
    unit = max((size.bit_length() - 1) // 10, 0)
    if size >= 1000 << (10 * unit):
        unit += 1
    return f"{size / (1 << 10 * unit):.3g} {_UNITS[unit]}B"


def info_block_jobs(call: Call) -> str:
    jobs = block_core.query_block_jobs(call.context)
    return "".join(map(_job, jobs)) or "No active jobs\n"


def _job(job: dict[str, Any]) -> str:
    what = "Streaming device" if job["type"] == "stream" else f"Type {job['type']}, device"
    return (
        f"{what} {job['device']}: Completed {job['offset']} of {job['len']} bytes, speed limit {job['speed']} bytes/s\n"
    )


def info_blockstats(call: Call) -> str:
    return "".join(
        f"{entry['device']}: " + " ".join(f"{name}={entry['stats'].get(name, 0)}" for name in _COUNTERS) + "\n"
        for entry in block_core.query_blockstats(call.context)
        if "device" in entry
    )


def info_snapshots(call: Call) -> str:
    nodes = call.context.machine.block.nodes.values()
    if any((node.drives or not node.users) and not node.read_only and _can_hold_snapshots(node) for node in nodes):
        return "There is no snapshot available.\n"
    return f"{errors.block.no_disk_for_snapshots().desc}\n"


HANDLERS: Final[dict[str, Handler]] = {
    "block_job_cancel": block_job_cancel,
    "block_job_complete": of_job("block-job-complete"),
    "block_job_pause": of_job("block-job-pause"),
    "block_job_resume": of_job("block-job-resume"),
    "block_job_set_speed": block_job_set_speed,
    "block_resize": block_resize,
    "block_set_io_throttle": block_set_io_throttle,
    "block_stream": block_stream,
    "change": change,
    "commit": commit,
    "delvm": delvm,
    "drive_add": drive_add,
    "drive_backup": drive_backup,
    "drive_del": drive_del,
    "drive_mirror": drive_mirror,
    "eject": eject,
    "loadvm": loadvm,
    "nbd_server_add": nbd_server_add,
    "nbd_server_remove": nbd_server_remove,
    "nbd_server_start": nbd_server_start,
    "nbd_server_stop": nbd_server_stop,
    "qemu-io": qemu_io,
    "savevm": savevm,
    "snapshot_blkdev": snapshot_blkdev,
    "snapshot_blkdev_internal": snapshot_blkdev_internal,
    "snapshot_delete_blkdev_internal": snapshot_delete_blkdev_internal,
}

INFO_HANDLERS: Final[dict[str, Handler]] = {
    "block": info_block,
    "block-jobs": info_block_jobs,
    "blockstats": info_blockstats,
    "snapshots": info_snapshots,
}
