"""What those properties of ``/machine`` take that have no effect here, where that is more than their type says.

hw/core/machine.c, hw/core/machine-smp.c, hw/i386/x86.c, hw/i386/pc.c, hw/i386/pc_piix.c
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.qom import BOOL, INT, ON_OFF_AUTO, SIZE, STR, STRING, UINT64, Choice, Kind, Object, resolve_link

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

Reader = Callable[["Machine", Any, bool], Any]
"""From a machine, the value as given, and whether it is typed, to what is kept. Raises QEMU's text."""

_LARGEST_FIRMWARE = 16 << 20
_CACHES = ("l1d", "l1i", "l2", "l3")
_SHARED_BY = {"l1d": "core", "l1i": "core", "l2": "core", "l3": "die"}
_LEVELS = ("thread", "core", "module", "cluster", "die", "socket", "book", "drawer", "default")


def _of(name: str, kind: Kind) -> Reader:
    return lambda machine, value, typed: kind.read(value, name, typed)


def _link(name: str, target_type: str) -> Reader:
    def read(machine: Machine, value: object, typed: bool) -> str:
        target = resolve_link(machine, STRING.read(value, name, typed), name, target_type)
        return target.path if target is not None else ""

    return read


def _oem_text(name: str, limit: int) -> Reader:
    def read(machine: Machine, value: object, typed: bool) -> str:
        text: str = STRING.read(value, name, typed)
        if len(text.encode()) > limit:
            raise errors.machine.oem_text_too_long(name, limit)
        return text

    return read


def _max_fw_size(machine: Machine, value: object, typed: bool) -> int:
    size: int = SIZE.read(value, "max-fw-size", typed)
    if size > _LARGEST_FIRMWARE:
        raise errors.machine.firmware_too_large(size)
    return size


def _memory_encryption(machine: Machine, value: object, typed: bool) -> str:
    """An older way to set ``confidential-guest-support``; it always reads empty."""
    name: str = STRING.read(value, "memory-encryption", typed)
    guard: Object | None = machine.objects.child(name)
    if guard is None:
        raise errors.machine.no_memory_encryption_object(name)
    machine.set_property("confidential-guest-support", guard.path)
    return ""


def _nvdimm_persistence(machine: Machine, value: object, typed: bool) -> str:
    domain: str = STRING.read(value, "nvdimm-persistence", typed)
    if domain not in ("cpu", "mem-ctrl"):
        raise errors.machine.nvdimm_persistence_unsupported(domain)
    return domain


def _pcspk_audiodev(machine: Machine, value: object, typed: bool) -> str:
    """The machine passes it on to its speaker, which exists, realized, once the machine does."""
    if machine.initialized:
        raise errors.set_after_realize("audiodev", None, "isa-pcspk")
    name: str = STR.read(value, "pcspk-audiodev", typed)
    if all(audiodev.values.get("id") != name for audiodev in machine.config.audiodevs):
        raise errors.machine.audiodev_not_found(name)
    machine.board_values.setdefault("isa-pcspk", {})["audiodev"] = name
    return name


def _phandle_start(machine: Machine, value: object, typed: bool) -> int:
    """QEMU reads 64 bits and keeps 32."""
    number: int = INT.read(value, "phandle-start", typed)
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def _structures(name: str, members: Mapping[str, Kind], typed: bool, value: object) -> list[dict[str, Any]]:
    """A list of structures that have all of ``members``."""
    if not isinstance(value, list):
        raise errors.invalid_parameter_type(name, "array")
    return [
        _structure(f"{name}[{index}]" if typed else f"{name}.{index}", members, typed, entry)
        for index, entry in enumerate(value)
    ]


def _structure(path: str, members: Mapping[str, Kind], typed: bool, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise errors.invalid_parameter_type(path, "object")
    for name in members:
        if name not in value:
            raise errors.missing_parameter(f"{path}.{name}")
    for name in value:
        if name not in members:
            raise errors.unexpected_parameter(f"{path}.{name}")
    return {name: kind.read(value[name], f"{path}.{name}", typed) for name, kind in members.items()}


def _smp_cache(machine: Machine, value: object, typed: bool) -> Any:
    """As QEMU has it, a topology that is refused in the end is kept all the same."""
    members = {"cache": Choice("CacheLevelAndType", _CACHES), "topology": Choice("CpuTopologyLevel", _LEVELS)}
    placed = {entry["cache"]: entry["topology"] for entry in machine.setting("smp-cache")}
    seen = set()
    for entry in _structures("smp-cache", members, typed, value):
        if entry["cache"] in seen:
            raise errors.machine.cache_given_twice(entry["cache"])
        seen.add(entry["cache"])
        placed[entry["cache"]] = entry["topology"]
        machine.settings["smp-cache"] = [{"topology": placed[cache], "cache": cache} for cache in _CACHES]
    for cache, level in placed.items():
        if level != "default" and not machine.catalogue.is_a(machine.type, "generic-pc-machine"):
            raise errors.machine.cache_topology_unsupported(cache)
        if level == "thread":
            raise errors.machine.cache_level_unsupported(level)
        if level in ("cluster", "book", "drawer"):
            raise errors.machine.topology_level_unsupported(level)
    return machine.setting("smp-cache")


def settle_caches(machine: Machine) -> None:
    """Say of the caches of which nobody said it what shares them; only CPUs know (target/i386/cpu.c)."""
    placed = {entry["cache"]: entry["topology"] for entry in machine.settings["smp-cache"]}
    machine.settings["smp-cache"] = [
        {"topology": _SHARED_BY[cache] if level == "default" else level, "cache": cache}
        for cache, level in placed.items()
    ]


def _cxl_fmw(machine: Machine, value: object, typed: bool) -> list[dict[str, Any]]:
    from qmpd.model.cxl import read_windows

    return read_windows(machine, value, typed)


_CHECKED: dict[str, Reader] = {
    "acpi-device": _link("acpi-device", "hotplug-handler"),
    "confidential-guest-support": _link("confidential-guest-support", "confidential-guest-support"),
    "cxl-fmw": _cxl_fmw,
    "max-fw-size": _max_fw_size,
    "memory-encryption": _memory_encryption,
    "nvdimm-persistence": _nvdimm_persistence,
    "pcspk-audiodev": _pcspk_audiodev,
    "phandle-start": _phandle_start,
    "smbios-entry-point-type": _of("smbios-entry-point-type", Choice("str", ("32", "64", "auto"))),
    "smp-cache": _smp_cache,
    "x-oem-id": _oem_text("x-oem-id", 6),
    "x-oem-table-id": _oem_text("x-oem-table-id", 8),
    "x-south-bridge": _of("x-south-bridge", Choice("PCSouthBridgeOption", ("PIIX3", "piix4-isa"))),
}
_KINDS: dict[str, Kind] = {
    "bool": BOOL,
    "string": STRING,
    "str": STRING,
    "size": SIZE,
    "uint64_t": UINT64,
    "OnOffAuto": ON_OFF_AUTO,
}


def reader(name: str, type_name: str) -> Reader | None:
    """How to read the property ``name`` of the QOM type ``type_name``; None if it cannot be set."""
    if name in _CHECKED:
        return _CHECKED[name]
    kind = _KINDS.get(type_name)
    return _of(name, kind) if kind is not None else None
