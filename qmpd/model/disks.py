"""Devices with a drive: what each makes of it (hw/block/, hw/scsi/scsi-disk.c, hw/ide/ide-dev.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.attachments import Attached, DriveSlot
from qmpd.model.block.drive import Drive
from qmpd.model.block.permissions import NONE, Permission
from qmpd.model.brought import BroughtBus
from qmpd.model.catalogue_device import CatalogueDevice

if TYPE_CHECKING:
    from qmpd.model.bus import Bus
    from qmpd.model.machine import Machine

_SECTOR = 512
_UNSET = (1 << 32) - 1
_LARGEST_QUEUE = 1024
_SMALLEST_QUEUE = 2
_AUTO_QUEUES = (1 << 16) - 1
_LONGEST_SERIAL = 36
_LONGEST_SERIAL_AS_ID = 20
_SMALLEST_DISCARD = 4096
_MOST_CYLINDERS = 16383
_MOST_NAMESPACES = 256
_STOPPING = frozenset({"enospc", "stop"})


def find_drive(device: CatalogueDevice) -> Drive | None:
    return device.attached.drives.get("drive") if device.attached is not None else None


def _require_medium(device: CatalogueDevice) -> Drive:
    drive = find_drive(device)
    if drive is None:
        raise errors.device.drive_not_set()
    if drive.node is None:
        raise errors.device.media_missing()
    return drive


def _own_drive(device: CatalogueDevice) -> Drive:
    """The device's drive, an empty one if it was told none."""
    drive = find_drive(device)
    if drive is None:
        drive = Drive(device.machine.block)
        drive.slot = DriveSlot(device)
        if device.attached is None:
            device.attached = Attached({}, {}, {}, {})
        device.attached.drives["drive"] = drive
    return drive


def _use(device: CatalogueDevice, drive: Drive, *, writable: bool, resizable: bool) -> None:
    """Ask for what the device does with the drive. Raises QEMU's text."""
    read_only = drive.node.read_only if drive.node is not None else drive.read_only
    wanted = Permission.CONSISTENT_READ | (Permission.WRITE if writable and not read_only else NONE)
    shared = Permission.CONSISTENT_READ | Permission.WRITE_UNCHANGED
    if resizable:
        shared |= Permission.RESIZE
    if device.value("share-rw"):
        shared |= Permission.WRITE
    drive.set_demand((wanted, shared))
    if device.value("write-cache") != "auto":
        drive.write_cache = device.value("write-cache") == "on"
    for name, field in (("account-invalid", "account_invalid"), ("account-failed", "account_failed")):
        if device.value(name) != "auto":
            setattr(drive, field, device.value(name) == "on")


def _report_status(device: CatalogueDevice, drive: Drive) -> None:
    """Tell the drive's status if errors may stop the machine."""
    policies = {name: device.value(name) for name in drive.policies}
    policies = {name: drive.policies[name] if policy == "auto" else policy for name, policy in policies.items()}
    drive.reports_status = not _STOPPING.isdisjoint(policies.values())


def _settle_sizes(device: CatalogueDevice) -> None:
    """Fill in sizes that nobody gave. Raises QEMU's text when they do not fit."""
    for name in ("physical_block_size", "logical_block_size"):
        if not device.values.get(name):
            device.values[name] = _SECTOR
    logical = device.values["logical_block_size"]
    if logical > device.values["physical_block_size"]:
        raise errors.device.logical_block_too_large()
    for name in ("min_io_size", "opt_io_size", "discard_granularity"):
        size = device.values.get(name, _UNSET)
        if size != _UNSET and size % logical:
            raise errors.device.io_size_unaligned(name)


def _settle_discard(device: CatalogueDevice) -> None:
    if device.values.get("discard_granularity", _UNSET) == _UNSET:
        device.values["discard_granularity"] = max(device.values["logical_block_size"], _SMALLEST_DISCARD)


