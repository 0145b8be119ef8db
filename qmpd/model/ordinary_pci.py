"""PCI devices of types that are not modelled: they fill slots, show what QEMU's show, and do nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.catalogue.brought import OWN_ID
from qmpd.errors import QemuError
from qmpd.model.device import Device
from qmpd.model.pci import PciDevice
from qmpd.model.virtio_pci import VirtioPci, backend_type

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue

_DECISIVE = frozenset(
    {
        *("audiodev", "bmc", "canbus", "canbus0", "canbus1", "chardev", "cryptodev", "dev", "drive", "fd"),
        *("fsdev", "guest-cid", "host", "lsa", "memdev", "netdev", "persistent-memdev", "serial", "sysfsdev"),
        *("target", "vhostdev", "vhostfd", "volatile-memdev", "wwpn"),
    }
)
"""The properties on which it depends whether a device can be made."""


class RefusedPci(PciDevice):
    """A device that needs more than its type, and which cannot be made here even so."""

    def realize_function(self) -> None:
        if "evdev" in self.given():
            from qmpd.model import evdev  # nobody else needs it

            evdev.refuse(self.machine, self.get_property("evdev"))
        refusal = self.machine.catalogue.refusal(self.type)
        if refusal is None or _DECISIVE & self.given():
            raise errors.not_modelled(f"devices of type '{self.type}'")
        raise QemuError(refusal.desc.replace(OWN_ID, self.device_id or "(null)"), refusal.error_class)


class RefusedVirtio(RefusedPci, VirtioPci):
    """The same with a virtio device behind."""


def ordinary_class(catalogue: Catalogue, type_name: str) -> type[Device] | None:
    """The class for an ordinary type, None for any other."""
    known, refused = catalogue.brought(type_name) is not None, catalogue.refusal(type_name) is not None
    if not (known or refused):
        return None
    bus_type = catalogue.type_info(type_name).bus
    if bus_type != "PCI":
        return _bus_device(bus_type)
    is_virtio = catalogue.is_a(type_name, "virtio-pci") and backend_type(catalogue, type_name) is not None
    if known:
        return VirtioPci if is_virtio else PciDevice
    return RefusedVirtio if is_virtio else RefusedPci


def _bus_device(bus_type: str | None) -> type[Device]:
    if bus_type == "usb-bus":
        from qmpd.model.usb import UsbDevice

        return UsbDevice
    from qmpd.model.bus_device import BusDevice

    return BusDevice
