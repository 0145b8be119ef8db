"""Adding and removing devices: what QEMU checks, in its order (system/qdev-monitor.c, hw/core/qdev-hotplug.c)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.boot_tree import BootObject
from qmpd.model.device import Device
from qmpd.model.nvdimm import Nvdimm
from qmpd.model.objects import property_order
from qmpd.model.pc_dimm import PcDimm
from qmpd.model.qom import Object, resolve_at

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

TYPES: dict[str, Callable[[Machine], Device]] = {"pc-dimm": PcDimm, "nvdimm": Nvdimm}


class BootBus(NamedTuple):
    """A bus that a machine is born with."""

    type: str
    hotpluggable: bool = False


_SYSTEM_BUS = "main-system-bus"
_BOOT_BUSES = {
    "pc-q35": {
        _SYSTEM_BUS: BootBus("System"),
        "pcie.0": BootBus("PCIE"),
        "isa.0": BootBus("ISA"),
        "i2c": BootBus("i2c-bus"),
        **{f"ide.{port}": BootBus("IDE") for port in range(6)},
    },
    "pc-i440fx": {
        _SYSTEM_BUS: BootBus("System"),
        "pci.0": BootBus("PCI", True),
        "isa.0": BootBus("ISA"),
        "i2c": BootBus("i2c-bus"),
        "ide.0": BootBus("IDE"),
        "ide.1": BootBus("IDE"),
    },
}
_BUS_PARENTS = {"PCIE": "PCI"}


def device_add(machine: Machine, options: Mapping[str, Any], typed: bool = True) -> Device:
    """Create, check and plug the device that ``options`` describe; ``typed`` says that values obey their JSON type.

    Raises QEMU's text, and then nothing has changed.
    """
    driver = options.get("driver")
    if not isinstance(driver, str):
        raise errors.missing_parameter("driver")
    create = TYPES.get(driver)
    if create is None:
        raise _refusal(machine, driver, options)
    bus = options.get("bus")
    if isinstance(bus, str):
        raise errors.wrong_bus(driver, _find_bus(machine, bus)[1].type)
    if machine.ready and not machine.family.hotplugs_dimms:
        raise errors.machine_cannot_hotplug(driver)
    device = create(machine)
    _name(machine, device, options.get("id"))
    try:
        properties = {name: value for name, value in options.items() if name not in ("driver", "bus", "id")}
        for name in property_order(properties):
            device.set_property(name, properties[name], typed)
        device.pre_plug()
        device.realize()
    except QemuError:
        device.unparent()
        raise
    device.realized = True
    device.plug()
    return device


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


def _refusal(machine: Machine, driver: str, options: Mapping[str, Any]) -> QemuError:
    """Why a device of a type that is not modelled cannot be added."""
    catalogue = machine.catalogue
    type_name = catalogue.device_type(driver)
    if type_name is None or not catalogue.is_a(type_name, "device"):
        return errors.not_a_device_model(driver)
    info = catalogue.type_info(type_name)
    if info.abstract:
        return errors.invalid_parameter_value("driver", "a non-abstract device type")
    if not info.user_creatable:
        return errors.invalid_parameter_value("driver", "a pluggable device type")
    try:
        bus = _choose_bus(machine, type_name, info.bus, options.get("bus"))
    except QemuError as error:
        return error
    if machine.ready:
        if info.hotpluggable is False:
            return errors.device_not_hotpluggable(type_name)
        if bus is not None and not bus[1].hotpluggable:
            return errors.bus_not_hotpluggable(bus[0])
    return errors.not_modelled(f"devices of type '{type_name}'")


def _choose_bus(machine: Machine, driver: str, wanted: str | None, path: object) -> tuple[str, BootBus] | None:
    if isinstance(path, str):
        name, bus = _find_bus(machine, path)
        if wanted not in (bus.type, _BUS_PARENTS.get(bus.type)):
            raise errors.wrong_bus(driver, bus.type)
        return name, bus
    if wanted is None:
        return None
    for name, bus in _buses(machine).items():
        if wanted in (bus.type, _BUS_PARENTS.get(bus.type)):
            return name, bus
    raise errors.no_bus_for(wanted, driver)


def _buses(machine: Machine) -> dict[str, BootBus]:
    return _BOOT_BUSES.get(machine.info.name.rpartition("-")[0], {_SYSTEM_BUS: BootBus("System")})


def _find_bus(machine: Machine, path: str) -> tuple[str, BootBus]:
    name = _SYSTEM_BUS if path == "/" else path
    bus = _buses(machine).get(name)
    if bus is None:
        raise errors.bus_not_found(path)
    return name, bus


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
    if isinstance(device, BootObject):
        raise _boot_device_stays(machine, device)
    assert isinstance(device, Device)
    device.unplug_request()


def _boot_device_stays(machine: Machine, device: BootObject) -> QemuError:
    if device.is_a("cpu"):
        return errors.boot_cpu_unpluggable() if device.path.endswith("[0]") else errors.not_modelled("CPU unplug")
    if machine.catalogue.type_info(device.type).hotpluggable is False:
        return errors.device_not_hotpluggable(device.type)
    bus_path: str = device.get_property("parent_bus")
    name = bus_path.rpartition("/")[2]
    return errors.bus_not_hotpluggable(_SYSTEM_BUS if name == "sysbus" else name)


def delete_device(machine: Machine, device: Device) -> None:
    """Unplug ``device`` at once, as when the guest has let go of it, and tell everybody."""
    path = device.path
    device.unplug()
    device.realized = False
    device.unparent()
    data = {"path": path} if device.device_id is None else {"device": device.device_id, "path": path}
    machine.emit("DEVICE_DELETED", data)
