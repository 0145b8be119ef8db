"""The properties of ``/machine`` that mean something here, and how to set the others (hw/core/machine.c)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.hashorder import GHashOrder
from qmpd.model import ram
from qmpd.model.geometry import FOUR_GIB
from qmpd.model.qom import BOOL, ON_OFF_AUTO, SIZE, UINT64, Property, attribute, computed, link

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


def _memory(machine: Machine) -> dict[str, int]:
    if not machine.ram_slots:
        return {"size": machine.ram_size}
    return {"size": machine.ram_size, "max-size": machine.maxram_size, "slots": machine.ram_slots}


def _set_memory(machine: Machine, value: object, typed: bool) -> None:
    if not isinstance(value, dict):
        raise errors.invalid_parameter_type("memory", "object")
    sizes = {name: SIZE.read(value[name], f"memory.{name}", typed) for name in ("size", "max-size") if name in value}
    slots = UINT64.read(value["slots"], "memory.slots", typed) if "slots" in value else None
    for name in value:
        if name not in ("size", "max-size", "slots"):
            raise errors.unexpected_parameter(f"memory.{name}")
    ram.set_sizes(machine, sizes.get("size"), slots, sizes.get("max-size"))


def _set_max_ram_below_4g(machine: Machine, value: object, typed: bool) -> None:
    size = SIZE.read(value, "max-ram-below-4g", typed)
    if size > FOUR_GIB:
        raise errors.machine.max_ram_below_4g_too_large(size)
    if size < _LITTLE:
        machine.warn(errors.machine.little_ram_below_4g(size))
    machine.max_ram_below_4g = size


def _set_sgx_epc(machine: Machine, value: object, typed: bool) -> None:
    from qmpd.options import structs, types

    machine.sgx_epc = structs.read(value, types.SGX_EPC, structs.JSON if typed else structs.STRINGS, "sgx-epc")


def _refuse_structure(name: str) -> Callable[[Machine, object, bool], None]:
    """A setter for what only the command line can set here."""

    def refuse(machine: Machine, value: object, typed: bool) -> None:
        if not isinstance(value, dict):
            raise errors.invalid_parameter_type(name, "object")
        raise errors.not_modelled(f"a change of '{name}' on a machine that exists")

    return refuse


def _smp(machine: Machine) -> dict[str, Any]:
    return machine.cpus.smp.config()


def _boot(machine: Machine) -> dict[str, Any]:
    recorded: dict[str, Any] = machine.setting("boot")
    return {**recorded, **machine.config.boot}


def _rtc_time(machine: Machine) -> dict[str, int]:
    """The guest's clock on the wall, as C's ``struct tm`` counts: years from 1900, months from 0."""
    from datetime import UTC, datetime

    now = datetime.fromtimestamp(machine.wall_clock(), UTC)
    return {
        "tm_year": now.year - 1900,
        "tm_mon": now.month - 1,
        "tm_mday": now.day,
        "tm_hour": now.hour,
        "tm_min": now.minute,
        "tm_sec": now.second,
    }


def _set_rtc_time(machine: Machine, value: object, typed: bool) -> None:
    raise errors.property_not_writable("mc146818rtc", "date")


MODELLED = {
    prop.name: prop
    for prop in (
        computed("type", "string", lambda machine: machine.type),
        Property("memory", "MemorySizeConfiguration", _memory, _set_memory),
        Property("smp", "SMPConfiguration", _smp, _refuse_structure("smp")),
        Property("boot", "BootConfiguration", _boot, _refuse_structure("boot")),
        attribute("mem-merge", BOOL),
        attribute("dump-guest-core", BOOL),
        attribute("acpi", ON_OFF_AUTO),
        attribute("nvdimm", BOOL),
        link("memory-backend", "memory-backend"),
        Property("sgx-epc", "SgxEPC", lambda machine: machine.sgx_epc, _set_sgx_epc),
        Property("max-ram-below-4g", "size", lambda machine: machine.max_ram_below_4g, _set_max_ram_below_4g),
        Property("rtc-time", "struct tm", _rtc_time, _set_rtc_time),
    )
}

_LITTLE = 1 << 20
DEVICE_MEMORY = "device-memory[0]"
NVDIMM_IO = "nvdimm-acpi-io[0]"
_FLASH = ("system.flash0", "pflash0", "system.flash1", "pflash1")
_BEGINNING = (
    *("nvdimm", "nvdimm-persistence", "hmat", *_FLASH, "pcspk-audiodev", "cxl", "cxl-fmw"),
    *("unattached", "peripheral", "peripheral-anon"),
)
_BOARDS = {
    "pc-q35": ((), ("fw_cfg", "q35", "smram", "acpi-device", "rtc-time")),
    "pc-i440fx": (("i440fx", "smram"), ("fw_cfg", "rtc-time", "acpi-device")),
}
"""What a board adds to the machine before and after the memory."""
_OF_OTHER_BOARDS = ("fw_cfg", "ioapic", "dma[0]", "dma[1]", "rtc-time")


def before_board(family: str, recorded: Mapping[str, str]) -> list[tuple[str, str]]:
    """The entries of a machine whose board is not made yet, as QEMU lists them: name and type."""
    early, late = _BOARDS.get(family, ((), _OF_OTHER_BOARDS))
    flash = _FLASH if family in _BOARDS else ()
    instance = GHashOrder(name for name in _BEGINNING if name in recorded or name in flash)
    if family not in (*_BOARDS, "isapc"):
        return [(name, kind) for name, kind in recorded.items() if name not in late]
    kinds = {name: "str" if name.startswith("pflash") else "child<cfi.pflash01>" for name in _FLASH} | dict(recorded)
    names = [name for name in recorded if name not in {*early, *late, *instance}]
    return [(name, kinds[name]) for name in (*names, *list(instance)[::-1])]


def instance_order(family: str, added: list[str], recorded: Mapping[str, str]) -> list[str]:
    """The instance's entries as QEMU lists them where the machine has ``added``, in that order, besides ``recorded``
    ones; nothing for families where that is not known.

    The flash chips, which leave when nobody uses them, leave their mark on the order.
    """
    if family not in _BOARDS:
        return []
    early, late = _BOARDS[family]
    whole = [name for name in added if name == ram.RAM]
    memory = [name for name in added if name not in (ram.RAM, NVDIMM_IO, *_FLASH)]
    order = GHashOrder([*_BEGINNING, *whole, *early, *memory])
    used = {
        name.replace("system.flash", kind) for name in added if name in _FLASH for kind in ("system.flash", "pflash")
    }
    for name in reversed(_FLASH):
        if name not in used:
            order.remove(name)
    for name in (*(name for name in late if name in recorded), *(name for name in added if name == NVDIMM_IO)):
        order.add(name)
    return list(order)[::-1]
