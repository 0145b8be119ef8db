"""The objects a machine is born with and that nothing here models: shown as the catalogue recorded them.

They can be listed, read and found by path; nothing happens inside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue import Tree, TreeObject
from qmpd.catalogue.catalogue import family_of
from qmpd.hashorder import GHashOrder
from qmpd.model.bus import SYSTEM_BUS_PATH, BornDevice, Sitter
from qmpd.model.hostmem import Region
from qmpd.model.qom import Object, Property
from qmpd.model.ram import PORTS, pci_hole64, region_path
from qmpd.model.recorded import RecordedObject
from qmpd.model.unattached import APIC, FIRST_CPU, HELPER, HELPER_NAME, PATH

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

# What the recording, of a machine with little RAM, cannot know: where RAM below 4 GiB ends.
_END_OF_LOW_RAM = frozenset(
    {
        ("ram-below-4g[0]", "size"),
        ("tseg-blackhole[0]", "addr"),
        ("tseg-window[0]", "addr"),
        ("q35", "pci-hole-start"),
        ("q35", "below-4g-mem-size"),
        ("mch", "below-4g-mem-size"),
        ("i440fx", "pci-hole-start"),
        ("i440fx", "below-4g-mem-size"),
    }
)
_HOLE = {"pci-hole64-start": 0, "pci-hole64-end": 1}  #: behind all memory
_NOT_BEFORE = {
    ("pc-q35", "acpi-pci-hotplug[0]"): (6, 1),
    ("pc-q35", "acpi-pcihp-io-len"): (6, 1),
    ("pc-q35", "acpi-pcihp-io-base"): (6, 1),
    ("pc-q35", "fwcfg.dma[0]"): (2, 5),
    ("pc-i440fx", "fwcfg.dma[0]"): (2, 5),
}
"""Since when families of machines have properties and parts of recorded objects."""
_SMM_REGION = "smram[0]"
_FOR_SMM = frozenset(
    {
        *("smbase-blackhole[0]", "smbase-window[0]", "smram", "smram-high[0]", "smram-low[0]", "smram-open-high[0]"),
        *("smram-region[0]", _SMM_REGION, "tseg-blackhole[0]", "tseg-window[0]"),
    }
)
"""What Q35 has only with system management mode."""
_TABLES = tuple(rf"\x2from@etc\x2f{name}[0]" for name in (r"acpi\x2ftables", r"acpi\x2frsdp", "table-loader"))
_FOR_ACPI = {"pc-i440fx": ("acpi-device", "pm", *_TABLES), "pc-q35": _TABLES, "microvm": _TABLES}
"""What families of machines have only with ACPI."""
_SOUTH_BRIDGE = (
    *(f"isa-irqs[{number}]" for number in range(16)),
    *("rtc", "ide", "bus master container[0]", "isa.0", "piix-reset-control[0]", "dma[0]", "dma[1]"),
)
"""What PIIX3 always has, in the order in which it comes."""
_PAM = ("pam-ram", "pam-rom", "pam-pci")
_PAM_REGIONS = 13
PC = "pc"
_SITTER = "child["
_SYSTEM_BUS = "sysbus"
_WHOLE, _PORTS = 2**64 - 1, 1 << 16
_BEFORE_MEMORY = frozenset({"link<kvmvapic>", "link<i440FX-pcihost>"})
_BUS_ENTRIES = ("type", "hotplug-handler", "realized")
_HOTPLUG_CONTROLLERS = frozenset({"ICH9-LPC", "PIIX4_PM"})
_MEMORY_HOTPLUG = "acpi-mem-hotplug[0]"
_MOVED = {("ICH9-LPC", True): (("acpi-cpu-hotplug[0]", "acpi_enable_cmd"),)}
"""Entries that QEMU lists elsewhere, before others, for versions before 6.1 that have fewer of them."""
_HIGH_RAM = "above-4g-mem-size"
_ACPI_TABLES = r"\x2from@etc\x2facpi\x2ftables[0]"
_ACPI_OF_A_PORT, _ACPI_OF_A_CLOCK, _ACPI_OF_AN_IO_APIC = 52, 39, 12
"""The bytes by which microvm tells of its serial port, its clock and its second I/O APIC."""
_QBOOT = 64 << 10
_QBOOT_PLACES = {
    ("pc.bios[0]", "addr"): (4 << 30) - _QBOOT,
    ("pc.bios[0]", "size"): _QBOOT,
    ("isa-bios[0]", "addr"): (1 << 20) - _QBOOT,
    ("isa-bios[0]", "size"): _QBOOT,
}
"""Where the smaller firmware is that a microvm has without ACPI."""
_BIOS_ENDS = {"pc.bios[0]": (4 << 30, 1 << 32), "isa-bios[0]": (1 << 20, 128 << 10)}
"""Where firmware ends, and how much of it is there at most."""
FOLLOWING: dict[str, Callable[[Machine], bool]] = {
    "cpu-hotplug-legacy": lambda machine: machine.cpu_hotplug is None,
    "bypass-iommu": lambda machine: _bypasses_iommu(machine),
    "has-acpi": lambda machine: machine.has_acpi_device,
    "has-usb": lambda machine: bool(machine.settings.get("usb")),
    "smm-enabled": lambda machine: machine.settings.get("smm") != "off",
    "smm-ranges": lambda machine: machine.settings.get("smm") != "off",
}
"""Properties of recorded objects that the board sets as it is told."""
_SHARED = {
    ("", "isa-pit"): f"{PATH}/non-qdev-gpio[0]",
    ("", "mc146818rtc"): f"{PATH}/non-qdev-gpio[8]",
    ("microvm", "mc146818rtc"): f"{PATH}/non-qdev-gpio[3]",
}
"""Where the interrupts of these go on a machine whose wire for them is left out: to one that is there anyway."""


# The first CPU's messages are those of all.
_NOT_MAPPED: dict[str, Any] = {"container": "", "addr": 0, "priority": 0}


def _bypasses_iommu(machine: Machine) -> bool:
    """Only Q35 passes that on to its host bridge."""
    return bool(machine.settings.get("default-bus-bypass-iommu")) and family_of(machine.info.name) == "pc-q35"


class BootObject(RecordedObject):
    """One recorded object."""

    def __init__(self, machine: Machine, recorded: TreeObject) -> None:
        kinds = {name: kind for name, kind in recorded.entries.items() if is_there(machine, name)}
        self._renamed = _sitters_left(machine, recorded, kinds)
        if recorded.type in _HOTPLUG_CONTROLLERS:
            kinds = _with_memory_hotplug(machine, kinds)
        if recorded.type == "mch" and not is_there(machine, _SMM_REGION):
            kinds = _without_smm(kinds)
        if recorded.type == "PIIX3":
            kinds = _south_bridge(machine, kinds)
        super().__init__(machine.catalogue, recorded.type, kinds)
        self._machine = machine
        self._recorded = recorded

    def value(self, name: str) -> Any:
        if (self.name, name) in _END_OF_LOW_RAM:
            return self._machine.ram_below_4g
        if name in _HOLE and self.name in ("q35", "i440fx"):
            return pci_hole64(self._machine)[_HOLE[name]]
        if name == _HIGH_RAM:
            return self._machine.ram_above_4g
        if self._machine.bios_size is not None and self.name in _BIOS_ENDS and name in ("addr", "size"):
            end, most = _BIOS_ENDS[self.name]
            size = min(self._machine.bios_size, most)
            return size if name == "size" else end - size
        if self._machine.info.name == "microvm":
            if self.name == _ACPI_TABLES and name == "size":
                return self._recorded.value(name) + _more_tables(self._machine)
            if self._machine.acpi == "off" and (self.name, name) in _QBOOT_PLACES:
                return _QBOOT_PLACES[self.name, name]
        if name in FOLLOWING:
            return FOLLOWING[name](self._machine)
        if name == "ram-mem":
            return region_path(self._machine)
        if name == "date":
            return self._machine.get_property("rtc-time")
        told = self._machine.board_values.get(self.type)
        if told and name in told:
            return told[name]
        own = self._of_a_further_cpu(name)
        if own is not None:
            return own
        changed = self._machine.changed_defaults.get(self.type, {})
        if name in changed:
            return changed[name]
        try:
            value = self._recorded.value(self._renamed.get(name, name))
            found = self._machine.numbering.relocated(value)
            if found is None is not value:
                return _SHARED.get((self._machine.info.name, self.type), _SHARED.get(("", self.type), ""))
            return self._of_this_cpu(found)
        except KeyError:
            raise errors.not_modelled(f"property '{name}' of {self.path}") from None

    def _of_a_further_cpu(self, name: str) -> Any:
        """What the parts of all CPUs but the first have of their own; None if it is nothing."""
        cpu = self._cpu()
        if cpu is None or not cpu.index:
            return None
        if self.name == APIC and name == "id":
            return cpu.apic_id
        if self.name == APIC and name == "hotplugged":
            return cpu.get_property(name)
        return _NOT_MAPPED.get(name) if self.name == "apic-msi[0]" else None

    def _of_this_cpu(self, value: Any) -> Any:
        """What the recording says of the first CPU, said of the one that this is a part of."""
        first = self._machine.numbering.cpu_path(0)
        cpu = self._cpu() if isinstance(value, str) and value.startswith(first) else None
        return value if cpu is None else cpu.path + value[len(first) :]

    def _cpu(self) -> Any:
        """The CPU that this is a part of."""
        node = self.parent if self._recorded.path.startswith(FIRST_CPU) else None
        while node is not None and not hasattr(node, "apic_id"):
            node = node.parent
        return node


def _more_tables(machine: Machine) -> int:
    """By how many bytes a microvm's ACPI tables are longer than the recorded ones."""
    return (
        _ACPI_OF_A_PORT * sum(device.type == "isa-serial" for device in machine.board_devices)
        - _ACPI_OF_A_CLOCK * ("mc146818rtc" in machine.numbering.left_out)
        - _ACPI_OF_AN_IO_APIC * ("ioapic" in machine.numbering.left_out)
    )


