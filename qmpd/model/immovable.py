"""The devices that keep a machine where it is (migration/savevm.c, hw/misc/ivshmem-pci.c)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from qmpd import errors
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.device import Device
from qmpd.model.pci import PciDevice
from qmpd.model.usb import UsbDevice

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_STATES: Final = {
    **{name: name for name in ("amd-iommu", "nvme", "rocker", "ufs", "usb-audio", "usb-mtp", "usb-net", "usb-uas")},
    **dict.fromkeys(("usb-braille", "usb-serial"), "usb-serial"),
    "usb-wacom-tablet": "usb-wacom",
    "virtio-crypto-pci": "virtio-crypto",
    "virtio-sound-pci": "virtio-sound-device",
}
"""What the state is called of those types that do not save it."""


def reasons(machine: Machine) -> list[str]:
    """Why the machine cannot leave, as QEMU lists it."""
    stateful = [errors.migration.device_listed(state).desc for state in _unsaved(machine)]
    return [refusal.desc for refusal in _peers(machine)] + stateful[::-1]


def check(machine: Machine) -> None:
    """Raise the first of the reasons in QEMU's words."""
    for state in _unsaved(machine):
        raise errors.migration.device_immovable(state)
    for refusal in _peers(machine):
        raise refusal


def _unsaved(machine: Machine) -> Iterator[str]:
    for device in _devices(machine):
        if device.type in _STATES:
            yield _place(device) + _STATES[device.type]


def _peers(machine: Machine) -> Iterator[errors.QemuError]:
    for device in _devices(machine):
        if device.type == "ivshmem-plain" and device.get_property("master") == "off":
            yield errors.migration.shared_memory_peer()


def _devices(machine: Machine) -> Iterator[CatalogueDevice]:
    """The older ones first, as far as that can be told."""
    for device in (
        *machine.board_devices,
        *machine.peripheral_anon.children_by_age(),
        *machine.peripheral.children_by_age(),
    ):
        if isinstance(device, CatalogueDevice):
            yield device


def _place(device: Device) -> str:
    """Where a device is, from its PCI bus on, ready for a name behind it."""
    if isinstance(device, UsbDevice):
        controller = device.usb_bus.owner
        assert isinstance(controller, Device)
        return f"{_place(controller)}{device.where}/"
    return f"{device.place}/" if isinstance(device, PciDevice) else ""