def _settle_geometry(device: CatalogueDevice, drive: Drive, heads_max: int) -> None:
    names = ("cyls", "heads", "secs")
    if not any(device.values.get(name) for name in names):
        sectors = drive.node.size // _SECTOR if drive.node is not None else 0
        device.values |= {"cyls": max(2, min(sectors // (16 * 63), _MOST_CYLINDERS)), "heads": 16, "secs": 63}
    for name, largest in zip(names, (65535, heads_max, 255), strict=True):
        if not 1 <= device.values.get(name, 0) <= largest:
            raise errors.device.geometry_refused(name, largest)


def _virtio_blk(device: CatalogueDevice) -> None:
    drive = _require_medium(device)
    if device.values.get("num-queues", _AUTO_QUEUES) == 0:
        raise errors.device.queues_missing()
    size = device.value("queue-size")
    if size <= _SMALLEST_QUEUE:
        raise errors.device.queue_size_too_small(size)
    if size & (size - 1) or size > _LARGEST_QUEUE:
        raise errors.device.queue_size_refused(size, _LARGEST_QUEUE)
    _use(device, drive, writable=True, resizable=True)
    _settle_geometry(device, drive, 255)
    _settle_sizes(device)
    _report_status(device, drive)


def _scsi_generic(device: CatalogueDevice) -> None:
    """For a device of the host, which a node here never is."""
    _require_medium(device)
    raise errors.device.scsi_version_unknown()


def _scsi_hd(device: CatalogueDevice) -> None:
    _settle_sizes(device)
    drive = _require_medium(device)
    _settle_geometry(device, drive, 255)
    _scsi_disk(device, drive, writable=True)
    if device.value("removable"):
        _make_removable(drive)


def _scsi_cd(device: CatalogueDevice) -> None:
    drive = _own_drive(device)
    _settle_sizes(device)
    _scsi_disk(device, drive, writable=False)
    _make_removable(drive)


def _scsi_disk(device: CatalogueDevice, drive: Drive, *, writable: bool) -> None:
    _use(device, drive, writable=writable, resizable=writable)
    _settle_discard(device)
    serial = device.values.get("serial", "")
    if len(serial) > _LONGEST_SERIAL:
        raise errors.device.scsi_serial_too_long(_LONGEST_SERIAL)
    if not device.values.get("device_id"):
        if len(serial) > _LONGEST_SERIAL_AS_ID:
            raise errors.device.scsi_serial_too_long_for_id(_LONGEST_SERIAL_AS_ID)
        if serial or drive.name:
            device.values["device_id"] = serial or drive.name
    _report_status(device, drive)


def _make_removable(drive: Drive) -> None:
    if drive.slot is not None:
        drive.slot.removable = True
        drive.slot.tray_open = False


def _ide_hd(device: CatalogueDevice) -> None:
    drive = find_drive(device)
    if drive is None:
        raise errors.device.no_drive_specified()
    _settle_ide(device)
    _settle_geometry(device, drive, 16)
    if drive.node is not None and drive.node.read_only:
        raise errors.block.block_node_read_only()
    _use(device, drive, writable=True, resizable=True)
    if drive.node is None:
        raise errors.device.media_missing()
    _name_ide(device, drive)


def _ide_cd(device: CatalogueDevice) -> None:
    drive = _own_drive(device)
    _settle_ide(device)
    _use(device, drive, writable=False, resizable=False)
    _make_removable(drive)
    _name_ide(device, drive)


def _settle_ide(device: CatalogueDevice) -> None:
    given = device.values.get("discard_granularity", _UNSET)
    if given not in (_UNSET, 0, _SECTOR):
        raise errors.device.ide_discard_refused()
    device.values["discard_granularity"] = _SECTOR if given == _UNSET else given
    _settle_sizes(device)
    if device.values["logical_block_size"] != _SECTOR:
        raise errors.device.ide_block_size_refused()


def _name_ide(device: CatalogueDevice, drive: Drive) -> None:
    if not device.values.get("serial"):
        device.values["serial"] = f"QM{_ide_number(device):05}"
    _report_status(device, drive)


def _ide_number(device: CatalogueDevice) -> int:
    """QEMU counts the places for IDE drives, two a bus; those of the board come first."""
    assert device.bus is not None
    born = sorted(bus.place for bus in device.machine.buses.system.walk() if bus.bus_type == "IDE" and bus.place)
    number = len(born) + device.bus.number if isinstance(device.bus, BroughtBus) else born.index(device.bus.place)
    return 2 * number + int(device.value("unit")) + 1


def _floppy(device: CatalogueDevice) -> None:
    drive = _own_drive(device)
    if device.values.get("drive-type", "auto") == "auto":
        for owner, name, value in device.machine.catalogue.compat_props(device.machine.info.name):
            if (owner, name) == ("isa-fdc", "fallback"):
                device.values["drive-type"] = value
    _settle_sizes(device)
    if any(device.values[name] != _SECTOR for name in ("logical_block_size", "physical_block_size")):
        raise errors.device.floppy_block_size_refused()
    _use(device, drive, writable=drive.node is not None, resizable=False)
    if drive.slot is not None:
        drive.slot.removable = True


def _nvme(device: CatalogueDevice) -> None:
    drive = find_drive(device)
    if drive is not None:
        if device.links.get("subsys") is not None:
            raise errors.device.drive_in_subsystem()
        _settle_sizes(device)
        _settle_discard(device)
        _use(device, drive, writable=True, resizable=False)
    if device.type == "nvme" and "serial" in device.values:
        _join_subsystem(device)


def _namespace(device: CatalogueDevice) -> None:
    """Move to the bus of the controller's subsystem, and have a number of its own there."""
    assert device.bus is not None
    controller = device.bus.owner
    assert isinstance(controller, CatalogueDevice)
    subsystem = controller.links["subsys"]
    assert isinstance(subsystem, CatalogueDevice)
    device.bus.detach(device)
    (device.bus,) = subsystem.child_buses
    device.bus.attach(device)
    if find_drive(device) is None:
        return
    number = device.values.get("nsid", 0)
    if number > _MOST_NAMESPACES:
        raise errors.device.namespace_number_refused(_MOST_NAMESPACES)
    _nvme(device)
    taken = set(_namespace_numbers(device.bus, subsystem))
    if number in taken:
        raise errors.device.namespace_number_taken(number)
    device.values["nsid"] = number or next(free for free in range(1, _MOST_NAMESPACES + 2) if free not in taken)


def _namespace_numbers(bus: Bus, subsystem: CatalogueDevice) -> Iterator[int]:
    """Those that are taken: by namespaces, and by the drives of controllers."""
    for other in bus.sitters:
        if isinstance(other, CatalogueDevice) and other.realized:
            yield other.value("nsid")
    for place in subsystem.machine.buses.system.walk():
        for sitter in place.sitters:
            if isinstance(sitter, CatalogueDevice) and sitter.links.get("subsys") is subsystem and find_drive(sitter):
                yield 1


def _join_subsystem(device: CatalogueDevice) -> None:
    """Be in the subsystem that was named, or in one of its own, which stays when the controller leaves."""
    serial = device.values["serial"]
    device.name_buses()
    subsystem = device.links.get("subsys") or _new_subsystem(device.machine, serial)
    assert isinstance(subsystem, CatalogueDevice)
    if subsystem.values.setdefault("serial", serial) != serial:
        raise errors.device.controller_serial_refused()
    device.links["subsys"] = subsystem


def _new_subsystem(machine: Machine, name: str) -> CatalogueDevice:
    from qmpd.model.bus_device import BusDevice

    subsystem = BusDevice(machine, "nvme-subsys")
    subsystem.values["nqn"] = name
    machine.buses.add_unattached(subsystem)
    subsystem.realize()
    subsystem.realized = True
    return subsystem


RULES: dict[str, Callable[[CatalogueDevice], None]] = {
    "virtio-blk-device": _virtio_blk,
    "scsi-hd": _scsi_hd,
    "scsi-cd": _scsi_cd,
    "scsi-generic": _scsi_generic,
    "scsi-block": _scsi_generic,
    "ide-hd": _ide_hd,
    "ide-cf": _ide_hd,
    "ide-cd": _ide_cd,
    "floppy": _floppy,
    "nvme": _nvme,
    "nvme-ns": _namespace,
}
"""What a device of the type checks, and makes of its drive, when it comes to be. Each raises QEMU's text."""
