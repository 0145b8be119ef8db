"""Devices whose properties are those the catalogue knows of their type: stored, checked, and without effect.

A subclass declares only the properties that mean something; it need not repeat names, types or order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.catalogue.brought import OWN_ID, initial_value
from qmpd.errors import QemuError
from qmpd.hashorder import GHashOrder
from qmpd.model import boot_order
from qmpd.model.attachments import SOUND, release, use_default_sound
from qmpd.model.device import Device
from qmpd.model.machine_type import version_of
from qmpd.model.qom import Object, Property, resolve_at
from qmpd.model.stored_properties import ANY_UUID, CHOSEN_UUID, KINDS, SET_ANY_TIME, UUIDS, shown, stored

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue
    from qmpd.catalogue.brought import BroughtObject
    from qmpd.model.attachments import Attached
    from qmpd.model.brought import BroughtBus
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine
    from qmpd.model.net import NetClient

_NEVER_FREED = frozenset(
    {
        *("bochs-display", "cxl-downstream", "cxl-type3", "cxl-upstream", "i82801b11-bridge"),
        *("ich9-intel-hda", "intel-hda", "nec-usb-xhci", "qemu-xhci"),
    }
)
_UNLESS_OFF = {"edid[0]": "edid", "xres": "edid", "yres": "edid", "qemu extended regs[0]": "qemu-extended-regs"}
"""Objects that a device brings along, and values it sets, unless a property says no."""
_RESOLUTION = ("xres", "yres")
_CHOOSE_RESOLUTION = ("VGA", "secondary-vga", "bochs-display")
"""The types of those that set it themselves."""
_MASTER_BUS = "masterbus"
_MADE_IN_ORDER = {
    "VGA": (
        *("bus master container[0]", "vga.vram[0]", "vga-lowmem[0]", "vga[0]", "vga[1]", "vga[2]", "vga[3]", "vga[4]"),
        *("vbe[0]", "vga.mmio[0]", "vga ioports remapped[0]", "bochs dispi interface[0]", "qemu extended regs[0]"),
        *("edid[0]", "vga.rom[0]"),
    ),
    "bochs-display": (
        *("bus master container[0]", "bochs-display-vram[0]", "bochs dispi interface[0]", "qemu extended regs[0]"),
        *("bochs-display-mmio[0]", "edid[0]"),
    ),
}
"""How objects come to devices that may go without some; of others an order is recorded that shows in the same way."""
OUTSIDE = {"vmware-svga": ("vmsvga.fifo", 64 << 10)}
"""Memory (bytes) that a device of this type makes and that QEMU does not know to be the device's."""
_DISK_VERSIONS = {(2, 4): "2.4.0"}
"""What disks say by themselves that they are on machines of such an old version."""
_MAC = "mac"
_WITH_DRIVE = frozenset(
    {
        *("virtio-blk-device", "scsi-hd", "scsi-cd", "scsi-generic", "scsi-block", "ide-hd", "ide-cf", "ide-cd"),
        *("floppy", "nvme", "nvme-ns"),
    }
)
"""The types that qmpd.model.disks has a rule for."""
_CHECKED = frozenset(
    {
        *("bochs-display", "ccid-card-emulated", "intel-iommu", "ramfb", "virtio-iommu-device", "virtio-iommu-pci"),
        *("acpi-erst", "isa-applesmc", "ivshmem-plain", "pvpanic", "vmcoreinfo", "vmgenid"),
        *("virtio-net-device", "virtio-serial-device", "virtio-9p-device", "isa-fdc", "cirrus-vga", "isa-cirrus-vga"),
        *("VGA", "secondary-vga", "vmware-svga", "ati-vga", "isa-vga"),
        *("virtio-9p-pci", "virtio-9p-pci-transitional", "virtio-9p-pci-non-transitional"),
    }
)
"""The types that qmpd.model.checks has a rule for."""