class SystemBus(BootObject):
    """The bus that machines begin with; devices may have come to it since, which the recording does not know."""

    def _sitters(self) -> dict[str, Sitter | str]:
        """Who sits there, recorded ones by their recorded names; flash chips come once there is memory."""
        born = sorted((name for name in self._kinds if name.startswith(_SITTER)), key=lambda name: int(name[6:-1]))
        chips = [chip for _, chip in sorted(self._machine.flash.items())]
        early = sum(self._kinds[name] in _BEFORE_MEMORY for name in born)
        bus = self._machine.buses.system
        come = [sitter for sitter in reversed(bus.sitters) if not isinstance(sitter, BornDevice)]
        helper = BornDevice(HELPER, f"{PATH}/{HELPER_NAME}")
        borrowed = [helper] if self._machine.numbering.borrows_helper else []
        found: list[Sitter | str] = [*borrowed, *born[:early], *chips, *born[early:], *come]
        return {f"{_SITTER}{number}]": sitter for number, sitter in enumerate(found)}

    def find_property(self, name: str) -> Property:
        sitter = self._sitters().get(name)
        if sitter is None:
            return super().find_property(name)
        if isinstance(sitter, str):
            return super().find_property(sitter)._replace(name=name)
        return Property(name, f"link<{sitter.type}>", lambda _: sitter.path)

    def list_properties(self) -> list[tuple[str, str]]:
        sitters = self._sitters()
        kinds = {name: kind for name, kind in self._kinds.items() if not name.startswith(_SITTER)}
        for name, sitter in sitters.items():
            kinds[name] = self._kinds[sitter] if isinstance(sitter, str) else f"link<{sitter.type}>"
        order = GHashOrder([*_BUS_ENTRIES[1:], *sitters])
        return [(name, kinds[name]) for name in (*_BUS_ENTRIES[:1], *list(order)[::-1])]


