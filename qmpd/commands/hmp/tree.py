"""Finding objects by their paths, those a machine is born with included."""

from __future__ import annotations

from qmpd.model.machine import Machine
from qmpd.model.qom import AmbiguousPath, Object, resolve


def find_object(board: Machine, path: str) -> Object | None:
    """The one object that ``path``, absolute or partial, leads to."""
    board.show_boot_tree()
    try:
        return resolve(board.root_object, path)
    except AmbiguousPath:
        return None
