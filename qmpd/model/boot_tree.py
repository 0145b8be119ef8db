"""The objects a machine is born with and that nothing here models: shown as the catalogue recorded them.

They can be listed, read and found by path; nothing happens inside them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue import Tree, TreeObject
from qmpd.catalogue.catalogue import family_of
from qmpd.hashorder import GHashOrder
from qmpd.model.bus import SYSTEM_BUS_PATH, BornDevice, Sitter
from qmpd.model.qom import Object, Property
from qmpd.model.ram import PORTS, Region, pci_hole64
from qmpd.model.recorded import RecordedObject
from qmpd.model.unattached import APIC, FIRST_CPU, PATH

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
_SITTER = "child["
_BUS_ENTRIES = ("type", "hotplug-handler", "realized")
_HOTPLUG_CONTROLLERS = frozenset({"ICH9-LPC", "PIIX4_PM"})
_MEMORY_HOTPLUG = "acpi-mem-hotplug[0]"
_MOVED = {("ICH9-LPC", True): (("acpi-cpu-hotplug[0]", "acpi_enable_cmd"),)}
"""Entries that QEMU lists elsewhere, before others, for versions before 6.1 that have fewer of them."""
_HIGH_RAM = "above-4g-mem-size"
_WITHOUT_HPET = {"isa-pit": f"{PATH}/non-qdev-gpio[0]", "mc146818rtc": f"{PATH}/non-qdev-gpio[8]"}
"""Where these devices' interrupts go then."""


# The first CPU's messages are those of all.
_NOT_MAPPED: dict[str, Any] = {"container": "", "addr": 0, "priority": 0}


class BootObject(RecordedObject):
    """One recorded object."""

    def __init__(self, machine: Machine, recorded: TreeObject) -> None:
        kinds = {name: kind for name, kind in recorded.entries.items() if is_there(machine, name)}
        self._renamed = _sitters_left(machine, recorded, kinds)
        if recorded.type in _HOTPLUG_CONTROLLERS:
            kinds = _with_memory_hotplug(machine, kinds)
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
            return _WITHOUT_HPET[self.type] if found is None is not value else self._of_this_cpu(found)
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
        cpu = self._cpu() if isinstance(value, str) and value.startswith(FIRST_CPU) else None
        return value if cpu is None else cpu.path + value[len(FIRST_CPU) :]

    def _cpu(self) -> Any:
        """The CPU that this is a part of."""
        node = self.parent if self._recorded.path.startswith(FIRST_CPU) else None
        while node is not None and not hasattr(node, "apic_id"):
            node = node.parent
        return node


class SystemBus(BootObject):
    """The bus that machines begin with; devices may have come to it since, which the recording does not know."""

    def _come(self) -> dict[str, Sitter]:
        first = sum(name.startswith(_SITTER) for name in self._kinds)
        bus = self._machine.buses.system
        come = [sitter for sitter in reversed(bus.sitters) if not isinstance(sitter, BornDevice)]
        return {f"{_SITTER}{first + number}]": sitter for number, sitter in enumerate(come)}

    def find_property(self, name: str) -> Property:
        sitter = self._come().get(name)
        if sitter is None:
            return super().find_property(name)
        return Property(name, f"link<{sitter.type}>", lambda _: sitter.path)

    def list_properties(self) -> list[tuple[str, str]]:
        kinds = self._kinds | {name: f"link<{sitter.type}>" for name, sitter in self._come().items()}
        sitters = [f"{_SITTER}{number}]" for number in range(len(kinds) - len(_BUS_ENTRIES))]
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
    return machine.version >= _NOT_BEFORE.get((family_of(machine.info.name), name), (0, 0))


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


def show(machine: Machine) -> None:
    """Put the recorded objects into the tree, where nothing else is."""
    from qmpd.model.consoles import show_consoles

    show_consoles(machine, machine.backend)
    tree = machine.catalogue.tree(machine.info.name)
    if tree is None:
        return
    for path, recorded in machine.numbering.paths():
        parent_path, _, name = path.rpartition("/")
        parent: Object | None = machine.root_object
        for part in parent_path.split("/")[1:]:
            parent = parent.child(part) if parent is not None else None
        if name and parent is not None and parent.child(name) is None and not path.startswith("/chardevs/"):
            node = tree.get(recorded)
            if node is None or path.startswith("/objects/") or not is_there(machine, name):
                continue
            parent.add_child(name, machine.buses.find_born(path) or _boot_object(machine, path, node))


def show_cpu(machine: Machine, path: str) -> bool:
    """Put the CPU at ``path`` into the tree, and no more; whether there is one."""
    tree = machine.catalogue.tree(machine.info.name)
    number = machine.numbering.cpu_of(path) if tree is not None and tree.get(FIRST_CPU) is not None else None
    if number is None:
        return False
    machine.unattached.add_child(path.rpartition("/")[2], _cpu_object(machine, number))
    return True


def _cpu_object(machine: Machine, number: int) -> Object:
    from qmpd.model.cpu_object import CpuObject

    return CpuObject(machine, number)


def _boot_object(machine: Machine, path: str, node: TreeObject) -> Object:
    number = machine.numbering.cpu_of(path)
    if number is not None:
        return _cpu_object(machine, number)
    found = SystemBus(machine, node) if path == SYSTEM_BUS_PATH else BootObject(machine, node)
    if node.type in _HOTPLUG_CONTROLLERS and machine.memory_hotplug.slots:
        found.add_child(_MEMORY_HOTPLUG, Region(24, 0xA00, PORTS))
    return found
