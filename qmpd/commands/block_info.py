"""What queries tell of nodes and drives (block/qapi.c)."""

from __future__ import annotations

import posixpath
from typing import Any

from qmpd.model.block.drive import Drive
from qmpd.model.block.graph import Edge, Graph, Node
from qmpd.model.block.permissions import ALL, NONE, Permission, Role
from qmpd.wire.encode import encode

_RATES = ("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")


# Names of files


def _shown(node: Node) -> Node:
    """The node itself, or what a job's filter is on top of."""
    while node.is_jobs_own and node.filtered_or_backing is not None:
        node = node.filtered_or_backing
    return node


def _strong_options(node: Node) -> dict[str, Any]:
    """The options that change what is seen through the node."""
    return {name: node.options[name] for name in node.driver.strong if name in node.options}


def _open_options(node: Node) -> dict[str, Any]:
    """What it takes to open the same again."""
    own = {"driver": node.driver.name, **({"filename": node.options["filename"]} if "filename" in node.options else {})}
    node = _shown(node)
    overridden = node.driver.supports_backing and _backing_overridden(node)
    below = {edge.name: _open_options(edge.child) for edge in node.children if edge.name != "backing" or overridden}
    nothing = {"backing": None} if overridden and "backing" not in below else {}
    strong = {name: node.spelled.get(name, value) for name, value in _strong_options(node).items()}
    return own | strong | nothing | below


def exact_filename(node: Node) -> str:
    """The plain file name that leads to the same node again, empty if none does."""
    node = _shown(node)
    driver = node.driver
    if driver.needs_filename:
        return str(node.options["filename"])
    if _strong_options(node):
        return ""
    if driver.name in ("null-co", "null-aio"):
        return f"{driver.name}://"
    below = next((edge.child for edge in node.children if edge.name in ("file", "image")), None)
    name = exact_filename(below) if below is not None else ""
    if not name or below is None:
        return ""
    if driver.name == "blkdebug":
        return f"blkdebug::{name}"
    if driver.name == "snapshot-access":
        return name
    return name if below.driver.is_protocol and not driver.is_filter and not _backing_overridden(node) else ""


def _backing_overridden(node: Node) -> bool:
    """Whether what lies below is something else than the image says."""
    below = node.backing
    said = node.qcow2.backing_file if node.qcow2 is not None else ""
    return bool(said) != (below is not None) or (below is not None and not filename(below).endswith(said))


def filename(node: Node) -> str:
    node = _shown(node)
    return exact_filename(node) or "json:" + encode(_open_options(node)).decode()


def _full_name(node: Node, name: str) -> str:
    """A backing file's name as seen from the image; what begins with a protocol stands by itself."""
    return name if ":" in name.partition("/")[0] else posixpath.join(posixpath.dirname(_path(node)), name)


def _path(node: Node) -> str:
    """The file that a format lies in."""
    below = node.child("file")
    return below.options.get("filename", "") if below is not None else ""


# Nodes


def _allocated(node: Node) -> int | None:
    """Bytes that the files behind a node take; None where nobody can tell."""
    if node.image is not None:
        return node.image.allocated
    if node.driver.is_protocol:
        return 0 if not node.children else None
    sizes = [
        _allocated(edge.child)
        for edge in node.children
        if edge.name != "target" and not (edge.role and edge.role & Role.COW)
    ]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _get_info(node: Node) -> dict[str, Any]:
    """Cluster size and dirtiness, where there is something below that knows."""
    if node.image is not None:
        return {"dirty-flag": False}
    if node.qcow2 is not None:
        return {"cluster-size": node.qcow2.cluster_size, "dirty-flag": node.qcow2.dirty}
    below = node.child("file") if node.driver.name == "raw" else None
    if node.driver.is_filter:
        below = node.filtered_or_backing
    return _get_info(below) if below is not None else {}