class CatalogueDevice(Device):
    """A device of the type ``device_type``; ``values`` holds what the properties that mean nothing are set to."""

    own_properties: ClassVar[tuple[Property, ...]] = ()

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine)
        self.device_type = device_type
        self.values: dict[str, Any] = {}
        # The class's own table holds only what was declared; this one has all the type's properties in order.
        self.properties = property_table(type(self), machine.catalogue, device_type)  # type: ignore[misc]
        self.links: dict[str, Object | None] = {}
        self._unnamed_buses: dict[str, str] = {}
        self.attached: Attached | None = None
        self.card: NetClient | None = None
        self.mapped: MemoryBackend | None = None
        self._begin()

    @property
    def type(self) -> str:
        return self.device_type

    def is_a(self, type_name: str) -> bool:
        return self.machine.catalogue.is_a(self.device_type, type_name)

    @property
    def class_hotpluggable(self) -> bool:
        return self.machine.catalogue.type_info(self.device_type).hotpluggable is not False

    def value(self, name: str) -> Any:
        """What the property ``name`` is set to: by the user, by the machine's version, or by default."""
        if name in self.values:
            return self.values[name]
        if self._switched_off(name):
            return 0
        return defaults(self.machine.catalogue, self.machine.info.name, self.device_type)[name]

    def refused(self, name: str) -> Any:
        """Raise what the object inside says that has the property ``name``."""
        raise QemuError(*self.value(name))

    @property
    def card_owner(self) -> CatalogueDevice:
        """The device after which the end of a network card is called."""
        return self

    def given(self) -> set[str]:
        """The properties that were set."""
        return {*self.values, *self.links, *(self.attached.names if self.attached is not None else ())}

    def check_needs(self) -> None:
        """Raise QEMU's text when the device lacks something, and let it use its drive if it has one."""
        if self.type in _WITH_DRIVE:
            from qmpd.model import disks

            disks.RULES[self.type](self)
        elif self.type in _CHECKED:
            from qmpd.model import checks

            checks.RULES[self.type](self)
        refusal, helpful = self.machine.catalogue.refusal(self.type), self.machine.catalogue.helpful(self.type)
        if refusal is None or (helpful and self.given() >= set(helpful)):
            return
        if helpful == [SOUND]:
            use_default_sound(getattr(self, "backend", self))
            return
        if not helpful and self.given():
            raise errors.not_modelled(f"devices of type '{self.type}'")
        if "audiodev" in helpful and self.machine.config.audiodevs:
            refusal.hint = errors.device.audiodev_hint(self.machine.config.audiodevs[0].values["id"])
        raise refusal

    def abandon(self, *, unplugged: bool) -> None:
        if self.attached is not None or self.card is not None:
            release(self, unplugged=unplugged)
        if self.mapped is not None:
            self.mapped.mapped = False

    def take_boot_index(self, name: str, index: int) -> None:
        """Have this number in the order of booting. Raises QEMU's text when it is taken."""
        boot_order.claim(self, name, index)

    def choose_uuid(self) -> None:
        """Have one if the device shall have any and was told none."""
        for name in UUIDS:
            if name in self.properties and self.value(name) == ANY_UUID:
                self.values[name] = CHOSEN_UUID

    def take_mac(self) -> None:
        """Take a free address if the device is a network card and was told none."""
        if _MAC in self.properties:
            self.values[_MAC] = self.machine.buses.macs.take(self.value(_MAC))

    def give_back_mac(self) -> None:
        if _MAC in self.values:
            self.machine.buses.macs.give_back(self.values[_MAC])

    def placed(self, value: Any) -> Any:
        """A recorded value as it reads for this device."""
        if isinstance(value, str) and (value == OWN_ID or value.startswith(f"{OWN_ID}/")):
            return self.path + value[len(OWN_ID) :]
        return value

    def _begin(self) -> None:
        """Take the names that the device has before it is plugged, in the recorded order."""
        brought = self.machine.catalogue.brought(self.device_type)
        known = known_names(self.machine.catalogue, self.device_type)
        early = [name for name, _ in brought.added if name in known] if brought is not None else []
        if early:
            self._order = GHashOrder()
        for name in early:
            if name in self.properties:
                self._instance_order().add(name)
            else:
                self.bring(name)

    def bring_all(self) -> None:
        """Take along what the type is recorded to bring, unless it is there already."""
        brought = self.machine.catalogue.brought(self.device_type)
        added = dict(brought.added) if brought is not None else {}
        first = [name for name in _MADE_IN_ORDER.get(self.device_type, ()) if name in added]
        for name, kind in {name: added[name] for name in (*first, *added)}.items():
            if kind.startswith("child<"):
                if self.wants(name):
                    self.bring(name)
            elif name not in self.properties:
                self.add_property(shown(name, kind))
        if self.type in OUTSIDE:
            from qmpd.model.hostmem import Region

            name, size = OUTSIDE[self.type]
            count = sum(child.name.startswith(f"{name}[") for child in self.machine.unattached.children())
            self.machine.unattached.add_child(f"{name}[{count}]", Region(size))

    def wants(self, name: str) -> bool:
        """Whether the device, as it is set, has the recorded object ``name``."""
        return not self._switched_off(name) and self.child(self.shown(name)) is None

    @property
    def is_freed(self) -> bool:
        return self.device_type not in _NEVER_FREED

    def parts(self) -> list[Object]:
        return [child for child in self.children() if child.is_a("device")]

    def part_with(self, name: str) -> Object | None:
        """The device inside whose property ``name`` this one shows as its own."""
        return next((part for part in self.parts() if name in dict(part.list_properties())), None)

    def _switched_off(self, name: str) -> bool:
        switch = _UNLESS_OFF.get(name, "")
        if name in _RESOLUTION and self.type not in _CHOOSE_RESOLUTION:
            return False
        return switch in self.properties and not self.value(switch)

    @property
    def bus_id(self) -> str | None:
        """The id after which the buses that this device provides are called."""
        return self.device_id

    def shown(self, name: str) -> str:
        """The name of a recorded object below this device."""
        if OWN_ID in name and self.bus_id is not None:
            return name.replace(OWN_ID, self.bus_id)
        return self._unnamed_buses.get(name, name)

    @property
    def shares_bus(self) -> bool:
        """Whether it hands its ports to the bus of another controller."""
        return _MASTER_BUS in self.properties and bool(self.value(_MASTER_BUS))

    def bring(self, name: str) -> None:
        """Take along the recorded object ``name``, with all below it."""
        from qmpd.model.brought import BroughtNode

        brought = self.machine.catalogue.brought(self.device_type)
        assert brought is not None
        for path, found in brought.objects.items():
            if path.partition("/")[0] != name:
                continue
            if self.machine.catalogue.is_a(found.type, "bus"):
                if not self.shares_bus:
                    self.add_bus(found)
            else:
                parent, _, child = path.rpartition("/")
                top = resolve_at(self, map(self.shown, parent.split("/")))
                assert top is not None
                top.add_child(child, BroughtNode(self, found))

    def add_bus(self, recorded: BroughtObject) -> None:
        """Provide the bus that was recorded."""
        name = self._bus_name(recorded)
        bus = _bus_class(recorded.type)(name, self, recorded)
        self.child_buses.insert(0, bus)
        self.add_child(name, bus)

    def name_buses(self) -> None:
        """Settle what the buses that this device provides are called, before others take names."""
        brought = self.machine.catalogue.brought(self.device_type)
        for path, found in brought.objects.items() if brought is not None else ():
            if path.startswith(OWN_ID) and self.machine.catalogue.is_a(found.type, "bus"):
                self._bus_name(found)

    def _bus_name(self, recorded: BroughtObject) -> str:
        if OWN_ID not in recorded.path or self.bus_id is not None:
            return self.shown(recorded.path)
        if recorded.path not in self._unnamed_buses:
            brought = self.machine.catalogue.brought(self.device_type)
            assert brought is not None
            for path, found in sorted(brought.objects.items()):
                if path.startswith(OWN_ID) and self.machine.catalogue.is_a(found.type, "bus"):
                    self._unnamed_buses[path] = self.machine.buses.unnamed(found.type)
        return self._unnamed_buses[recorded.path]

    @classmethod
    def instance_properties(cls, catalogue: Catalogue, device_type: str) -> Iterable[Property]:
        """The properties that each object adds to itself, in the order in which it does."""
        entries = catalogue.qom_properties(device_type).value
        brought = catalogue.brought(device_type)
        own = entries[brought.class_properties :] if brought is not None else entries
        names = {entry["name"] for entry in entries}
        declared = [prop for prop in cls.properties.values() if prop.instance and prop.name in names]
        done = {prop.name for prop in declared}
        kept = [
            entry
            for entry in entries
            if entry["name"] in SET_ANY_TIME
            or (brought is not None and entry in own and not entry["type"].startswith("child<"))
        ]
        return [*declared, *(stored(entry, instance=True) for entry in kept if entry["name"] not in done)]


