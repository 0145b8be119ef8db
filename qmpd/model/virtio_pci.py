"""virtio devices on PCI: the function on the bus, and the device behind it (hw/virtio/virtio-pci.c)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd.hashorder import GHashOrder
from qmpd.model.bus import Bus
from qmpd.model.catalogue_device import CatalogueDevice, property_table
from qmpd.model.device import Device
from qmpd.model.pci import IoRegion, PciDevice
from qmpd.model.qom import Object, Property

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue
    from qmpd.model.machine import Machine

BACKEND = "virtio-backend"
_VARIANTS = ("-non-transitional", "-transitional")
_UNSPECIFIED_VECTORS = (1 << 32) - 1
_USUAL_VECTORS = 2
_REGIONS = ("common", "isr", "device", "notify", "notify-pio")
_REGION_SIZE = 4096
_CLASSES = dict.fromkeys(
    ("virtio-keyboard", "virtio-mouse", "virtio-tablet", "virtio-multitouch"),
    "virtio-input",
)
"""What virtio calls the devices that are known under another name."""


class VirtioBus(Bus):
    """The bus between the PCI function and the device behind it; it holds that one only."""

    largest = 1


class VirtioDevice(CatalogueDevice):
    """The device behind. ``aliases`` are properties of each object, not of the class, that the PCI function shows."""

    aliases: ClassVar[tuple[str, ...]] = ()


def base_name(pci_type: str) -> str:
    """``virtio-mem`` for ``virtio-mem-pci``, whichever variant."""
    for variant in _VARIANTS:
        pci_type = pci_type.removesuffix(variant)
    return pci_type.removesuffix("-pci")


def backend_type(catalogue: Catalogue, pci_type: str) -> str | None:
    """The type of the device behind, None if it is not made of a function and one device."""
    base = base_name(pci_type)
    return next((name for name in (f"{base}-device", base) if catalogue.has_type(name)), None)


class VirtioPci(PciDevice):
    """A virtio device on PCI. All properties of the device behind can be reached through it.

    ``modern_only`` devices never had the legacy interface.
    """

    backend_class: ClassVar[type[VirtioDevice]] = VirtioDevice
    modern_only = False

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        inner = backend_type(machine.catalogue, device_type)
        assert inner is not None
        self.backend = self.backend_class(machine, inner)
        # The device behind comes first, and only then the aliases of its properties: it matters for their order.
        self._order = GHashOrder([BACKEND, *(name for name, prop in self.properties.items() if prop.instance)])
        self.add_child(BACKEND, self.backend)

    @classmethod
    def instance_properties(cls, catalogue: Catalogue, device_type: str) -> Iterable[Property]:
        inner = backend_type(catalogue, device_type)
        assert inner is not None
        own = {entry["name"] for entry in catalogue.qom_properties("virtio-pci").value}
        behind = property_table(cls.backend_class, catalogue, inner)
        names = [name for name, prop in behind.items() if not prop.instance and name not in own]
        names.reverse()
        declared = {prop.name: prop for prop in cls.properties.values() if prop.instance}
        return [declared.get(name) or _alias(behind[name]) for name in (*names, *cls.backend_class.aliases)]

    def parts(self) -> list[Device]:
        return [self.backend]

    def realize_function(self) -> None:
        self.add_child("virtio-pci[0]", IoRegion(1 << 14))
        self._choose_interface()
        bus = VirtioBus("virtio-bus", "virtio-pci-bus", self)
        self.child_buses.insert(0, bus)
        self.add_child("virtio-bus", bus)
        bus.attach(self.backend)
        self.backend.bus = bus
        self.backend.realize()
        self.backend.realized = True
        self._add_regions()

    def _choose_interface(self) -> None:
        """Settle what "auto" means for the legacy interface: behind a PCI Express port there is none."""
        if "disable-legacy" not in self.properties:
            return
        behind_port = self.pci_bus.express and self.pci_bus.bridge is not None
        if self.modern_only:
            self.values |= {"disable-legacy": "on", "disable-modern": False}
        elif self.value("disable-legacy") == "auto":
            self.values["disable-legacy"] = "on" if behind_port else "off"

    def _add_regions(self) -> None:
        base = base_name(self.type)
        name = _CLASSES.get(base, base)
        for region in _REGIONS:
            self.add_child(f"virtio-pci-{region}-{name}[0]", IoRegion(_REGION_SIZE))
        vectors = self.value("vectors") if "vectors" in self.properties else 0
        if vectors == _UNSPECIFIED_VECTORS:
            vectors = self.values["vectors"] = _USUAL_VECTORS
        if vectors:
            for child in (f"{self.type}-msix[0]", "msix-table[0]", "msix-pba[0]"):
                self.add_child(child, IoRegion(_REGION_SIZE))
        if self._has_legacy_interface():
            self.add_child("virtio-pci[1]", IoRegion(64))

    def _has_legacy_interface(self) -> bool:
        if "disable-legacy" in self.properties:
            return bool(self.value("disable-legacy") == "off")
        return self.type.endswith("-transitional") and not self.type.endswith("-non-transitional")

    def release_function(self) -> None:
        super().release_function()
        if self.backend.realized:
            self.backend.realized = False
            self.backend.unplug()


def _alias(prop: Property) -> Property:
    name = prop.name

    def set_it(device: Any, value: object, typed: bool) -> None:
        device.backend.lookup_root = device.machine.root_object
        device.backend.set_property(name, value, typed)

    def target(device: Any) -> Object | None:
        found: Object | None = device.backend.linked(name)
        return found

    return Property(
        name,
        prop.type,
        lambda device: device.backend.get_property(name),
        set_it,
        instance=True,
        link=target if prop.link is not None else None,
    )
