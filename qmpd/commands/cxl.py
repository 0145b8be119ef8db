"""qapi/cxl.json: events of CXL devices, which no machine here has."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.errors import QemuError
from qmpd.model.qom import AmbiguousPath, resolve

_LINE = 64


def _refuse(context: Context, path: str) -> None:
    """Raise what QEMU says of a path to no CXL device."""
    if not _leads_somewhere(context, path):
        raise errors.rare.path_unresolved()
    raise errors.rare.not_a_cxl_device()


def _leads_somewhere(context: Context, path: str) -> bool:
    try:
        return resolve(context.machine.root_object, path) is not None
    except (AmbiguousPath, QemuError):
        return False


def cxl_inject_general_media_event(context: Context, path: str, **event: Any) -> None:
    _refuse(context, path)


def cxl_inject_dram_event(context: Context, path: str, **event: Any) -> None:
    _refuse(context, path)


def cxl_inject_memory_module_event(context: Context, path: str, **event: Any) -> None:
    _refuse(context, path)


def cxl_inject_poison(context: Context, path: str, start: int, length: int) -> None:
    if length % _LINE:
        raise errors.rare.cxl_poison_in_part()
    if start % _LINE:
        raise errors.rare.cxl_poison_unaligned()
    _refuse(context, path)


def cxl_inject_uncorrectable_errors(context: Context, path: str, errors: list[dict[str, Any]]) -> None:
    _refuse(context, path)


def cxl_inject_correctable_error(context: Context, path: str, type: str) -> None:
    _refuse(context, path)


def cxl_add_dynamic_capacity(context: Context, path: str, selection_policy: str, **capacity: Any) -> None:
    if selection_policy != "prescriptive":
        raise errors.rare.cxl_policy_unsupported("Selection")
    raise errors.rare.cxl_device_unresolved()


def cxl_release_dynamic_capacity(
    context: Context, path: str, removal_policy: str, forced_removal: bool = False, **capacity: Any
) -> None:
    if forced_removal:
        raise errors.rare.cxl_removal_forced()
    if removal_policy != "prescriptive":
        raise errors.rare.cxl_policy_unsupported("Removal")
    raise errors.rare.cxl_device_unresolved()