def _bus_class(bus_type: str) -> type[BroughtBus]:
    if bus_type == "usb-bus":
        from qmpd.model.usb import UsbBus

        return UsbBus
    from qmpd.model.brought import BroughtBus

    return BroughtBus


@cache
def defaults(catalogue: Catalogue, machine_type: str, device_type: str) -> Mapping[str, Any]:
    """The values of the properties that nobody has set."""
    entries = catalogue.qom_properties(device_type).value
    values: dict[str, Any] = {entry["name"]: initial_value(entry) for entry in entries}
    brought = catalogue.brought(device_type)
    if brought is not None:
        values.update(brought.values)
    kinds = {entry["name"]: KINDS.get(entry["type"]) for entry in entries}
    for owner, name, value in catalogue.compat_props(machine_type):
        kind = kinds.get(name)
        if kind is not None and catalogue.is_a(device_type, owner):
            values[name] = kind.read(value, name, typed=False)
    values.update(catalogue.compat_defaults(machine_type).get(device_type, {}))
    if values.get("ver") and version_of(machine_type) in _DISK_VERSIONS:
        values["ver"] = _DISK_VERSIONS[version_of(machine_type)]
    return values


@cache
def known_names(catalogue: Catalogue, device_type: str) -> frozenset[str]:
    """The names that devices of this type have from the beginning."""
    return frozenset(entry["name"] for entry in catalogue.qom_properties(device_type).value)


_tables: dict[tuple[type, Catalogue, str], Mapping[str, Property]] = {}


def property_table(cls: type[CatalogueDevice], catalogue: Catalogue, device_type: str) -> Mapping[str, Property]:
    """All properties of ``device_type``, the class's first; those that ``cls`` declares replace the stored ones."""
    key = cls, catalogue, device_type
    if key not in _tables:
        _tables[key] = _build_table(cls, catalogue, device_type)
    return _tables[key]


def _build_table(cls: type[CatalogueDevice], catalogue: Catalogue, device_type: str) -> Mapping[str, Property]:
    instance = {prop.name: prop for prop in cls.instance_properties(catalogue, device_type)}
    table = {}
    for entry in catalogue.qom_properties(device_type).value:
        name = entry["name"]
        if name in instance or entry["type"].startswith("child<"):
            continue
        table[name] = cls.properties.get(name) or stored(entry, instance=False)
    return table | instance
