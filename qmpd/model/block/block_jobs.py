"""Jobs on nodes: stream, commit, mirror, backup (blockjob.c, block/stream.c, commit.c, mirror.c, backup.c).

No data moves. A job takes no time, or as long as its speed makes it last, and in the end the graph is QEMU's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.drive import Drive
from qmpd.model.block.drivers import ACTIVE_COMMIT_TOP, COMMIT_TOP, DRIVERS, MIRROR_TOP, Driver
from qmpd.model.block.graph import Edge, Graph, Node
from qmpd.model.block.jobs import Job
from qmpd.model.block.permissions import ALL, NONE, Demand, Permission, Role
from qmpd.model.block.reopening import default_granularity, set_read_only
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.clock import Handle
    from qmpd.model.block.snapshots import Filename

_READS = Permission.CONSISTENT_READ | Permission.WRITE_UNCHANGED
_NO_ROLE = Role(0)
_FIRST_PIECE = {"stream": 512 << 10, "backup": 1 << 20}
"""Bytes that a job of limited speed has done before it waits for the first time."""


class Settings(NamedTuple):
    """What all commands that start a job have in common."""

    job_id: str | None = None
    speed: int = 0
    auto_finalize: bool = True
    auto_dismiss: bool = True
    filter_node_name: str | None = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> Settings:
        """Out of a command's arguments, whose names have hyphens or underscores."""
        given = {name.replace("-", "_"): value for name, value in options.items()}
        return cls(**{name: given[name] for name in cls._fields if name in given})


class BlockJob(Job):
    """A job that works on nodes: it uses them, and lets nobody else do certain things with them meanwhile."""

    def __init__(self, kind: str, node: Node, settings: Settings, total: int) -> None:
        name = settings.job_id
        if name is None:
            name = next((drive.name for drive in node.drives if drive.name), "")
        self.edges: list[Edge] = []
        super().__init__(
            node.graph,
            name,
            kind,
            auto_finalize=settings.auto_finalize,
            auto_dismiss=settings.auto_dismiss,
        )
        self.total = total
        self.speed = settings.speed
        self.started = self.ready = False
        self.timer: Handle | None = None
        if self.speed < 0:
            raise errors.invalid_parameter_value("speed", "a non-negative value")

    @property
    def user_words(self) -> str:
        return f"{self.kind} job '{self.name}'"

    def blocks(self, edge: Edge, operation: str) -> str:
        return f"block device is in use by block job: {self.kind}"

    def use(self, name: str, node: Node, demand: Demand = (NONE, ALL)) -> None:
        edge = Edge(name, self, node, _NO_ROLE)
        self.graph.attach(edge, demand)
        self.edges.insert(0, edge)

    def let_go(self) -> None:
        edges, self.edges = self.edges, []
        for edge in edges:
            self.graph.detach(edge)

    def forget(self) -> None:
        self.let_go()
        super().forget()

    # What is told

    def told(self) -> dict[str, Any]:
        return {
            "type": self.kind,
            "device": self.name,
            "len": self.total,
            "offset": self.progress,
            "speed": self.speed,
        }

    def block_info(self) -> dict[str, Any]:
        told = {
            **self.told(),
            "busy": False,
            "paused": self.user_paused,
            "io-status": "ok",
            "ready": self.ready and self.status in ("ready", "standby"),
            "status": self.status,
            "auto-finalize": self.auto_finalize,
            "auto-dismiss": self.auto_dismiss,
        }
        return told | ({"error": self.error} if self.error else {})

    def tell_end(self) -> None:
        if not self.started:
            return
        error = {"error": self.error} if self.error and not self.cancelled else {}
        event = "BLOCK_JOB_CANCELLED" if self.cancelled else "BLOCK_JOB_COMPLETED"
        self.graph.machine.emit(event, self.told() | error)

    def tell_pending(self) -> None:
        self.graph.machine.emit("BLOCK_JOB_PENDING", {"type": self.kind, "id": self.name})

    # The work

    def run(self) -> None:
        self.started = True
        self.become("running")
        self.begin()

    def begin(self) -> None:
        if self.total == 0:
            self.worked()
        else:
            self.schedule()

    def schedule(self) -> None:
        """Work for as long as it takes."""
        if self.timer is not None:
            self.timer.cancel()
        if self.speed:
            self.progress = min(max(self.progress, _FIRST_PIECE.get(self.kind, self.total)), self.total)
        self.timer = self.graph.machine.after(self.total / self.speed if self.speed else 0.0, self.worked)

    def worked(self) -> None:
        self.timer = None
        if not self.user_paused:
            self.progress = self.total
            self.finish()

    def proceed(self) -> None:
        if self.timer is None:
            self.schedule()

    def drain(self) -> None:
        if self.status in ("running", "ready") and not self.user_paused:
            before = self.status
            self.become("standby" if before == "ready" else "paused")
            self.become(before)

    def set_speed(self, speed: int) -> None:
        self.accept("set-speed")
        if speed < 0:
            raise errors.invalid_parameter_value("speed", "a non-negative value")
        self.speed = speed
        if self.timer is not None:
            self.schedule()

    def abort(self, failure: QemuError, *, cancelled: bool = False) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        super().abort(failure, cancelled=cancelled)

    def give_up(self) -> None:
        """It cannot even begin."""
        if self.graph.jobs.get(self.name) is self:
            self.forget()
        self.clean()

    def change(self, options: dict[str, Any]) -> None:
        self.accept("change")
        raise errors.jobs.job_cannot_change()