def _with_memory_hotplug(machine: Machine, kinds: dict[str, str]) -> dict[str, str]:
    """The entries of what speaks ACPI, in QEMU's order, with the ports for DIMMs if there are slots for them."""
    names = list(kinds)
    for name, before in _MOVED.get((machine.family.acpi_device or "", machine.version < (6, 1)), ()):
        names.remove(name)
        names.insert(names.index(before), name)
    if machine.memory_hotplug.slots:
        if machine.family.acpi_device == "PIIX4_PM":
            names.remove("acpi-tmr[0]")
            at = names.index("acpi_enable_cmd") + 1
            names[at:at] = ["acpi-tmr[0]", _MEMORY_HOTPLUG]
        else:
            names.insert(names.index("lpc-rcrb-mmio[0]"), _MEMORY_HOTPLUG)
    return {name: kinds.get(name, "child<memory-region>") for name in names}


def is_there(machine: Machine, name: str) -> bool:
    """Whether a recorded property or part is there on a machine of this version."""
    family = family_of(machine.info.name)
    if name == "pc.bios[0]" and machine.flash:
        return False
    if name in _FOR_ACPI.get(family, ()) and machine.acpi == "off":
        return False
    if name == _SMM_REGION and family == "isapc":
        return False
    if name == "rtc-time" and machine.settings.get("rtc") == "off":
        return False
    if name in _FOR_SMM and family == "pc-q35" and machine.settings.get("smm") == "off":
        return False
    return machine.version >= _NOT_BEFORE.get((family, name), (0, 0))


