"""Jobs as such: what they go through, and what may be asked of them when (job.c). They do their work at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.creation import CREATABLE, create

if TYPE_CHECKING:
    from qmpd.model.block.graph import Edge, Graph

_ID = r"[A-Za-z][A-Za-z0-9._-]*\Z"
_WORKS = ("running", "paused", "ready", "standby")
_VERBS = {
    "cancel": ("created", *_WORKS, "waiting", "pending"),
    "pause": ("created", *_WORKS),
    "resume": ("created", *_WORKS),
    "set-speed": ("created", *_WORKS),
    "change": ("created", *_WORKS),
    "complete": ("ready", "standby"),
    "finalize": ("pending",),
    "dismiss": ("concluded",),
}
"""In which states a job can be told so."""


def check_id(graph: Graph, name: str) -> None:
    """Raise QEMU's text if no job can be called that."""
    if not re.match(_ID, name):
        raise errors.jobs.job_id_malformed(name)
    if name in graph.jobs:
        raise errors.jobs.job_id_taken(name)


class Job:
    """One job; ``status`` is QEMU's word. ``progress`` and ``total`` count what a kind of job counts.

    Kinds differ in ``prepare``, which makes the result take effect, and ``clean``, which follows in any case.
    """

    def __init__(
        self, graph: Graph, name: str, kind: str, *, auto_finalize: bool = True, auto_dismiss: bool = False
    ) -> None:
        self.graph = graph
        self.name = name
        check_id(graph, name)
        self.kind = kind
        self.auto_finalize = auto_finalize
        self.auto_dismiss = auto_dismiss
        self.group: list[Job] = [self]
        self.status = "undefined"
        self.error = ""
        self.progress, self.total = 0, 1
        self.user_paused = False
        self.cancelled = False
        self.edges: list[Edge] = []
        graph.jobs[name] = self
        self.become("created")

    def become(self, status: str) -> None:
        self.status = status
        self.graph.machine.emit("JOB_STATUS_CHANGE", {"id": self.name, "status": status})

    def info(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.name, "type": self.kind, "status": self.status}
        told |= {"current-progress": self.progress, "total-progress": self.total}
        return told | ({"error": self.error} if self.error else {})

    def block_info(self) -> dict[str, Any] | None:
        """What is told of a job on a node."""
        return None

    def accept(self, verb: str) -> None:
        """Raise QEMU's text unless the job can be told so now."""
        if self.status not in _VERBS[verb]:
            raise errors.jobs.job_verb_refused(self.name, self.status, verb)

    # What kinds of jobs do

    def prepare(self) -> None: ...

    def clean(self) -> None: ...

    def tell_end(self) -> None:
        """The event about it, if the kind has one."""

    def tell_pending(self) -> None: ...

    def proceed(self) -> None:
        """Go on after a pause."""

    def drain(self) -> None:
        """Pause for a moment."""

    # From the work to the end

    def finish(self, failure: QemuError | None = None) -> None:
        """The work is done, or has failed. The jobs of a group end together."""
        if failure is not None:
            for job in self.group:
                job.abort(failure if job is self else errors.jobs.canceled(), cancelled=job is not self)
            return
        self.become("waiting")
        if any(job.status != "waiting" for job in self.group):
            return
        for job in self.group:
            job.become("pending")
            if not job.auto_finalize:
                job.tell_pending()
        if all(job.auto_finalize for job in self.group):
            self.conclude()

    def conclude(self) -> None:
        """Let the results of the group take effect."""
        for job in self.group:
            try:
                job.prepare()
            except QemuError as failure:
                job.abort(failure)
                return
        for job in self.group:
            job.end()

    def abort(self, failure: QemuError, *, cancelled: bool = False) -> None:
        if self.status in ("aborting", "concluded", "null"):
            return
        self.error, self.cancelled = failure.desc, cancelled
        self.become("aborting")
        self.end()

    def end(self) -> None:
        self.clean()
        self.tell_end()
        self.become("concluded")
        if self.auto_dismiss:
            self.forget()

    def forget(self) -> None:
        self.become("null")
        del self.graph.jobs[self.name]

    # What users say

    def pause(self) -> None:
        self.accept("pause")
        if self.user_paused:
            raise errors.jobs.job_already_paused()
        self.user_paused = True
        self.become("standby" if self.status == "ready" else "paused")

    def resume(self) -> None:
        if not self.user_paused:
            raise errors.jobs.job_not_paused()
        self.accept("resume")
        self.end_pause()
        self.proceed()

    def end_pause(self) -> None:
        self.user_paused = False
        self.become("ready" if self.status == "standby" else "running")

    def cancel(self, *, force: bool) -> None:
        self.accept("cancel")
        if self.user_paused:
            self.end_pause()
        for job in self.group:
            job.abort(errors.jobs.canceled(), cancelled=True)

    def complete(self) -> None:
        self.accept("complete")

    def finalize(self) -> None:
        self.accept("finalize")
        self.conclude()

    def dismiss(self) -> None:
        self.accept("dismiss")
        self.forget()


def find_job(graph: Graph, name: str) -> Job:
    """Raises QEMU's text when there is none."""
    if name not in graph.jobs:
        raise errors.jobs.job_not_found()
    return graph.jobs[name]


def create_image(graph: Graph, job_id: str, options: dict[str, Any]) -> None:
    """blockdev-create: start the job. Raises QEMU's text."""
    driver = options["driver"]
    if driver not in CREATABLE:
        raise errors.jobs.blockdev_create_unsupported()
    start(graph, job_id, "create", lambda: create(graph, options), fails_at_once=driver == "file")


def start(graph: Graph, job_id: str, kind: str, work: Callable[[], object], *, fails_at_once: bool = False) -> None:
    """Start a job that does its work at once; what that raises is how the job fails. Raises QEMU's text.

    It concludes after the reply, or before it if it fails and then does so at once.
    """
    job = Job(graph, job_id, kind)
    job.become("running")
    failure = None
    try:
        work()
    except QemuError as error:
        failure = error
    job.progress = job.total
    if failure is not None and fails_at_once:
        job.finish(failure)
    else:
        graph.machine.later(lambda: job.finish(failure))


def check_snapshots(graph: Graph, names: list[str]) -> None:
    """Raise what QEMU says of nodes that are to be in a snapshot; that none is made if nothing is wrong with them."""
    if not names:
        raise errors.block.snapshot_without_device()
    for name in names:
        if graph.find_node(name) is None:
            raise errors.block.snapshot_node_missing(name)
    for node in map(graph.require_node, names):
        if node.qcow2 is None and not node.read_only:
            raise errors.block.snapshots_unsupported(node.device_or_node_name)
    raise errors.not_modelled("snapshots of the machine")
