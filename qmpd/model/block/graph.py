"""The graph of block nodes: who is whose child, what each user may do, and how nodes come and go (block.c)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.permissions import ALL, NONE, Demand, Permission, Role, words

if TYPE_CHECKING:
    from qmpd.model.block.drive import Drive
    from qmpd.model.block.drivers import Driver
    from qmpd.model.block.exports import Export
    from qmpd.model.block.images import Image, Qcow2
    from qmpd.model.block.jobs import Job
    from qmpd.model.block.legacy import Place
    from qmpd.model.machine import Machine
    from qmpd.model.throttle_group import ThrottleGroup

_NAME = r"[A-Za-z][A-Za-z0-9._-]*\Z"
_LONGEST_NAME = 31
_ALLOWED_BELOW = ("commit-target", "stream", "backup-source", "backup-target")
"""What may be done with a node although it lies below another one."""


class User(Protocol):
    """What uses a node: another node, or a drive."""

    @property
    def user_words(self) -> str:
        """What errors call it."""
        ...

    def blocks(self, edge: Edge, operation: str) -> str:
        """Why the node that ``edge`` uses must not go through an operation; empty if it may."""
        ...


class Edge:
    """One use of a node, under a name (``file``, ``backing``, ``root``)."""

    def __init__(self, name: str, user: User, child: Node, role: Role | None = None) -> None:
        self.name = name
        self.user = user
        self.child = child
        self.role = role
        self.wanted, self.shared = NONE, ALL

    @property
    def demand(self) -> Demand:
        return self.wanted, self.shared


class Node:
    """One block node. ``options`` are the driver's own; ``size`` is bytes.

    ``children`` and ``users`` come the newest first, as QEMU keeps them. ``image`` is the file behind a node that has
    one. One that ``inherits`` is read-only whenever its parent is. Filters that ``is_jobs_own`` come and go with a job,
    and ``implicit`` ones are not told of where a drive is. ``highest_write`` is where what was
    written ended.
    """

    def __init__(self, driver: Driver, options: dict[str, Any]) -> None:
        self.driver = driver
        self.options = options
        self.spelled: dict[str, str] = {}  #: options as the command line has them
        self.name = ""
        self._graph: Graph | None = None
        self.size = 0
        self.read_only = False
        self.auto_read_only = False
        self.direct = False
        self.no_flush = False
        self.force_share = False
        self.active = True
        self.detect_zeroes = "off"
        self.write_threshold = 0
        self.highest_write = 0
        self.children: list[Edge] = []
        self.users: list[Edge] = []
        self.owned_by_monitor = False
        self.inherits = False
        self.implicit = False
        self.is_jobs_own = False
        self.image: Image | None = None
        self.qcow2: Qcow2 | None = None
        self.throttle_group: ThrottleGroup | None = None
        self.bitmaps: list[dict[str, Any]] = []
        self.written_bitmaps: set[str] = set()

    @property
    def user_words(self) -> str:
        return f"node '{self.name}'"

    @property
    def has_parent(self) -> bool:
        return any(isinstance(edge.user, Node) for edge in self.users)

    @property
    def has_active_parent(self) -> bool:
        return any(isinstance(edge.user, Node) and edge.user.active for edge in self.users)

    def activate(self) -> None:
        """Let it be used, and what lies below it."""
        for edge in self.children:
            edge.child.activate()
        self.active = True

    def inactivate(self) -> None:
        """Let it be used elsewhere, and what lies below it unless that has other users."""
        if self.active and not self.has_active_parent:
            self.active = False
            for edge in self.children:
                edge.child.inactivate()

    def child(self, name: str) -> Node | None:
        return next((edge.child for edge in self.children if edge.name == name), None)

    @property
    def filtered_or_backing(self) -> Node | None:
        """The child that shows through."""
        role = Role.FILTERED if self.driver.is_filter else Role.COW
        return next((edge.child for edge in self.children if edge.role and edge.role & role), None)

    @property
    def graph(self) -> Graph:
        assert self._graph is not None
        return self._graph

    @property
    def backing(self) -> Node | None:
        """What lies below an overlay."""
        return next((edge.child for edge in self.children if edge.role and edge.role & Role.COW), None)

    @property
    def drives(self) -> list[Drive]:
        """The drives on this node."""
        return [edge.user for edge in self.users if edge.role is None]  # type: ignore[misc]

    @property
    def device_or_node_name(self) -> str:
        return next((drive.name for drive in self.drives if drive.name), self.name)

    def reach(self) -> set[object]:
        """The node, its children and theirs."""
        return {self}.union(*(edge.child.reach() for edge in self.children))

    def check_operation(self, operation: str) -> None:
        """Raise QEMU's text if a job or an overlay stands in the way."""
        for edge in self.users:
            reason = edge.user.blocks(edge, operation)
            if reason:
                raise errors.block.block_node_busy(self.device_or_node_name, reason)

    def blocks(self, edge: Edge, operation: str) -> str:
        if edge.role is None or not edge.role & Role.COW or operation in _ALLOWED_BELOW:
            return ""
        return f"node is used as backing hd of '{self.device_or_node_name}'"

    def demand(self) -> Demand:
        """What all users want together, and what each of them leaves to others."""
        wanted, shared = NONE, ALL
        for edge in self.users:
            wanted |= edge.wanted
            shared &= edge.shared
        return wanted, shared