def find_block_job(graph: Graph, name: str) -> BlockJob:
    """Raises QEMU's text when there is no job of that name, or it works on no node."""
    job = graph.jobs.get(name)
    if not isinstance(job, BlockJob):
        raise errors.jobs.block_job_not_found(name)
    return job


def cancel(job: BlockJob, *, force: bool) -> None:
    """block-job-cancel. Raises QEMU's text."""
    if job.user_paused and not force:
        raise errors.jobs.block_job_paused(job.name)
    job.cancel(force=force)


# Filters, which stand between a node and whoever uses it while a job works


def _insert(driver: Driver, node: Node, name: str | None, target: Node | None = None) -> Node:
    """A filter on top of ``node``, which may have a ``target`` besides. Raises QEMU's text."""
    graph = node.graph
    above = Node(driver, {})
    above.size, above.implicit, above.is_jobs_own = node.size, name is None, True
    above.direct, above.no_flush = node.direct, node.no_flush
    graph.name_node(above, name)
    users = list(node.users)
    try:
        graph.attach(Edge("file" if driver.name in DRIVERS else "backing", above, node, Role.FILTERED))
        if target is not None:
            graph.attach(Edge("target", above, target, Role.DATA))
        graph.move(users, above)
    except QemuError:
        graph.release(above)
        raise
    return above


def _take_out(above: Node, node: Node) -> None:
    """Let those who use a filter use the node below it instead."""
    node.graph.move(list(above.users), node)
    node.graph.release(above)


def _is_there(node: Node) -> bool:
    return node.graph.nodes.get(node.name) is node


def chain(node: Node | None) -> list[Node]:
    """The node and what shows through it."""
    return [] if node is None else [node, *chain(node.filtered_or_backing)]


def between(top: Node | None, base: Node | None) -> list[Node]:
    """The nodes of a chain down to ``base``, which is not among them."""
    nodes = chain(top)
    return nodes[: nodes.index(base)] if base in nodes else nodes


def _set_backing(node: Node, below: Node | None) -> None:
    old = next((edge for edge in node.children if edge.name == "backing"), None)
    if below is not None:
        node.graph.attach(Edge("backing", node, below, Role.COW))
    if old is not None:
        node.graph.detach(old)


def note_backing(node: Node, path: str, format_name: str) -> None:
    """Let the image's header name another backing file; the file is left alone."""
    if node.qcow2 is not None:
        node.qcow2 = node.qcow2._replace(backing_file=path, backing_format=format_name)


# The kinds


