"""virtio devices on PCI: the function on the bus, and the device behind it (hw/virtio/virtio-pci.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.hashorder import GHashOrder
from qmpd.model.attachments import connect_card
from qmpd.model.bus import Bus
from qmpd.model.catalogue_device import CatalogueDevice, property_table
from qmpd.model.hostmem import Region
from qmpd.model.pci import ROM_BAR, PciDevice
from qmpd.model.qom import Object, Property

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue
    from qmpd.model.machine import Machine

BACKEND = "virtio-backend"
_BOOT_INDEX = "bootindex"
_PORTS = "max_ports"
_VARIANTS = ("-non-transitional", "-transitional")
_UNSPECIFIED_VECTORS = (1 << 32) - 1
_MODERN_DEVICE = 0x1040
_MODERN_SUBSYSTEM = 0x1100
_USUAL_VECTORS = 2
_MOST_VECTORS = 2048
_BLOCK = "virtio-blk-device"
_PAGE = 4096
_QUEUES = 1024
_REGIONS = ("common", "isr", "device", "notify")
_LEGACY_HEADER = 20
_LEGACY_VECTORS = 4
_INPUT = ("virtio-keyboard", "virtio-mouse", "virtio-tablet", "virtio-multitouch")
_CLASSES = {
    **dict.fromkeys((*_INPUT, "vhost-user-input"), "virtio-input"),
    **dict.fromkeys(("vhost-scsi", "vhost-user-scsi"), "virtio-scsi"),
    "vhost-user-blk": "virtio-blk",
    "vhost-user-fs": "virtio-user-fs",
    "vhost-user-gpio": "virtio-gpio",
    "vhost-user-rng": "virtio-rng",
    "vhost-user-snd": "virtio-sound",
    "vhost-user-vsock": "vhost-vsock",
}
"""What virtio calls the devices that are known under another name."""
_BEFORE_VIRTIO = {
    "virtio-vga": (*("vga.vram[0]", "vga-lowmem[0]", "vga[0]", "vga[1]", "vga[2]", "vga[3]", "vga[4]", "vbe[0]"),)
}
"""What functions of several uses have before they become virtio devices."""
_SHARED_BACKENDS = {"virtio-vga": "virtio-gpu"}
_MODERN_ONLY = frozenset(
    {
        *(*_INPUT, "vhost-user-input", "virtio-input-host", "vhost-vsock", "vhost-user-vsock"),
        *("virtio-crypto", "virtio-sound", "virtio-iommu", "virtio-gpu", "virtio-nsm"),
    }
)
"""Devices that never had the legacy interface, whatever they are told."""
_CONFIG_SIZES = {"virtio-net": 8, "virtio-scsi": 36, "virtio-blk": 36}
"""The bytes of configuration that devices with a legacy interface have at least, where there are any."""
_LARGER_SIZES = {
    "virtio-net": {"mq": 10, "host_mtu": 12, "rss": 24, "hash": 24},
    "virtio-blk": {"discard": 48, "write-zeroes": 57},
}
"""What they have with certain properties."""
_WITH_SPEED = 17


class VirtioBus(Bus):
    """The bus between the PCI function and the device behind it; it holds that one only."""

    largest = 1


class VirtioDevice(CatalogueDevice):
    """The device behind. ``aliases`` are properties of each object, not of the class, that the PCI function shows."""

    aliases: ClassVar[tuple[str, ...]] = ()

    @property
    def label(self) -> str:
        return self.parent.label if isinstance(self.parent, VirtioPci) else super().label

    @property
    def bus_id(self) -> str | None:
        return self.parent.device_id if isinstance(self.parent, VirtioPci) else None

    @property
    def card_owner(self) -> CatalogueDevice:
        return self.parent if isinstance(self.parent, VirtioPci) else self

    def realize(self) -> None:
        self.check_needs()
        if isinstance(self.parent, VirtioPci):
            self.parent.check_behind()
        self.take_mac()
        self.bring_all()
        connect_card(self)

    def unplug(self) -> None:
        self.give_back_mac()


def base_name(pci_type: str) -> str:
    """``virtio-mem`` for ``virtio-mem-pci``, whichever variant."""
    for variant in _VARIANTS:
        pci_type = pci_type.removesuffix(variant)
    return pci_type.removesuffix("-pci")


def backend_type(catalogue: Catalogue, pci_type: str) -> str | None:
    """The type of the device behind, None if it is not made of a function and one device."""
    base = base_name(pci_type)
    base = _SHARED_BACKENDS.get(base, base)
    return next((name for name in (f"{base}-device", base) if catalogue.has_type(name)), None)


class VirtioPci(PciDevice):
    """A virtio device on PCI. All properties of the device behind can be reached through it.

    ``modern_only`` devices never had the legacy interface. ``implied_vectors`` are the interrupt vectors of a device
    whose users cannot choose them.
    """

    backend_class: ClassVar[type[VirtioDevice]] = VirtioDevice
    modern_only = False
    implied_vectors = 0

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
        last = [_BOOT_INDEX] if _BOOT_INDEX in behind else []
        return [declared.get(name) or _alias(behind[name]) for name in (*names, *cls.backend_class.aliases, *last)]

    def given(self) -> set[str]:
        return super().given() | self.backend.given()

    def realize_function(self) -> None:
        self._notify_size = (_PAGE if self._flag("page-per-vq") else 4) * _QUEUES
        self._modern_bar = Region(_power_of_two(len(_REGIONS[:-1]) * _PAGE + self._notify_size))
        self.add_child("virtio-pci[0]", self._modern_bar)
        self._choose_interface()
        bus = VirtioBus("virtio-bus", "virtio-pci-bus", self)
        self.child_buses.insert(0, bus)
        self.add_child("virtio-bus", bus)
        for name in _BEFORE_VIRTIO.get(self.type, ()):
            self.bring(name)
        bus.attach(self.backend)
        self.backend.bus = bus
        if self.backend_class is VirtioDevice:
            self.check_needs()
        self.backend.realize()
        self.backend.realized = True
        if self._flag("disable-modern") and self.backend.type == _BLOCK:
            self.backend.values["any_layout"] = False
        if self._has_legacy_interface() and self.backend.value("iommu_platform"):
            raise errors.virtio.iommu_platform_without_modern_interface()
        # What was given away until here is given back by release_function.
        if not self._flag("disable-modern"):
            self._add_modern_regions()
        self._add_vectors()
        if self._has_legacy_interface():
            self._add_legacy_region()
        self.bring_all()

    def _flag(self, name: str) -> bool:
        return name in self.properties and bool(self.value(name))

    def _choose_interface(self) -> None:
        """Settle what "auto" means for the legacy interface: behind a PCI Express port there is none."""
        if "disable-legacy" not in self.properties:
            return
        if self.value("disable-legacy") == "auto":
            behind_port = self.pci_bus.express and self.pci_bus.bridge is not None
            self.values["disable-legacy"] = "on" if behind_port else "off"
        if self.value("disable-legacy") == "on" and self.value("disable-modern"):
            raise errors.virtio.virtio_without_interface()
        if self.modern_only or base_name(self.type) in _MODERN_ONLY or base_name(self.type) in _SHARED_BACKENDS:
            self.values |= {"disable-legacy": "on", "disable-modern": False}

    @property
    def _virtio_name(self) -> str:
        base = base_name(self.type)
        return _CLASSES.get(base) or _SHARED_BACKENDS.get(base, base)

    def _add_modern_regions(self) -> None:
        sizes = [_PAGE, _PAGE, _PAGE, self._notify_size]
        start = 0
        if self.type in _BEFORE_VIRTIO:  # The registers of a graphics card come first.
            if not self._flag("page-per-vq"):
                sizes[:2] = [_PAGE // 2, _PAGE // 2]
            start = self._modern_bar.length() - sum(sizes)
        for region, size in zip(_REGIONS, sizes, strict=True):
            node = Region(size, self._modern_bar, start)
            self.add_child(f"virtio-pci-{region}-{self._virtio_name}[0]", node)
            start += size
        ports = Region(4) if self._flag("modern-pio-notify") else None
        self.add_child(f"virtio-pci-notify-pio-{self._virtio_name}[0]", Region(4, ports))
        if ports is not None:
            self.add_child("virtio-pci-io[0]", ports)

    def _add_vectors(self) -> None:
        vectors = self.value("vectors") if "vectors" in self.properties else self.implied_vectors
        if vectors == _UNSPECIFIED_VECTORS:
            vectors = self.usual_vectors()
        if not vectors:
            return
        table, pending = vectors * 16, -(-vectors // 64) * 8
        start = max(table, _PAGE // 2)
        bar = Region(_power_of_two(max(start + pending, _PAGE)))
        self.add_child(f"{self.type}-msix[0]", bar)
        if vectors > _MOST_VECTORS:
            vectors = 0
        if "vectors" in self.properties:
            self.values["vectors"] = vectors
        if not vectors:
            return
        self.add_child("msix-table[0]", Region(table, bar))
        self.add_child("msix-pba[0]", Region(pending, bar, start))

    def usual_vectors(self) -> int:
        """How many interrupt vectors the device gets if nobody says; one with ports, one for each and another."""
        if _PORTS in self.backend.properties:
            return int(self.backend.value(_PORTS)) + 1
        brought = self.machine.catalogue.brought(self.type)
        return int(brought.values.get("vectors", _USUAL_VECTORS)) if brought is not None else _USUAL_VECTORS

    def _add_legacy_region(self) -> None:
        header = _LEGACY_HEADER + (_LEGACY_VECTORS if self.child("msix-table[0]") is not None else 0)
        size = header + self.config_size()
        self.add_child("virtio-pci[1]", Region(_power_of_two(size)))

    def check_behind(self) -> None:
        """Raise QEMU's text when what is told of this function does not fit the device behind."""

    def config_size(self) -> int:
        """The bytes of configuration that the legacy interface has."""
        if self._virtio_name == "virtio-serial":
            return 12 if self.backend.value("emergency-write") else 8
        least, larger = _CONFIG_SIZES.get(self._virtio_name, 0), _LARGER_SIZES.get(self._virtio_name, {})
        if self._virtio_name == "virtio-net" and (self.backend.value("speed") >= 0 or self.backend.value("duplex")):
            least = _WITH_SPEED
        values = ((size, self.backend.value(name)) for name, size in larger.items() if name in self.backend.properties)
        return max([least, *(size for size, is_set in values if is_set)])

    def _has_legacy_interface(self) -> bool:
        if "disable-legacy" in self.properties:
            return bool(self.value("disable-legacy") == "off")
        return self.type.endswith("-transitional") and not self.type.endswith("-non-transitional")

    def pci_info(self) -> dict[str, Any]:
        info = super().pci_info()
        if self.type in _BEFORE_VIRTIO:
            return info
        identity = info["id"]
        if not self._has_legacy_interface() and identity["device"] < _MODERN_DEVICE:
            kind = identity["subsystem"]
            identity = identity | {"device": _MODERN_DEVICE + kind, "subsystem": _MODERN_SUBSYSTEM}
        rom = [region for region in info["regions"] if region["bar"] == ROM_BAR]
        return info | {"id": identity, "regions": [*self._regions(), *rom]}

    def _regions(self) -> Iterator[dict[str, Any]]:
        """What each BAR holds, as query-pci says it while no address is given."""
        bars: tuple[tuple[int, str, str, dict[str, bool]], ...] = (
            (0, "virtio-pci[1]", "io", {}),
            (1, f"{self.type}-msix[0]", "memory", {"prefetch": False, "mem_type_64": False}),
            (2, "virtio-pci-io[0]", "io", {}),
            (4, "virtio-pci[0]", "memory", {"prefetch": True, "mem_type_64": True}),
        )
        unused = {"virtio-pci[0]"} if self._flag("disable-modern") else set()
        if self.child("msix-table[0]") is None:  # too many vectors for a table
            unused.add(f"{self.type}-msix[0]")
        for bar, name, kind, flags in bars:
            region = self.child(name)
            if isinstance(region, Region) and name not in unused:
                yield {"bar": bar, "type": kind, "address": -1, "size": region.length(), **flags}

    def wants(self, name: str) -> bool:
        # What virtio itself has was made from what the properties say; the rest is what the type adds.
        return super().wants(name) and not name.startswith(("virtio-pci", "virtio-b", "msix-", f"{self.type}-msix"))

    def release_function(self) -> None:
        super().release_function()
        if self.backend.realized:
            self.backend.realized = False
            self.backend.unplug()


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()


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
