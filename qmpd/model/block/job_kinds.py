"""The kinds of jobs on nodes, and what each leaves behind (block/stream.c, commit.c, mirror.c, backup.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.block.block_jobs import (
    READS,
    BlockJob,
    Settings,
    between,
    chain,
    insert_filter,
    is_there,
    note_backing,
    set_backing,
    take_out,
)
from qmpd.model.block.drive import Drive
from qmpd.model.block.drivers import ACTIVE_COMMIT_TOP, COMMIT_TOP, DRIVERS, MIRROR_TOP
from qmpd.model.block.graph import Node
from qmpd.model.block.permissions import NONE, Permission
from qmpd.model.block.reopening import default_granularity, set_read_only

if TYPE_CHECKING:
    from qmpd.model.block.snapshots import Filename

_BETWEEN = "intermediate node"


class Stream(BlockJob):
    """What lies below a node, down to ``base``, is copied into it and goes from its chain."""

    def __init__(
        self, node: Node, base: Node | None, backing_file: str | None, settings: Settings, name: Filename
    ) -> None:
        self.node, self._base, self._backing_file, self._filename = node, base, backing_file, name
        self._was_read_only = node.read_only
        below = between(node.filtered_or_backing, base)
        set_read_only(node, False)
        self._top = insert_filter(DRIVERS["copy-on-read"], node, settings.filter_node_name)
        try:
            super().__init__("stream", self._top, settings, node.size if below else 0)
            self.use("main node", self._top)
            self.use("active node", node, (NONE, READS | Permission.WRITE))
            for one in below:
                self.use(_BETWEEN, one, (NONE, READS))
        except QemuError:
            self.give_up()
            raise

    def prepare(self) -> None:
        take_out(self._top, self.node)
        if self.node.backing is None:
            return
        set_backing(self.node, self._base)
        if self._base is None:
            note_backing(self.node, "", "")
        else:
            note_backing(self.node, self._backing_file or self._filename(self._base), self._base.driver.name)

    def clean(self) -> None:
        if is_there(self._top):
            take_out(self._top, self.node)
        if self._was_read_only:
            set_read_only(self.node, True)


class Commit(BlockJob):
    """What lies between ``top`` and ``base`` is copied into ``base`` and goes from the chain of ``node``."""

    def __init__(
        self, node: Node, top: Node, base: Node, backing_file: str | None, settings: Settings, name: Filename
    ) -> None:
        self.node, self._below, self._base, self._backing_file, self._filename = node, top, base, backing_file, name
        self._was_read_only = base.read_only
        self._top = insert_filter(COMMIT_TOP, top, settings.filter_node_name)
        try:
            super().__init__("commit", node, settings, top.size)
            self.use("main node", node)
            for one in between(top, base):
                self.use(_BETWEEN, one, (NONE, Permission.WRITE_UNCHANGED | Permission.WRITE))
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
        if is_there(self._top):
            self.let_go()
            take_out(self._top, self._below)


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
        if _unfiltered(node) is _unfiltered(target):
            raise errors.jobs.mirror_into_itself()
        graph = node.graph
        self.node, self._target, self._replaces, self._backing = node, target, replaces, backing
        self._active, self._copy_mode, self._idle = active, copy_mode, total is None
        self._pivots = self._ending = False
        self._was_read_only = target.read_only
        if active:
            set_read_only(target, False)
        self._top = insert_filter(ACTIVE_COMMIT_TOP if active else MIRROR_TOP, node, settings.filter_node_name)
        self._top.bitmaps = [_anonymous_bitmap(target, 0)]
        self._writer = Drive(graph)
        below = between(node, target) if target in chain(node) else []
        shared = Permission.CONSISTENT_READ | Permission.WRITE if below else NONE
        self._writer.demand = (Permission.WRITE, Permission.WRITE_UNCHANGED | shared)
        try:
            super().__init__("commit" if active else "mirror", self._top, settings, total or 0)
            self.use("main node", self._top, (Permission.CONSISTENT_READ, READS | Permission.WRITE))
            self._writer.insert(target)
            self.use("target", target)
            self.use("source", node, (NONE, READS | Permission.WRITE))
            for one in below[1:]:
                self.use(_BETWEEN, one, (NONE, Permission.WRITE_UNCHANGED | Permission.WRITE))
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
            set_backing(self._target, self._backing)
        self._take_out_top()
        replaced = self.node if self._replaces is None else self.graph.require_node(self._replaces)
        others = {self, *self._target.reach()}
        self.graph.move([edge for edge in replaced.users if edge.user not in others], self._target)
        set_read_only(self._target, read_only)
        self.let_go()

    def _take_out_top(self) -> None:
        """Nodes in between may be read again before the node above them is read for others."""
        for edge in [edge for edge in self.edges if edge.name == _BETWEEN]:
            self.edges.remove(edge)
            self.graph.detach(edge)
        take_out(self._top, self.node)

    def clean(self) -> None:
        if self._writer in self.graph.drives:
            self._writer.close()
            self._take_out_top()
            self.let_go()
            if self._active and self._was_read_only:
                set_read_only(self._target, True)


def _unfiltered(node: Node) -> Node:
    while node.driver.is_filter and node.filtered_or_backing is not None:
        node = node.filtered_or_backing
    return node


def _anonymous_bitmap(target: Node, count: int) -> dict[str, Any]:
    told = {"count": count, "granularity": default_granularity(target)}
    return told | dict.fromkeys(("recording", "busy", "persistent"), False)


class Backup(BlockJob):
    """A node as it is now is copied to ``target``. ``total`` is None where only what is overwritten is copied."""

    def __init__(self, node: Node, target: Node, settings: Settings, total: int | None) -> None:
        self.node, self._endless = node, total is None
        self._top = insert_filter(DRIVERS["copy-before-write"], node, settings.filter_node_name, target)
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
        take_out(self._top, self.node)
        self.let_go()
