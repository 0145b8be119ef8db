"""Adding and removing devices: what QEMU checks, in its order (system/qdev-monitor.c, hw/core/qdev-hotplug.c)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.boot_tree import BootObject
from qmpd.model.device import ANY_BUS, Device, leave
from qmpd.model.device import deletion as deletion
from qmpd.model.objects import property_order
from qmpd.model.qom import Object, resolve_at
from qmpd.options.values import GlobalText

if TYPE_CHECKING:
    from qmpd.model.board import Seat
    from qmpd.model.bus import Bus
    from qmpd.model.machine import Machine

TYPES: dict[str, tuple[str, str]] = {
    "pc-dimm": ("pc_dimm", "PcDimm"),
    "nvdimm": ("nvdimm", "Nvdimm"),
    "virtio-mem-pci": ("virtio_mem", "VirtioMemPci"),
    "virtio-pmem-pci": ("virtio_pmem", "VirtioPmemPci"),
    "vmbus-bridge": ("hyperv", "VmbusBridge"),
    "hv-balloon": ("hyperv", "HvBalloon"),
    **dict.fromkeys(
        ("virtio-rng-pci", "virtio-rng-pci-transitional", "virtio-rng-pci-non-transitional"),
        ("virtio_rng", "VirtioRngPci"),
    ),
    **dict.fromkeys(
        ("virtio-balloon-pci", "virtio-balloon-pci-transitional", "virtio-balloon-pci-non-transitional"),
        ("virtio_balloon", "VirtioBalloonPci"),
    ),
    **dict.fromkeys(("pxb", "pxb-pcie", "pxb-cxl"), ("pxb", "Pxb")),
    "cxl-type3": ("cxl_type3", "CxlType3"),
    "igb": ("sriov", "Igb"),
    **dict.fromkeys(
        (
            *("virtio-scsi-pci", "virtio-scsi-pci-transitional", "virtio-scsi-pci-non-transitional"),
            *("virtio-blk-pci", "virtio-blk-pci-transitional", "virtio-blk-pci-non-transitional"),
        ),
        ("virtio_queues", "QueuesPci"),
    ),
    **dict.fromkeys(
        (
            *("pcie-root-port", "ioh3420", "x3130-upstream", "xio3130-downstream"),
            *("cxl-rp", "cxl-upstream", "cxl-downstream"),
            *("pci-bridge", "pci-bridge-seat", "pcie-pci-bridge", "i82801b11-bridge"),
        ),
        ("pci_bridge", "Bridge"),
    ),
    **dict.fromkeys(
        (
            f"vhost-{name}-pci{variant}"
            for names, variants in (
                ("user-fs user-gpio user-i2c user-input user-rng user-snd", ("",)),
                ("vsock user-vsock", ("", "-non-transitional")),
                ("scsi user-blk user-scsi vdpa-device", ("", "-transitional", "-non-transitional")),
            )
            for name in names.split()
            for variant in variants
        ),
        ("vhost", "VhostPci"),
    ),
}
"""Where the class of each type is: module in this package, name. A module is only loaded when it has a device."""


_NAMESAKES = {"pc-q35": "q35", "pc-i440fx": "pc"}
"""Machines of a family take the same devices as the one that goes by the short name."""


def device_add(machine: Machine, options: Mapping[str, Any], typed: bool = True, seat: Seat | None = None) -> Device:
    """Create, check and plug the device that ``options`` describe; ``typed`` says that values obey their JSON type.

    ``seat`` is for devices of the board.

    Raises QEMU's text, and then nothing has changed.
    """
    driver = options.get("driver")
    if not isinstance(driver, str):
        raise errors.missing_parameter("driver")
    type_name = driver if driver in TYPES else _find_type(machine, driver)
    create = _device_class(machine, type_name)
    bus_type = create.bus_type if create is not None else ANY_BUS
    if bus_type == ANY_BUS:
        bus_type = machine.catalogue.type_info(type_name).bus
    if bus_type == "System":
        _find_type(machine, driver)
    bus = None
    if bus_type is not None or isinstance(options.get("bus"), str):
        bus = machine.buses.choose(type_name, bus_type, options.get("bus"))
    if create is None:
        raise _refusal(machine, type_name, bus, options)
    device = create(machine, type_name)
    apply_globals(machine, device)
    if machine.ready:
        _check_hotplug(machine, device, bus)
    if seat is None:
        _name(machine, device, options.get("id"))
    else:
        seat.parent.add_child(seat.name, device)
    device.bus = bus
    try:
        properties = {name: value for name, value in options.items() if name not in ("driver", "bus", "id")}
        for name in property_order(properties):
            device.set_property(name, properties[name], typed)
        device.check_address()
        if bus is not None:
            if seat is None:
                bus.attach(device)
            else:
                bus.attach_after(seat.turn, device, seat.before)
        device.pre_plug()
        device.realize()
    except QemuError:
        if device.bus is not None and device in device.bus.sitters:
            device.bus.detach(device)
        for part in (*device.parts(), device):
            if isinstance(part, Device):
                part.abandon(unplugged=False)
        device.unparent()
        raise
    device.realized = True
    device.plug()
    return device


CPU_SUFFIX = "-x86_64-cpu"


def _find_type(machine: Machine, driver: str) -> str:
    """The type that ``driver`` means. Raises QEMU's text when it is none that users can create."""
    catalogue = machine.catalogue
    type_name = catalogue.device_type(driver)
    if type_name is None or not catalogue.is_a(type_name, "device"):
        raise errors.not_a_device_model(driver)
    info = catalogue.type_info(type_name)
    if info.abstract:
        raise errors.invalid_parameter_value("driver", "a non-abstract device type")
    if not info.user_creatable:
        raise errors.invalid_parameter_value("driver", "a pluggable device type")
    family = machine.info.name.rpartition("-")[0] or machine.info.name
    if catalogue.is_a(type_name, "sys-bus-device") and _NAMESAKES.get(family, family) not in info.machines:
        raise errors.invalid_parameter_value("driver", "a dynamic sysbus device type for the machine")
    return type_name


