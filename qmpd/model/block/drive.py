"""Drives: what stands between a device, or the user, and a block node. QEMU calls them block backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qmpd import errors
from qmpd.model.block.graph import Edge, Graph, Node
from qmpd.model.block.permissions import ALL, NONE, Demand
from qmpd.model.throttle_group import BUCKETS

if TYPE_CHECKING:
    from qmpd.model.qom import Object


class Slot(Protocol):
    """A device that has a drive, as drives see it. ``tray_open`` is None for one without a tray."""

    removable: bool
    tray_open: bool | None

    @property
    def owner(self) -> Object:
        """The object that QEMU says the drive belongs to."""
        ...

    @property
    def label(self) -> str: ...

    def medium_changed(self, loaded: bool) -> None:
        """The medium or the tray has moved."""


class Drive:
    """``name`` is empty for one that only a device knows; an ``automatic`` one was made for a certain device.

    ``idle`` is what is wanted of the node while there is no device. ``limits`` are those of the throttling group.
    """

    def __init__(self, graph: Graph, name: str = "") -> None:
        self.graph = graph
        self.name = name
        self.slot: Slot | None = None
        self.root: Edge | None = None
        self.demand: Demand = (NONE, ALL)
        self.write_cache = True
        self.reports_status = False
        self.policies = {"werror": "enospc", "rerror": "report"}
        self.account_invalid = True
        self.account_failed = True
        self.read_only = False
        self.automatic = False
        self.is_cdrom = False
        self.is_default = False
        self.origin = ""
        self.idle: Demand = (NONE, ALL)
        self.group = ""
        self.limits: dict[str, int] = {}
        graph.drives.append(self)

    @property
    def node(self) -> Node | None:
        return self.root.child if self.root is not None else None

    @property
    def device_id(self) -> str:
        """The id of the device, or its path; empty without a device."""
        return self.slot.label if self.slot is not None else ""

    @property
    def user_words(self) -> str:
        name = self.name or self.device_id
        return f"block device '{name}'" if name else "an unnamed block device"

    def blocks(self, edge: Edge, operation: str) -> str:
        return ""

    @property
    def shown(self) -> bool:
        """Whether queries tell of it."""
        return bool(self.name) or self.slot is not None

    def insert(self, node: Node) -> None:
        """Put a node in. Raises QEMU's text when its other users do not let it."""
        edge = Edge("root", self, node)
        self.graph.attach(edge, self.demand)
        self.root = edge

    def replace(self, node: Node) -> None:
        """Use another node instead. Raises QEMU's text when its other users do not let it."""
        edge = Edge("root", self, node)
        self.graph.attach(edge, self.demand)
        self.remove()
        self.root = edge

    def remove(self) -> None:
        """Take the node out, if there is one."""
        if self.root is not None:
            edge, self.root = self.root, None
            self.graph.detach(edge)

    def set_demand(self, demand: Demand) -> None:
        """What the device does with the node. Raises QEMU's text when other users do not let it."""
        if self.root is not None:
            self.graph.demand((self.root, demand))
        self.demand = demand

    def close(self) -> None:
        """The drive ends, and lets go of its node."""
        self.remove()
        self.graph.drives.remove(self)

    # Trays

    @property
    def removable(self) -> bool:
        return self.slot is None or self.slot.removable

    @property
    def has_tray(self) -> bool:
        return self.slot is not None and self.slot.tray_open is not None

    @property
    def tray_open(self) -> bool:
        return self.slot is not None and bool(self.slot.tray_open)

    def move_tray(self, open_it: bool) -> None:
        assert self.slot is not None
        if self.tray_open is open_it:
            return
        self.slot.tray_open = open_it
        self.graph.machine.emit("DEVICE_TRAY_MOVED", {"device": self.name, "id": self.device_id, "tray-open": open_it})


def borrow(node: Node, demand: Demand) -> None:
    """Use a node for a moment. Raises QEMU's text when its other users do not let it."""
    drive = Drive(node.graph)
    drive.demand = demand
    try:
        drive.insert(node)
    finally:
        drive.close()


def find_drive(graph: Graph, name: str | None, device_id: str | None) -> Drive:
    """The drive of that name, or of that device. Raises QEMU's text."""
    if (name is None) is (device_id is None):
        raise errors.block.drive_neither_or_both()
    if name is not None:
        drive = graph.find_drive(name)
        if drive is None:
            raise errors.device_not_found(name)
        return drive
    assert device_id is not None
    return _find_by_device(graph, device_id)


def _find_by_device(graph: Graph, device_id: str) -> Drive:
    from qmpd.model.qdev import find_device

    device = find_device(graph.machine, device_id)
    for drive in graph.drives:
        if drive.slot is not None and drive.slot.owner is device:
            return drive
    raise errors.block.device_without_drive()


def open_tray(drive: Drive, shown: str) -> bool:
    """Open the tray; False if there is none. Raises QEMU's text when nothing can be taken out."""
    if not drive.removable:
        raise errors.block.drive_not_removable(shown)
    if not drive.has_tray:
        return False
    drive.move_tray(True)
    return True


def close_tray(drive: Drive, shown: str) -> None:
    """Close the tray, if there is one. Raises QEMU's text when nothing can be taken out."""
    if not drive.removable:
        raise errors.block.drive_not_removable(shown)
    if drive.has_tray:
        drive.move_tray(False)


def remove_medium(drive: Drive, shown: str) -> None:
    """Take the node out of a drive. Raises QEMU's text."""
    if drive.slot is not None and not drive.removable:
        raise errors.block.drive_not_removable(shown)
    if drive.has_tray and not drive.tray_open:
        raise errors.block.tray_not_open(shown)
    if drive.root is not None:
        drive.remove()
        if drive.slot is not None and not drive.has_tray:
            drive.slot.medium_changed(False)


def insert_medium(drive: Drive, node: Node) -> None:
    """Put a node into an empty drive. Raises QEMU's text."""
    if drive.slot is not None and not drive.removable:
        raise errors.block.drive_is_not_removable()
    if drive.has_tray and not drive.tray_open:
        raise errors.block.tray_of_drive_not_open()
    if drive.root is not None:
        raise errors.block.drive_has_medium()
    drive.insert(node)
    if drive.slot is not None and not drive.has_tray:
        drive.slot.medium_changed(True)


def limits_from(arguments: dict[str, Any]) -> dict[str, int]:
    """The members of BlockIOThrottle under the names that throttle groups use."""
    limits = {
        f"{bucket}{part}": int(part == "-max-length") for bucket in BUCKETS for part in ("", "-max", "-max-length")
    }
    limits["iops-size"] = arguments.get("iops_size", 0)
    for bucket in BUCKETS:
        kind, _, what = bucket.partition("-")
        stem = kind + {"total": "", "read": "_rd", "write": "_wr"}[what]
        for part, suffix in (("", ""), ("-max", "_max"), ("-max-length", "_max_length")):
            limits[bucket + part] = arguments.get(stem + suffix, limits[bucket + part])
    return limits
