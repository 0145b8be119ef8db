"""What users of a block node may do with it, and what they let others do at the same time (block.c)."""

from __future__ import annotations

from enum import Flag, auto
from typing import TypeAlias


class Permission(Flag):
    """In the order in which QEMU lists them."""

    CONSISTENT_READ = auto()
    WRITE = auto()
    WRITE_UNCHANGED = auto()
    RESIZE = auto()


NONE = Permission(0)
CHANGE = Permission.WRITE | Permission.RESIZE
ALL = CHANGE | Permission.CONSISTENT_READ | Permission.WRITE_UNCHANGED

Demand: TypeAlias = "tuple[Permission, Permission]"
"""What is wanted, and what others may have."""


def words(permissions: Permission) -> str:
    return ", ".join(one.name.lower().replace("_", " ") for one in Permission if one & permissions and one.name)


class Role(Flag):
    """What a child is to its parent."""

    DATA = auto()
    METADATA = auto()
    FILTERED = auto()
    COW = auto()


IMAGE = Role.DATA | Role.METADATA


def child_demand(role: Role, demand: Demand, *, writable: bool) -> Demand:
    """What a node asks of a child, if ``demand`` is asked of it; ``writable`` says whether it may change itself."""
    wanted, shared = demand
    if role & Role.COW:
        others = CHANGE if shared & Permission.WRITE else NONE
        return wanted & Permission.CONSISTENT_READ, others | Permission.CONSISTENT_READ | Permission.WRITE_UNCHANGED
    if role & Role.METADATA:
        wanted |= (CHANGE if writable else NONE) | Permission.CONSISTENT_READ
        shared &= ~CHANGE
    if role & Role.DATA:
        shared &= ~Permission.RESIZE
        if wanted & Permission.WRITE_UNCHANGED:
            wanted |= Permission.WRITE
        if wanted & Permission.WRITE:
            wanted |= Permission.RESIZE
    return wanted, shared
