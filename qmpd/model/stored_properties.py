"""The properties that devices only store: how they are read, what they are held to, when they can change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model import boot_order
from qmpd.model.attachments import is_attachment, read, take
from qmpd.model.device import static_link
from qmpd.model.macs import normal_mac
from qmpd.model.qom import (
    BOOL,
    INT,
    INT32,
    ON_OFF_AUTO,
    SIZE,
    STR,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Choice,
    Kind,
    Property,
    resolve_link,
)
from qmpd.model.queue_threads import Mappings

if TYPE_CHECKING:
    from qmpd.model.catalogue_device import CatalogueDevice

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *(BOOL, INT, INT32, ON_OFF_AUTO, SIZE, STR, STRING, UINT8, UINT16, UINT32, UINT64),
        Choice("PCIELinkSpeed", ("2_5", "5", "8", "16", "32", "64")),
        Choice("BiosAtaTranslation", ("auto", "none", "lba", "large", "rechs")),
        Choice("BlockdevOnError", ("report", "ignore", "enospc", "stop", "auto")),
        Choice("FloppyDriveType", ("144", "288", "120", "none", "auto")),
        Choice("LostTickPolicy", ("discard", "delay", "slew")),
        Choice("GranuleMode", ("4k", "8k", "16k", "64k", "host")),
        Choice("OffAutoPCIBAR", ("off", "auto", "bar0", "bar1", "bar2", "bar3", "bar4", "bar5")),
        Choice("PCIELinkWidth", ("1", "2", "4", "8", "12", "16", "32")),
        Mappings(),
    )
}
_SMALLEST_BLOCK, _LARGEST_BLOCK = 512, 2 << 20
_LARGEST_32_BITS = 0xFFFFFFFF
_WARNINGS, _WARNINGS_OF_ALL, _WARNING_OF_REGION = "smart_critical_warning", 0x1F, 0x20
SET_ANY_TIME = ("bootindex", "bootindexA", "bootindexB", "attached", _WARNINGS)
"""What devices add to themselves, not to their class: it can be changed later, and is listed with the children."""
_IRQ = "irq"
UUIDS = ("guid", "uuid")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANY_UUID = "auto"
CHOSEN_UUID = "5f0c7a52-3b1e-4d86-a9c4-2e7d1b60f398"
"""What stands for a random one: the machine sees no chance."""


def _check_block_size(device: CatalogueDevice, name: str, size: int) -> int:
    if size and (size & (size - 1) or not _SMALLEST_BLOCK <= size <= _LARGEST_BLOCK):
        raise errors.device.block_size_refused(name, _SMALLEST_BLOCK, _LARGEST_BLOCK)
    return size


def _check_32_bits(device: CatalogueDevice, name: str, size: int) -> int:
    if size > _LARGEST_32_BITS:
        raise errors.device.size_too_large(device.type, name, size, _LARGEST_32_BITS)
    return size


def _check_warnings(device: CatalogueDevice, name: str, warnings: int) -> int:
    has_region = device.realized and device.links.get("pmrdev") is not None
    beyond = warnings & ~(_WARNINGS_OF_ALL | (_WARNING_OF_REGION if has_region else 0))
    if beyond:
        raise errors.device.smart_warning_unsupported(beyond)
    return warnings


def _check_mac(device: CatalogueDevice, name: str, text: str) -> str:
    mac = normal_mac(text)
    if mac is None:
        raise errors.pci.property_value_refused(device.type, name, text)
    return mac


def _check_uuid(device: CatalogueDevice, name: str, text: str) -> str:
    if text == ANY_UUID:
        return CHOSEN_UUID
    if not _UUID.fullmatch(text.lower()):
        raise errors.pci.property_value_refused(device.type, name, text)
    return text.lower()


_CHECKS: Final[dict[str, Callable[[CatalogueDevice, str, Any], Any]]] = {
    **dict.fromkeys(("logical_block_size", "physical_block_size"), _check_block_size),
    **dict.fromkeys(("x-max-bounce-buffer-size", "min_io_size", "opt_io_size", "discard_granularity"), _check_32_bits),
    **dict.fromkeys(("mac", "fp_start_macaddr"), _check_mac),
    **dict.fromkeys(UUIDS, _check_uuid),
    _WARNINGS: _check_warnings,
}
"""What values of properties of these names are held to, whatever the type. The result is the value as it reads then."""


def stored(entry: Mapping[str, Any], *, instance: bool) -> Property:
    """A property that only keeps its value; one of the class cannot change once the device is realized."""
    name, type_name = entry["name"], entry["type"]
    if name.startswith("legacy-") and type_name == "str":
        return _legacy(name, type_name) if instance else Property(name, type_name)
    if type_name.startswith("link<"):
        return _stored_link(name, type_name[len("link<") : -1], instance)
    if is_attachment(name, type_name):
        return _attachment(name, type_name, instance)
    kind = KINDS.get(type_name)

    def set_it(device: CatalogueDevice, value: object, typed: bool) -> None:
        if device.realized and name not in SET_ANY_TIME:
            inner = device.part_with(name) if instance else None
            if inner is not None:
                raise errors.set_after_realize(name, None, inner.type)
            raise errors.set_after_realize(name, device.device_id, device.type)
        if kind is None:
            raise errors.not_modelled(f"property '{name}' of devices of type '{device.type}'")
        read = kind.read(value, name, typed)
        check = _CHECKS.get(name)
        if check is not None:
            read = check(device, name, read)
        if name.startswith(boot_order.PREFIX):
            device.take_boot_index(name, read)
        device.values[name] = read

    return Property(name, type_name, lambda device: device.value(name), set_it, instance=instance)


def _attachment(name: str, type_name: str, instance: bool) -> Property:
    """A property that stands for a drive, a character device or the like."""

    def set_it(device: CatalogueDevice, value: object, typed: bool) -> None:
        take(device, name, value, typed)

    return Property(name, type_name, lambda device: read(device, name), set_it, instance=instance)


def _legacy(name: str, type_name: str) -> Property:
    """A property that was meant for HMP; where it stands for that of an object inside, that object refuses."""

    def set_it(device: CatalogueDevice, value: object, typed: bool) -> None:
        (text,) = device.value(name)
        raise QemuError(text.replace("readable", "writable"))

    return Property(name, type_name, lambda device: device.refused(name), set_it, instance=True)


def shown(name: str, kind: str) -> Property:
    """A property that was recorded, and that nobody can set unless it is where an interrupt goes."""

    def connect(device: CatalogueDevice, value: object, typed: bool) -> None:
        target = resolve_link(device, STRING.read(value, name, typed), name, _IRQ)
        device.values[name] = "" if target is None else target.path

    setter = connect if kind == f"link<{_IRQ}>" else None
    return Property(name, kind, lambda device: device.placed(device.value(name)), setter, instance=True)


def _stored_link(name: str, target_type: str, instance: bool) -> Property:
    declared = static_link(name, target_type, field="_target")
    assert declared.set is not None
    set_target = declared.set

    def set_it(device: CatalogueDevice, value: object, typed: bool) -> None:
        set_target(device, value, typed)
        device.links[name] = vars(device).pop("_target")

    def get(device: CatalogueDevice) -> str:
        target = device.links.get(name)
        if target is None:
            return device.placed(device.value(name)) or ""
        return target.path if target.parent is not None else ""

    return Property(name, declared.type, get, set_it, instance, lambda device: device.links.get(name))