def _south_bridge(machine: Machine, kinds: dict[str, str]) -> dict[str, str]:
    """The entries of PIIX3, in QEMU's order, with USB and ACPI if the machine has them."""
    added = {"uhci": "child<piix3-usb-uhci>"} if machine.settings.get("usb") else {}
    made = [*_SOUTH_BRIDGE, *added, *(("pm",) if "pm" in kinds else ()), "bus master[0]"]
    entries = {name: kind for name, kind in kinds.items() if name not in made}
    return entries | {name: (kinds | added)[name] for name in list(GHashOrder(made))[::-1]}


def _without_smm(kinds: dict[str, str]) -> dict[str, str]:
    """The entries of Q35's memory controller, in QEMU's order, on a machine without system management mode."""
    counts = dict.fromkeys(_PAM, 0)
    made = ["bus master container[0]"]
    for _ in range(_PAM_REGIONS):
        for name in (*_PAM, _PAM[-1]):
            made.append(f"{name}[{counts[name]}]")
            counts[name] += 1
    listed = list(GHashOrder([*made, "bus master[0]"]))[::-1]
    return {name: kinds[name] for name in (*(name for name in kinds if name not in set(listed)), *listed)}


def _sitters_left(machine: Machine, recorded: TreeObject, kinds: dict[str, str]) -> dict[str, str]:
    """Take from the ``kinds`` of a bus those who are not there; the recorded names of those that take their places."""
    sitters = sorted((name for name in kinds if name.startswith(_SITTER)), key=lambda name: int(name[6:-1]))
    left = [name for name in sitters if machine.numbering.relocated(recorded.value(name)) is not None]
    if left == sitters:
        return {}
    renamed = dict(zip(sitters, left, strict=False))
    types = {name: kinds[was] for name, was in renamed.items()}
    for name in sitters:
        if name in types:
            kinds[name] = types[name]
        else:
            del kinds[name]
    return renamed


def may_lead_into(machine: Machine, path: str) -> bool:
    """Whether the first name in a partial ``path`` is one of a recorded object."""
    first = next((part for part in path.split("/") if part), "")
    tree = machine.catalogue.tree(machine.info.name)
    return not first or (tree is not None and first in _names(tree))


