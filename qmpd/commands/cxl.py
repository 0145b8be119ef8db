"""qapi/cxl.json: what happens to CXL memory devices. The guest is told, and takes no notice."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.errors import QemuError
from qmpd.model.cxl_type3 import CxlType3
from qmpd.model.qom import AmbiguousPath, resolve

_LINE = 64


def _find(context: Context, path: str, type_name: str = "object") -> object:
    machine = context.machine
    machine.show_boot_tree_for(path)
    try:
        return resolve(machine.root_object, path, type_name)
    except (AmbiguousPath, QemuError):
        return None


def _device(context: Context, path: str) -> CxlType3:
    """The device at ``path``. Raises QEMU's text when there is none, or when it is something else."""
    found = _find(context, path)
    if found is None:
        raise errors.cxl.path_unresolved()
    if not isinstance(found, CxlType3):
        raise errors.cxl.not_a_cxl_device()
    return found


def cxl_inject_general_media_event(context: Context, path: str, **event: Any) -> None:
    _device(context, path)


def cxl_inject_dram_event(context: Context, path: str, **event: Any) -> None:
    _device(context, path)


def cxl_inject_memory_module_event(context: Context, path: str, **event: Any) -> None:
    _device(context, path)


def cxl_inject_poison(context: Context, path: str, start: int, length: int) -> None:
    if length % _LINE:
        raise errors.cxl.poison_in_part()
    if start % _LINE:
        raise errors.cxl.poison_unaligned()
    _device(context, path).add_poison(start, length)


def cxl_inject_uncorrectable_errors(context: Context, path: str, errors: list[dict[str, Any]]) -> None:
    _device(context, path)


def cxl_inject_correctable_error(context: Context, path: str, type: str) -> None:
    _device(context, path)


def cxl_add_dynamic_capacity(
    context: Context, path: str, selection_policy: str, region: int, extents: list[dict[str, Any]], **rest: Any
) -> None:
    if selection_policy != "prescriptive":
        raise errors.cxl.policy_unsupported("Selection")
    _change_capacity(context, path, region, extents, add=True)


def cxl_release_dynamic_capacity(
    context: Context,
    path: str,
    removal_policy: str,
    region: int,
    extents: list[dict[str, Any]],
    forced_removal: bool = False,
    **rest: Any,
) -> None:
    if forced_removal:
        raise errors.cxl.removal_forced()
    if removal_policy != "prescriptive":
        raise errors.cxl.policy_unsupported("Removal")
    _change_capacity(context, path, region, extents, add=False)


def _change_capacity(context: Context, path: str, region: int, extents: list[dict[str, Any]], *, add: bool) -> None:
    device = _find(context, path, "cxl-type3")
    if not isinstance(device, CxlType3):
        raise errors.cxl.device_unresolved()
    device.change_capacity(region, extents, add=add)
