"""Jobs that create images or take snapshots. They do their work at once, and are told of as QEMU tells (job.c)."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from qmpd import errors
from qmpd.errors import QemuError

if TYPE_CHECKING:
    from qmpd.model.block.graph import Graph

_ID = r"[A-Za-z][A-Za-z0-9._-]*\Z"
_CREATABLE = frozenset({"file", "luks", "parallels", "qcow", "qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc"})


class Job:
    """One job; ``status`` is QEMU's word."""

    def __init__(self, graph: Graph, name: str, kind: str) -> None:
        self._graph = graph
        self.name = name
        self.kind = kind
        self.status = "undefined"
        self.error = ""
        graph.jobs[name] = self
        self.become("created")

    def become(self, status: str) -> None:
        self.status = status
        self._graph.machine.emit("JOB_STATUS_CHANGE", {"id": self.name, "status": status})

    def conclude(self, failure: QemuError | None) -> None:
        """The work is done, or has failed."""
        if failure is not None:
            self.error = failure.desc
            self.become("aborting")
        else:
            self.become("waiting")
            self.become("pending")
        self.become("concluded")

    def info(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.name, "type": self.kind, "status": self.status}
        told |= {"current-progress": 1, "total-progress": 1}
        return told | ({"error": self.error} if self.error else {})

    def refuse(self, verb: str) -> NoReturn:
        raise errors.block.job_verb_refused(self.name, self.status, verb)

    def dismiss(self) -> None:
        """Forget a job that has concluded. Raises QEMU's text for any other."""
        if self.status != "concluded":
            self.refuse("dismiss")
        self.become("null")
        del self._graph.jobs[self.name]


def find_job(graph: Graph, name: str) -> Job:
    """Raises QEMU's text when there is none."""
    if name not in graph.jobs:
        raise errors.block.job_not_found()
    return graph.jobs[name]


def find_block_job(name: str) -> NoReturn:
    """Raises QEMU's text: no job here works on a node."""
    raise errors.block.block_job_not_found(name)


def create_image(graph: Graph, job_id: str, options: dict[str, Any]) -> None:
    """blockdev-create: start the job. Raises QEMU's text."""
    driver = options["driver"]
    if driver not in _CREATABLE:
        raise errors.block.blockdev_create_unsupported()
    start(graph, job_id, "create", lambda: _create(graph, driver, options), fails_at_once=driver == "file")


def start(graph: Graph, job_id: str, kind: str, work: Callable[[], object], *, fails_at_once: bool = False) -> None:
    """Start a job that does its work at once; what that raises is how the job fails. Raises QEMU's text.

    It concludes after the reply, or before it if it fails and then does so at once.
    """
    if not re.match(_ID, job_id):
        raise errors.block.job_id_malformed(job_id)
    if job_id in graph.jobs:
        raise errors.block.job_id_taken(job_id)
    job = Job(graph, job_id, kind)
    job.become("running")
    failure = None
    try:
        work()
    except QemuError as error:
        failure = error
    if failure is not None and fails_at_once:
        job.conclude(failure)
    else:
        graph.machine.later(lambda: job.conclude(failure))


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


def _create(graph: Graph, driver: str, options: dict[str, Any]) -> None:
    if driver == "file":
        path, size = options["filename"], options["size"]
        try:
            graph.machine.host.images.create(path, size)
        except OSError as error:
            raise errors.block.image_create_failed(path, os.strerror(error.errno or errno.EIO)) from None
        return
    if isinstance(options.get("file"), str):
        graph.look_up(options["file"], options["file"])
    raise errors.not_modelled("writing to images")