def _device_class(machine: Machine, type_name: str) -> type[Device] | None:
    """The class that models ``type_name``, None if nothing does."""
    place = TYPES.get(type_name)
    if place is None and type_name.endswith(CPU_SUFFIX) and machine.cpu_count:
        from qmpd.model.cpu_device import CpuDevice

        return CpuDevice
    if place is None:
        from qmpd.model.ordinary_pci import ordinary_class

        return ordinary_class(machine.catalogue, type_name)
    return _load(*place)


@cache
def _load(module: str, name: str) -> type[Device]:
    found: type[Device] = getattr(import_module(f"qmpd.model.{module}"), name)
    return found


def _refusal(machine: Machine, type_name: str, bus: Bus | None, options: Mapping[str, Any]) -> QemuError:
    """Why a device of a type that is not modelled cannot be added."""
    if machine.ready:
        if machine.catalogue.type_info(type_name).hotpluggable is False:
            return errors.device_not_hotpluggable(type_name)
        if bus is not None and not bus.hotpluggable:
            return errors.bus_not_hotpluggable(bus.bus_name)
        if bus is None:
            return errors.machine_cannot_hotplug(type_name)
    return errors.not_modelled(f"devices of type '{type_name}'")


def apply_globals(machine: Machine, device: Device) -> None:
    """Set what ``-global`` says of such devices, those inside first; once the machine runs mistakes are warned of."""
    for part in (*device.parts(), device) if machine.config.globals else ():
        for owner, name, value in machine.config.globals:
            if not isinstance(part, Device) or not part.is_a(owner):
                continue
            try:
                part.set_property(name, GlobalText(value), typed=False)
            except QemuError as error:
                failure = errors.machine.global_not_applicable(owner, name, value, error)
                if not machine.ready:
                    raise failure from None
                machine.warn(failure.desc)


def _check_hotplug(machine: Machine, device: Device, bus: Bus | None) -> None:
    """Raise QEMU's text when a device of this type cannot come or go while the machine runs."""
    if not device.class_hotpluggable:
        raise errors.device_not_hotpluggable(device.type)
    if bus is not None:
        if not bus.hotpluggable:
            raise errors.bus_not_hotpluggable(bus.bus_name)
    elif not device.machine_takes_it:
        raise errors.machine_cannot_hotplug(device.type)


def _name(machine: Machine, device: Device, device_id: object) -> None:
    """Put the device into the tree, under its id or the next number."""
    if not isinstance(device_id, str):
        machine.peripheral_anon.add_child(f"device[{machine.anonymous_devices}]", device)
        machine.anonymous_devices += 1
        return
    try:
        machine.peripheral.add_child(device_id, device)
    except QemuError:
        raise errors.device_id_taken(device_id) from None
    device.device_id = device_id


def find_device(machine: Machine, path: str) -> Object:
    """The device with this id or path. Raises QEMU's text when there is none, or when it is something else."""
    start = machine.root_object if path.startswith("/") else machine.peripheral
    parts = path.split("/")
    found = resolve_at(start, parts)
    if found is None and path.startswith("/"):
        machine.show_boot_tree()
        found = resolve_at(start, parts)
    if found is None:
        raise errors.device_not_found(path)
    if not found.is_a("device"):
        raise errors.not_a_device(path)
    return found


def device_del(machine: Machine, path: str) -> None:
    """Ask the guest to let go of a device. Raises QEMU's text when it cannot be asked."""
    device = find_device(machine, path)
    if not isinstance(device, Device):
        at_start = isinstance(device, BootObject) or device.is_a("cpu") or device.is_a("sys-bus-device")
        raise _boot_device_stays(machine, device) if at_start else errors.machine_cannot_hotplug(device.type)
    if device.unplug_pending(machine.guest_milliseconds()):
        raise errors.pci.unplug_is_pending(path)
    _check_hotplug(machine, device, device.bus)
    device.unplug_request()


def _boot_device_stays(machine: Machine, device: Object) -> QemuError:
    if device.is_a("cpu"):
        from qmpd.model.cpu_device import unplug_refusal
        from qmpd.model.cpu_object import CpuObject

        assert isinstance(device, CpuObject)
        return unplug_refusal(machine, device.index, device.type)
    if machine.catalogue.type_info(device.type).hotpluggable is False:
        return errors.device_not_hotpluggable(device.type)
    bus_path: str = device.get_property("parent_bus")
    name = bus_path.rpartition("/")[2]
    return errors.bus_not_hotpluggable("main-system-bus" if name == "sysbus" else name)


def delete_device(machine: Machine, device: Device) -> None:
    """Unplug ``device`` at once, as when the guest has let go of it, and tell everybody."""
    for data in leave(device):
        machine.emit("DEVICE_DELETED", data)


def delete_device_later(machine: Machine, device: Device) -> None:
    """Unplug ``device`` at once; that is told when the command has been answered."""
    for data in leave(device):
        machine.emit_later("DEVICE_DELETED", data)
