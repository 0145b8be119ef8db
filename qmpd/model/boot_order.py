"""In which order devices are booted from: a number belongs to one device at a time (system/bootdevice.c)."""

from __future__ import annotations

from qmpd import errors
from qmpd.model.qom import Object, Root

PREFIX = "bootindex"
_NOT_KEPT = ("ne2k_isa",)  #: they take numbers that are free, but nobody hears of it


def claim(owner: Object, name: str, index: int) -> None:
    """Let the property ``name`` of ``owner`` have the number. Raises QEMU's text when it is taken."""
    holders = _holders(owner)
    if index < 0 or holders is None:
        return
    holder, field = holders.get(index, (None, ""))
    # A holder that has left, or has another number by now, is not told here.
    if holder is not None and _holders(holder) is holders and holder.get_property(field) == index:
        raise errors.device.boot_index_taken(index)
    record(owner, name, index)


def record(owner: Object, name: str, index: int) -> None:
    """Remember who has the number."""
    holders = _holders(owner)
    if holders is not None and index >= 0 and owner.type not in _NOT_KEPT:
        holders[index] = owner, name


def _holders(obj: Object) -> dict[int, tuple[Object, str]] | None:
    root = obj.root
    return root.boot_indices if isinstance(root, Root) else None