@cache
def _names(tree: Tree) -> frozenset[str]:
    return frozenset(path.rpartition("/")[2] for path in tree.paths())


class _EarlyBus(Object):
    """The bus at the root before anything is on it."""

    type_name = "System"
    own_properties = (
        Property("realized", "bool", lambda _: False),
        Property("hotplug-handler", "link<hotplug-handler>", lambda _: ""),
    )


def show_beginnings(machine: Machine) -> None:
    """Put into the tree what there is before the board is made."""
    if machine.unattached.child(_SYSTEM_BUS) is None:
        machine.unattached.add_child(_SYSTEM_BUS, _EarlyBus())
        machine.unattached.add_child("system[0]", Region(_WHOLE))
        machine.unattached.add_child("io[0]", Region(_PORTS))


def forget_beginnings(machine: Machine) -> None:
    """Take the bus out again that has come to stand elsewhere."""
    early = machine.unattached.child(_SYSTEM_BUS)
    if isinstance(early, _EarlyBus):
        early.unparent()


def show(machine: Machine) -> None:
    """Put the recorded objects into the tree, where nothing else is."""
    from qmpd.model.consoles import show_consoles

    show_consoles(machine, machine.backend)
    tree = machine.catalogue.tree(machine.info.name)
    if tree is None:
        return
    for path, source, recorded in _paths(machine, tree):
        parent_path, _, name = path.rpartition("/")
        parent: Object | None = machine.root_object
        for part in parent_path.split("/")[1:]:
            parent = parent.child(part) if parent is not None else None
        if name and parent is not None and parent.child(name) is None and not path.startswith("/chardevs/"):
            node = source.get(recorded)
            if node is None or path.startswith("/objects/") or not is_there(machine, name):
                continue
            parent.add_child(name, machine.buses.find_born(path) or _boot_object(machine, path, node))


def _paths(machine: Machine, tree: Tree) -> Iterator[tuple[str, Tree, str]]:
    """The paths here, and where each was recorded: parts of an APIC on a PC where this kind of machine had none."""
    for path, recorded in machine.numbering.paths():
        yield path, tree, recorded
    pc = machine.catalogue.tree(PC)
    if machine.numbering.borrows_helper and pc is not None:
        for path in pc.paths():
            if path.startswith((f"{FIRST_CPU}/{APIC}", f"{PATH}/{HELPER_NAME}")):
                yield path, pc, path


def show_cpu(machine: Machine, path: str) -> bool:
    """Put the CPU at ``path`` into the tree, and no more; whether there is one."""
    tree = machine.catalogue.tree(machine.info.name)
    number = machine.numbering.cpu_of(path) if tree is not None and tree.get(FIRST_CPU) is not None else None
    if number is None:
        return False
    machine.unattached.add_child(path.rpartition("/")[2], _cpu_object(machine, number))
    return True


def planted(machine: Machine, recorded: str) -> Object:
    """The object that was recorded there, below those that the board has put nowhere else."""
    path: str = machine.numbering.relocated(recorded)
    name = path.rpartition("/")[2]
    found = machine.unattached.child(name)
    if found is None:
        tree = machine.catalogue.tree(machine.info.name)
        node = tree.get(recorded) if tree is not None else None
        assert node is not None
        found = _boot_object(machine, path, node)
        machine.unattached.add_child(name, found)
    return found


def _cpu_object(machine: Machine, number: int) -> Object:
    from qmpd.model.cpu_object import CpuObject

    return CpuObject(machine, number)


def _boot_object(machine: Machine, path: str, node: TreeObject) -> Object:
    number = machine.numbering.cpu_of(path)
    if number is not None:
        return _cpu_object(machine, number)
    found = SystemBus(machine, node) if path == SYSTEM_BUS_PATH else BootObject(machine, node)
    if node.type in _HOTPLUG_CONTROLLERS and machine.memory_hotplug.slots:
        found.add_child(_MEMORY_HOTPLUG, Region(24, PORTS, 0xA00))
    return found