class Graph:
    """All nodes of one machine, the oldest first."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.nodes: dict[str, Node] = {}
        self.drives: list[Drive] = []
        self.jobs: dict[str, Job] = {}
        self.exports: dict[str, Export] = {}
        self.nbd_server_runs = False
        self.stored_bitmaps: dict[object, list[dict[str, Any]]] = {}
        self.places: dict[Place, Drive] = {}
        self._unnamed = 0

    # Names

    def find_node(self, name: str) -> Node | None:
        return self.nodes.get(name)

    def find_drive(self, name: str) -> Drive | None:
        return next((drive for drive in self.drives if drive.name == name), None) if name else None

    def look_up(self, drive_name: str | None, node_name: str | None) -> Node:
        """The node of a drive, or by its own name. Raises QEMU's text."""
        drive = self.find_drive(drive_name or "")
        if drive is not None:
            if drive.node is None:
                raise errors.block.device_has_no_medium(drive.name)
            return drive.node
        node = self.nodes.get(node_name or "")
        if node is None:
            raise errors.block.block_device_not_found(drive_name or "", node_name or "")
        return node

    def find_root(self, name: str) -> Node:
        """The node of a drive or of this name, if no other node uses it. Raises QEMU's text."""
        node = self.look_up(name, name)
        if any(edge.role is not None for edge in node.users):
            raise errors.block.block_node_not_root()
        return node

    def require_node(self, name: str) -> Node:
        """Raises QEMU's text when there is none of that name."""
        node = self.nodes.get(name)
        if node is None:
            raise errors.block.block_node_not_found(name)
        return node

    def name_node(self, node: Node, name: str | None) -> None:
        """Put the node in the graph, under its name or a new one. Raises QEMU's text."""
        if name is None:
            name = f"#block{self._unnamed}00"  # where QEMU lets chance choose two digits
            self._unnamed += 1
        elif not re.match(_NAME, name):
            raise errors.block.block_node_name_malformed(name)
        if self.find_drive(name) is not None:
            raise errors.block.block_node_name_is_device(name)
        if name in self.nodes:
            raise errors.block.block_node_name_taken(name)
        if len(name.encode()) > _LONGEST_NAME:
            raise errors.block.block_node_name_too_long()
        node.name, node._graph = name, self
        self.nodes[name] = node

    def drain(self) -> None:
        """Requests in flight come to an end, for which jobs pause."""
        for job in list(self.jobs.values()):
            job.drain()

    # Uses

    def walk(self) -> list[Node]:
        """What QEMU finds when it looks for all nodes (block/block-backend.c).

        Those of drives, and of those that clients added the ones that came after the last of these.
        """
        roots = list(dict.fromkeys(drive.node for drive in self.drives if drive.node is not None))
        added = [node for node in self.nodes.values() if node.owned_by_monitor]
        if roots:
            added = added[added.index(roots[-1]) + 1 :] if roots[-1] in added else []
        return [*roots, *(node for node in added if node not in roots)]

    def attach(self, edge: Edge, demand: Demand | None = None) -> None:
        """Let ``edge`` use its child. Raises QEMU's text when others do not let it, and then nothing has changed."""
        if isinstance(edge.user, Node) and edge.user in edge.child.reach():
            raise errors.block.block_cycle(edge.child.name, edge.name, edge.user.name)
        if isinstance(edge.user, Node) and edge.user.active and not edge.child.active:
            raise errors.image.child_is_inactive(edge.child.name, edge.name, edge.user.name)
        wanted = demand[0] if demand is not None else NONE
        if not edge.child.active and wanted & ~Permission.CONSISTENT_READ:
            raise errors.image.node_is_inactive(words(wanted))
        edge.child.users.insert(0, edge)
        if isinstance(edge.user, Node):
            edge.user.children.insert(0, edge)
            assert edge.role is not None
            demand = edge.user.driver.demand(edge.user, edge.role, edge.user.demand())
        try:
            self.demand((edge, demand or (NONE, ALL)))
        except QemuError:
            self._remove(edge)
            raise

    def demand(self, *changes: tuple[Edge, Demand]) -> None:
        """Change what edges may do. Raises QEMU's text when others do not let them, and then nothing has changed."""
        before: dict[Edge, Demand] = {}
        touched: list[Node] = []
        for edge, demand in changes:
            self._set(edge, demand, before, touched)
        try:
            for node in touched:
                self._check(node)
                self._check_locks(node)
        except QemuError:
            for changed, old in before.items():
                changed.wanted, changed.shared = old
            raise

    def _set(self, edge: Edge, demand: Demand, before: dict[Edge, Demand], touched: list[Node]) -> None:
        before.setdefault(edge, edge.demand)
        edge.wanted, edge.shared = demand
        touched.append(edge.child)
        wanted = edge.child.demand()
        for child in edge.child.children:
            assert child.role is not None
            self._set(child, edge.child.driver.demand(edge.child, child.role, wanted), before, touched)

    def _check(self, node: Node) -> None:
        for one in node.users:
            for other in node.users:
                refused = other.wanted & ~one.shared
                if other is not one and refused:
                    raise errors.block.block_permission_conflict(
                        node.name, words(refused), (other.user.user_words, other.name), (one.user.user_words, one.name)
                    )
        if node.demand()[0] & (Permission.WRITE | Permission.WRITE_UNCHANGED) and node.read_only:
            raise errors.block.block_node_read_only()

    def _check_locks(self, node: Node) -> None:
        """Raise QEMU's text when a file is open in another node that does not share it (block/file-posix.c)."""
        if node.image is None or node.options.get("locking") == "off":
            return
        others = [
            other.demand()
            for other in self.nodes.values()
            if other is not node and other.image is not None and other.image.identity == node.image.identity
        ]
        wanted, shared = node.demand()
        for kind, mine, theirs in (
            ("", wanted, [~other[1] for other in others]),
            ("shared ", ~shared, [other[0] for other in others]),
        ):
            for permission in Permission:
                if permission & mine and any(permission & other for other in theirs):
                    raise errors.image.image_lock_failed(kind, words(permission), node.options["filename"])

    def detach(self, edge: Edge) -> None:
        """End the use; a node that nobody uses any more goes."""
        self._remove(edge)
        self._refresh(edge.child)
        self.release(edge.child)

    def move(self, edges: list[Edge], node: Node) -> None:
        """Let ``edges`` use ``node`` instead. Raises QEMU's text when that cannot be, and then nothing has changed."""
        before = [(edge, edge.child) for edge in edges]
        self._point([(edge, node) for edge in edges])
        try:
            for touched in (*dict.fromkeys(child for _, child in before), node):
                self._refresh(touched)
                self._check(touched)
        except QemuError:
            self._point(before)
            for touched in (node, *dict.fromkeys(child for _, child in before)):
                self._refresh(touched)
            raise

    def _point(self, targets: list[tuple[Edge, Node]]) -> None:
        for edge, node in targets:
            edge.child.users.remove(edge)
            edge.child = node
            node.users.insert(0, edge)

    def _remove(self, edge: Edge) -> None:
        edge.child.users.remove(edge)
        if isinstance(edge.user, Node):
            edge.user.children.remove(edge)

    def _refresh(self, node: Node) -> None:
        """Let the children know what is asked of them now."""
        changes = []
        for edge in node.children:
            assert edge.role is not None
            changes.append((edge, node.driver.demand(node, edge.role, node.demand())))
        self.demand(*changes)

    def release(self, node: Node) -> None:
        """Let go of a node that nobody uses, and of its children."""
        if node.users or node.owned_by_monitor:
            return
        if node.bitmaps or self.stored_bitmaps:
            from qmpd.model.block import stored_bitmaps

            stored_bitmaps.keep(self, node)
        self.nodes.pop(node.name, None)
        if node.throttle_group is not None:
            node.throttle_group.members.remove(node)
        for edge in list(node.children):
            self.detach(edge)

    def delete(self, name: str) -> None:
        """blockdev-del. Raises QEMU's text."""
        node = self.require_node(name)
        if node.drives:
            raise errors.block.block_node_has_drive(name)
        node.check_operation("drive-del")
        if not node.owned_by_monitor:
            raise errors.block.block_node_not_owned(name)
        if node.users:
            raise errors.block.block_node_in_use(node.device_or_node_name)
        node.owned_by_monitor = False
        self.release(node)
