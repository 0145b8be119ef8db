"""CXL in a machine's addresses: the host bridges' registers, fixed memory windows (hw/cxl/cxl-host.c, hw/i386/pc.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import StartupError
from qmpd.model.geometry import CXL_REGISTERS, MIB, cxl_windows_start
from qmpd.model.hostmem import Region
from qmpd.model.qom import AmbiguousPath, resolve
from qmpd.model.ram import SYSTEM
from qmpd.options import structs
from qmpd.options.structs import ListOf, Struct

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

ENABLED = "cxl"
_WINDOWS = "cxl-fmw"
_HOST_BRIDGE = "pxb-cxl"
_STRUCT = ListOf(
    Struct((("size", "size", True), ("interleave-granularity", "size", False), ("targets", ListOf("str"), True)))
)
_WAYS = (1, 2, 3, 4, 6, 8, 12, 16)
_GRANULARITIES = tuple(256 << shift for shift in range(7))
_UNIT = 256 * MIB
_BRIDGE_REGISTERS = 64 << 10


def read_windows(machine: Machine, value: object, typed: bool) -> list[dict[str, Any]]:
    """Add windows to those there are. As QEMU has it, a list that is refused is shown all the same."""
    windows: list[dict[str, Any]] = structs.read(value, _STRUCT, structs.JSON if typed else structs.STRINGS, _WINDOWS)
    if not windows:
        shown: list[dict[str, Any]] = machine.setting(_WINDOWS)
        return shown
    machine.settings[_WINDOWS] = windows
    for window in windows:
        granularity = window.get("interleave-granularity", _GRANULARITIES[0])
        if len(window["targets"]) not in _WAYS:
            raise errors.cxl.ways_unsupported(len(window["targets"]))
        if window["size"] % _UNIT:
            raise errors.cxl.window_size_refused()
        if granularity not in _GRANULARITIES:
            raise errors.cxl.granularity_refused(granularity)
        machine.cxl_windows.append((window["size"], window["targets"]))
    return windows


def show_regions(machine: Machine, start: int) -> None:
    """Show the host bridges' registers at ``start``, and the windows behind them."""
    machine.add_child("cxl_host_reg[0]", Region(CXL_REGISTERS, SYSTEM, start))
    addr = cxl_windows_start(start)
    for number, (size, _) in enumerate(machine.cxl_windows):
        machine.add_child(f"cxl-fixed-memory-region[{number}]", Region(size, SYSTEM, addr))
        addr += size


def check_host_bridges(machine: Machine) -> None:
    """Connect the host bridges and the windows' targets. Raises StartupError."""
    enabled = machine.settings.get(ENABLED, False)
    bridges = [bus for bus in machine.buses.expanders if bus.bridges_only_for == _HOST_BRIDGE]
    if bridges and not enabled:
        raise StartupError("", errors.cxl.host_bridges_without_cxl())
    if (len(bridges) - 1) * _BRIDGE_REGISTERS > CXL_REGISTERS:
        raise StartupError("", errors.cxl.host_registers_exhausted())
    if enabled:
        for _, targets in machine.cxl_windows:
            for target in targets:
                _find_target(machine, target)


def _find_target(machine: Machine, path: str) -> None:
    try:
        found = resolve(machine.root_object, path, _HOST_BRIDGE)
    except AmbiguousPath:
        found = None
    if found is None:
        raise StartupError("", errors.cxl.window_target_missing(path))
