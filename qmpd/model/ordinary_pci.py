"""PCI devices that need nothing but a slot: they fill buses and leave again, and do nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd.model.device import Device
from qmpd.model.pci import PciDevice
from qmpd.model.virtio_pci import VirtioPci, backend_type

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue

_NAMES = """
    AMDVI-PCI am53c974 bochs-display dc390 e1000 e1000-82544gc e1000-82545em e1000e edu i6300esb i82550 i82551 i82557a
    i82557b i82557c i82558a i82558b i82559a i82559b i82559c i82559er i82562 i82801 ich9-ahci ich9-intel-hda igb
    intel-hda lsi53c810 lsi53c895a megasas megasas-gen2 mptsas1068 ne2k_pci nec-usb-xhci pci-serial pci-serial-2x
    pci-serial-4x pci-testdev pcnet piix3-usb-uhci piix4-usb-uhci pvpanic-pci pvscsi qemu-xhci rocker rtl8139 sdhci-pci
    secondary-vga tpci200 tulip ufs usb-ehci
    virtio-keyboard-pci virtio-mouse-pci virtio-multitouch-pci virtio-net-pci virtio-net-pci-non-transitional
    virtio-net-pci-transitional
    virtio-scsi-pci virtio-scsi-pci-non-transitional virtio-scsi-pci-transitional virtio-serial-pci
    virtio-serial-pci-non-transitional virtio-serial-pci-transitional virtio-tablet-pci vmxnet3
"""
_ORDINARY = frozenset(_NAMES.split())
"""The types that QEMU 10.0.2 adds to a running machine when told no more than the type."""


def ordinary_class(catalogue: Catalogue, type_name: str) -> type[Device] | None:
    """The class for an ordinary type, None for any other."""
    if type_name not in _ORDINARY:
        return None
    if type_name.startswith("virtio-") and backend_type(catalogue, type_name) is not None:
        return VirtioPci
    return PciDevice