def _bitmaps(node: Node) -> dict[str, Any]:
    if not node.written_bitmaps:
        return {}
    from qmpd.model.block import stored_bitmaps

    return stored_bitmaps.told(node)


def _image_info(node: Node, *, flat: bool) -> dict[str, Any]:
    info: dict[str, Any] = {"filename": filename(node), "format": node.driver.name, **_get_info(node)}
    allocated = _allocated(node)
    info |= {"virtual-size": node.size} | ({} if allocated is None else {"actual-size": allocated})
    if node.image is not None:
        info["format-specific"] = {"type": "file", "data": {}}
    if node.qcow2 is not None:
        info["format-specific"] = {"type": "qcow2", "data": node.qcow2.specific | _bitmaps(node)}
        if node.qcow2.backing_file:
            info["backing-filename"] = node.qcow2.backing_file
            info["full-backing-filename"] = _full_name(node, node.qcow2.backing_file)
            if node.qcow2.backing_format:
                info["backing-filename-format"] = node.qcow2.backing_format
    below = node.filtered_or_backing
    if below is not None and not flat:
        info["backing-image"] = _image_info(below, flat=False)
    return info


def device_info(node: Node, drive: Drive | None, *, flat: bool) -> dict[str, Any]:
    """BlockDeviceInfo of a node, as it looks through ``drive``."""
    image = _image_info(node, flat=flat)
    info: dict[str, Any] = {
        "file": filename(node),
        "node-name": node.name,
        "ro": node.read_only,
        "drv": node.driver.name,
        **({} if node.backing is None else {"backing_file": filename(node.backing)}),
        "backing_file_depth": _depth(image),
        "active": node.active,
        "encrypted": False,
        "detect_zeroes": node.detect_zeroes,
        **dict.fromkeys(_RATES, 0),
        "image": image,
        "cache": {
            "writeback": drive.write_cache if drive is not None else True,
            "direct": node.direct,
            "no-flush": node.no_flush,
        },
        "write_threshold": node.write_threshold,
    }
    if node.bitmaps:
        info["dirty-bitmaps"] = [dict(bitmap) for bitmap in node.bitmaps]
    if drive is not None and drive.limits:
        info |= _limits(drive)
    return info


def _depth(image: dict[str, Any]) -> int:
    below = image.get("backing-image")
    return 0 if below is None else 1 + _depth(below)


def _limits(drive: Drive) -> dict[str, Any]:
    told: dict[str, Any] = {"group": drive.group}
    for rate in _RATES:
        kind, _, what = rate.partition("_")
        bucket = f"{kind}-{ {'': 'total', 'rd': 'read', 'wr': 'write'}[what] }"
        told[rate] = drive.limits[bucket]
        if drive.limits[f"{bucket}-max"]:
            told[f"{rate}_max"] = drive.limits[f"{bucket}-max"]
            told[f"{rate}_max_length"] = drive.limits[f"{bucket}-max-length"]
    if drive.limits["iops-size"]:
        told["iops_size"] = drive.limits["iops-size"]
    return told


def named_nodes(graph: Graph, *, flat: bool) -> list[dict[str, Any]]:
    """All nodes, the newest first."""
    return [device_info(node, None, flat=flat) for node in reversed(graph.nodes.values())]


# Drives


def _told_of(node: Node) -> Node:
    """The node below filters that nobody has asked for."""
    while node.implicit and node.filtered_or_backing is not None:
        node = node.filtered_or_backing
    return node


def block_info(drive: Drive) -> dict[str, Any]:
    info: dict[str, Any] = {
        "device": drive.name,
        "type": "unknown",
        "removable": drive.removable,
        "locked": False,
    }
    if drive.device_id:
        info["qdev"] = drive.device_id
    if drive.node is not None:
        info["inserted"] = device_info(_told_of(drive.node), drive, flat=False)
    if drive.has_tray:
        info["tray_open"] = drive.tray_open
    if drive.reports_status:
        info["io-status"] = "ok"
    return info


