"""What jobs on nodes have in common: how they use nodes, how long they take, and the filters they put in (blockjob.c).

No data moves. A job takes no time, or as long as its speed makes it last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.drivers import DRIVERS, Driver
from qmpd.model.block.graph import Edge, Graph, Node
from qmpd.model.block.jobs import Job
from qmpd.model.block.permissions import ALL, NONE, Demand, Permission, Role
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.clock import Handle

READS = Permission.CONSISTENT_READ | Permission.WRITE_UNCHANGED
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
        self.edges = []
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


def insert_filter(driver: Driver, node: Node, name: str | None, target: Node | None = None) -> Node:
    """A filter on top of ``node``, which may have a ``target`` besides. Raises QEMU's text."""
    graph = node.graph
    above = Node(driver, {})
    above.size, above.implicit, above.is_jobs_own = node.size, name is None, True
    above.direct, above.no_flush = node.direct, node.no_flush
    is_usual = driver.name in DRIVERS
    try:
        graph.name_node(above, name)
        users = list(node.users)
        graph.attach(Edge("file" if is_usual else "backing", above, node, Role.FILTERED))
        if target is not None:
            graph.attach(Edge("target", above, target, Role.DATA))
    except QemuError as error:
        graph.release(above)
        raise errors.jobs.filter_not_made(error) if is_usual else error from None
    try:
        graph.move([edge for edge in users if edge.user not in above.reach()], above)
    except QemuError as error:
        graph.release(above)
        raise errors.jobs.filter_not_put_in(error) if is_usual else error from None
    return above


def take_out(above: Node, node: Node) -> None:
    """Let those who use a filter use the node below it instead."""
    node.graph.move(list(above.users), node)
    node.graph.release(above)


def is_there(node: Node) -> bool:
    return node.graph.nodes.get(node.name) is node


def chain(node: Node | None) -> list[Node]:
    """The node and what shows through it."""
    return [] if node is None else [node, *chain(node.filtered_or_backing)]


def between(top: Node | None, base: Node | None) -> list[Node]:
    """The nodes of a chain down to ``base``, which is not among them."""
    nodes = chain(top)
    return nodes[: nodes.index(base)] if base in nodes else nodes


def set_backing(node: Node, below: Node | None) -> None:
    old = next((edge for edge in node.children if edge.name == "backing"), None)
    if below is not None:
        node.graph.attach(Edge("backing", node, below, Role.COW))
    if old is not None:
        node.graph.detach(old)


def note_backing(node: Node, path: str, format_name: str) -> None:
    """Let the image's header name another backing file; the file is left alone."""
    if node.qcow2 is not None:
        node.qcow2 = node.qcow2._replace(backing_file=path, backing_format=format_name)
