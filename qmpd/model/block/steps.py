"""What several commands can do together or not at all: each does its work at once, and can still take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.block.jobs import Job


def _nothing() -> None: ...


class Step(NamedTuple):
    """``commit`` follows when all have gone well, ``undo`` when one has not, ``settle`` when all are committed.

    QEMU begins with the last step. ``job`` is what begins then.
    """

    commit: Callable[[], object] = _nothing
    undo: Callable[[], object] = _nothing
    settle: Callable[[], object] = _nothing
    job: Job | None = None

    def take(self) -> None:
        """Nothing else is to be done."""
        self.commit()
        self.settle()