def drives(graph: Graph) -> list[dict[str, Any]]:
    return [block_info(drive) for drive in graph.drives if drive.shown]


# Statistics

_KINDS = ("rd", "wr", "zone_append")
_COUNTERS = (
    *(f"{kind}_bytes" for kind in (*_KINDS, "unmap")),
    *(f"{kind}_operations" for kind in (*_KINDS, "flush", "unmap")),
    *(f"{kind}_total_time_ns" for kind in (*_KINDS, "flush", "unmap")),
    "wr_highest_offset",
    *(f"{kind}_merged" for kind in (*_KINDS, "unmap")),
    *(f"failed_{kind}_operations" for kind in (*_KINDS, "flush", "unmap")),
    *(f"invalid_{kind}_operations" for kind in (*_KINDS, "flush", "unmap")),
)


def _stats(node: Node | None, *, through_drive: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "stats": dict.fromkeys(_COUNTERS, 0) | {"account_invalid": False, "account_failed": False, "timed_stats": []}
    }
    if node is None:
        return told
    told["node-name"] = node.name
    told["stats"]["wr_highest_offset"] = node.highest_write
    if node.image is not None:
        told["driver-specific"] = {
            "driver": node.driver.name,
            **dict.fromkeys(("discard-nb-ok", "discard-nb-failed", "discard-bytes-ok"), 0),
        }
    below = node.child("file") or node.child("image")
    if below is not None:
        told["parent"] = _stats(below, through_drive=through_drive)
    behind = node.filtered_or_backing
    if through_drive and behind is not None:
        told["backing"] = _stats(behind, through_drive=True)
    return told


def statistics(graph: Graph, *, of_nodes: bool) -> list[dict[str, Any]]:
    """Nothing is read or written, so all counters are zero."""
    if of_nodes:
        return [_stats(node, through_drive=False) for node in graph.nodes.values()]
    told = []
    for drive in graph.drives:
        if drive.shown:
            entry = _stats(drive.node and _told_of(drive.node), through_drive=True) | {"device": drive.name}
            entry["stats"] |= {"account_invalid": drive.account_invalid, "account_failed": drive.account_failed}
            if drive.device_id:
                entry["qdev"] = drive.device_id
            told.append(entry)
    return told


# The graph, for people who debug

_PERMISSIONS = {
    Permission.CONSISTENT_READ: "consistent-read",
    Permission.WRITE: "write",
    Permission.WRITE_UNCHANGED: "write-unchanged",
    Permission.RESIZE: "resize",
}


def graph(whole: Graph) -> dict[str, Any]:
    """Drives and nodes with their uses, the newest first."""
    numbers: dict[object, int] = {}

    def number(thing: object) -> int:
        return numbers.setdefault(thing, len(numbers) + 1)

    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []

    def add_edge(parent: object, edge: Edge) -> None:
        told = {"parent": number(parent), "child": number(edge.child), "name": edge.name}
        wanted, shared = edge.demand if edge.child.active else (NONE, ALL)
        edges.append(told | {"perm": _listed(wanted), "shared-perm": _listed(shared)})

    for drive in whole.drives:
        nodes.append({"id": number(drive), "type": "block-backend", "name": drive.name or drive.device_id})
        if drive.root is not None:
            add_edge(drive, drive.root)
    for job in whole.jobs.values():
        if job.block_info() is not None:
            nodes.append({"id": number(job), "type": "block-job", "name": job.name})
            for edge in job.edges:
                add_edge(job, edge)
    for node in whole.nodes.values():
        nodes.append({"id": number(node), "type": "block-driver", "name": node.name})
        for edge in node.children:
            add_edge(node, edge)
    return {"nodes": nodes[::-1], "edges": edges[::-1]}


def _listed(permissions: Permission) -> list[str]:
    return [name for permission, name in reversed(_PERMISSIONS.items()) if permission & permissions]