class Stream(BlockJob):
    """What lies below a node, down to ``base``, is copied into it and goes from its chain."""

    def __init__(
        self, node: Node, base: Node | None, backing_file: str | None, settings: Settings, name: Filename
    ) -> None:
        self.node, self._base, self._backing_file, self._filename = node, base, backing_file, name
        self._was_read_only = node.read_only
        below = between(node.filtered_or_backing, base)
        set_read_only(node, False)
        try:
            self._top = _insert(DRIVERS["copy-on-read"], node, settings.filter_node_name)
        except QemuError as error:
            raise errors.jobs.filter_not_made(error) from None
        try:
            super().__init__("stream", self._top, settings, node.size if below else 0)
            self.use("main node", self._top)
            self.use("active node", node, (NONE, _READS | Permission.WRITE))
            for one in below:
                self.use("intermediate node", one, (NONE, _READS))
        except QemuError:
            self.give_up()
            raise

    def prepare(self) -> None:
        _take_out(self._top, self.node)
        if self.node.backing is None:
            return
        _set_backing(self.node, self._base)
        if self._base is None:
            note_backing(self.node, "", "")
        else:
            note_backing(self.node, self._backing_file or self._filename(self._base), self._base.driver.name)

    def clean(self) -> None:
        if _is_there(self._top):
            _take_out(self._top, self.node)
        if self._was_read_only:
            set_read_only(self.node, True)


class Commit(BlockJob):
    """What lies between ``top`` and ``base`` is copied into ``base`` and goes from the chain of ``node``."""

    def __init__(
        self, node: Node, top: Node, base: Node, backing_file: str | None, settings: Settings, name: Filename
    ) -> None:
        self.node, self._below, self._base, self._backing_file, self._filename = node, top, base, backing_file, name
        self._was_read_only = base.read_only
        self._top = _insert(COMMIT_TOP, top, settings.filter_node_name)
        try:
            super().__init__("commit", node, settings, top.size)
            self.use("main node", node)
            for one in between(top, base):
                self.use("intermediate node", one, (NONE, Permission.WRITE_UNCHANGED | Permission.WRITE))
            self.use("base", base)
        except QemuError:
            self.give_up()
            raise

    def prepare(self) -> None:
        self._base.size = max(self._base.size, self._below.size)
        overlays = [edge.user for edge in self._top.users if isinstance(edge.user, Node)]
        self.graph.move(list(self._top.users), self._base)
        self.graph.release(self._top)
        for overlay in overlays:
            note_backing(overlay, self._backing_file or self._filename(self._base), self._base.driver.name)

    def schedule(self) -> None:
        """What is in an overlay here takes no time to copy, at any speed."""
        self.timer = self.graph.machine.after(0.0, self.worked)

    def clean(self) -> None:
        if _is_there(self._top):
            self.let_go()
            _take_out(self._top, self._below)


class Mirror(BlockJob):
    """A node is copied to ``target`` until somebody says that it shall take the node's place, or that it is enough.

    With ``active`` it is the commit of the topmost image into one below. ``total`` is None where nothing is copied.
    ``backing`` lies below the target in the end.
    """

    def __init__(
        self,
        node: Node,
        target: Node,
        settings: Settings,
        total: int | None,
        *,
        active: bool = False,
        replaces: str | None = None,
        backing: Node | None = None,
        copy_mode: str = "background",
    ) -> None:
        graph = node.graph
        self.node, self._target, self._replaces, self._backing = node, target, replaces, backing
        self._active, self._copy_mode, self._idle = active, copy_mode, total is None
        self._pivots = self._ending = False
        self._was_read_only = target.read_only
        if active:
            set_read_only(target, False)
        self._top = _insert(ACTIVE_COMMIT_TOP if active else MIRROR_TOP, node, settings.filter_node_name)
        self._top.bitmaps = [_anonymous_bitmap(target, 0)]
        self._writer = Drive(graph)
        below = between(node, target) if target in chain(node) else []
        shared = Permission.CONSISTENT_READ | Permission.WRITE if below else NONE
        self._writer.demand = (Permission.WRITE, Permission.WRITE_UNCHANGED | shared)
        try:
            super().__init__("commit" if active else "mirror", self._top, settings, total or 0)
            self.use("main node", self._top, (Permission.CONSISTENT_READ, _READS | Permission.WRITE))
            self._writer.insert(target)
            self.use("target", target)
            self.use("source", node, (NONE, _READS | Permission.WRITE))
            for one in below[1:]:
                self.use("intermediate node", one, (NONE, Permission.WRITE_UNCHANGED | Permission.WRITE))
        except QemuError:
            self.give_up()
            raise

    def block_info(self) -> dict[str, Any]:
        told = super().block_info()
        told["paused"] = told["paused"] or self.status == "pending"
        return told | ({} if self._active else {"actively-synced": self._copy_mode == "write-blocking" and self.ready})

    def begin(self) -> None:
        if not self._active and self.node.size != self._target.size:
            self.total = 0
            self.graph.machine.later(lambda: self.finish(errors.jobs.sizes_differ()))
        elif self._idle:
            self.worked()
        else:
            self.schedule()

    def worked(self) -> None:
        self.timer = None
        if self.user_paused:
            return
        if self._ending:
            self.finish()
            return
        self.progress, self.ready = self.total, True
        self.become("ready")
        self.graph.machine.emit("BLOCK_JOB_READY", self.told())

    def proceed(self) -> None:
        if self._ending:
            self._end_soon()
        elif not self.ready:
            super().proceed()

    def complete(self) -> None:
        super().complete()
        if self._replaces is not None and self.graph.find_node(self._replaces) is None:
            raise errors.block.node_not_found(self._replaces)
        self._pivots = True
        self._end_soon()

    def _end_soon(self) -> None:
        self._ending = True
        if not self.user_paused:
            self.graph.machine.later(self.worked)

    def cancel(self, *, force: bool) -> None:
        self.accept("cancel")
        if self.status == "pending":
            super().cancel(force=force)
        elif self.ready and not force:
            self._end_soon()
        else:
            if self.user_paused:
                self.end_pause()
            self.graph.machine.later(lambda: self.abort(errors.jobs.canceled(), cancelled=True))

    def change(self, options: dict[str, Any]) -> None:
        self.accept("change")
        mode = options["copy-mode"]
        if mode == self._copy_mode:
            return
        if mode != "write-blocking":
            raise errors.jobs.copy_mode_not_changed(mode)
        self._copy_mode = mode

    def prepare(self) -> None:
        if not self._pivots:
            return
        read_only = self.node.read_only
        self._writer.close()
        if self._backing is not None and self._target.backing is None and self._target.driver.supports_backing:
            _set_backing(self._target, self._backing)
        _take_out(self._top, self.node)
        replaced = self.node if self._replaces is None else self.graph.require_node(self._replaces)
        below = chain(self._target)
        self.graph.move([edge for edge in replaced.users if edge.user not in (self, *below)], self._target)
        set_read_only(self._target, read_only)
        self.let_go()

    def clean(self) -> None:
        if self._writer in self.graph.drives:
            self._writer.close()
            _take_out(self._top, self.node)
            self.let_go()
            if self._active and self._was_read_only:
                set_read_only(self._target, True)


def _anonymous_bitmap(target: Node, count: int) -> dict[str, Any]:
    told = {"count": count, "granularity": default_granularity(target)}
    return told | dict.fromkeys(("recording", "busy", "persistent"), False)


class Backup(BlockJob):
    """A node as it is now is copied to ``target``. ``total`` is None where only what is overwritten is copied."""

    def __init__(self, node: Node, target: Node, settings: Settings, total: int | None) -> None:
        self.node, self._endless = node, total is None
        try:
            self._top = _insert(DRIVERS["copy-before-write"], node, settings.filter_node_name, target)
        except QemuError as error:
            raise errors.jobs.filter_not_made(error) from None
        self._top.bitmaps = [_anonymous_bitmap(target, count) for count in (node.size, 0, node.size)]
        try:
            super().__init__("backup", self._top, settings, node.size if total is None else total)
            self.use("main node", self._top)
            self.use("target", target)
        except QemuError:
            self.give_up()
            raise

    def run(self) -> None:
        self.started = True
        self.become("running")
        self.become("paused")

    def go_on(self) -> None:
        """The node is not drained any more."""
        self.become("running")
        if not self._endless:
            self.begin()

    def schedule(self) -> None:
        super().schedule()
        self._top.bitmaps[-1]["count"] = self.total - self.progress

    def clean(self) -> None:
        _take_out(self._top, self.node)
        self.let_go()
