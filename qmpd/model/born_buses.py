"""The buses a machine is born with, from what the catalogue recorded, and the search among all of a machine's."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.bus import SYSTEM_BUS, SYSTEM_BUS_PATH, BornDevice, Bus, Sitter, find_bus, pick
from qmpd.model.macs import Macs
from qmpd.model.pci import PciBus
from qmpd.model.pci_hotplug import Hotplug

if TYPE_CHECKING:
    from qmpd.catalogue import Tree
    from qmpd.model.machine import Machine
    from qmpd.model.qom import Object

_UNATTACHED = re.compile(r"/machine/unattached/device\[(\d+)\]")


def turn_of(path: str) -> int:
    """When the board made what was recorded at ``path``: the number of the unattached device that it is, or is in."""
    match = _UNATTACHED.match(path)
    return int(match[1]) if match else -1


class Buses:
    """All buses of one machine. Reading the recorded ones takes milliseconds, so each part waits until it is asked."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.hotplug = Hotplug(machine)
        self.macs = Macs()
        self.expanders: list[PciBus] = []  #: further root buses, the newest first
        self._hosts: list[Sitter] = []  #: what those hang on, the oldest first
        self._unattached: int | None = None
        self._unnamed: dict[str, int] = {}
        self._brought: dict[str, int] = {}

    def count(self, bus_type: str) -> int:
        """How many buses of the type devices have brought before."""
        number = self._brought.get(bus_type, 0)
        self._brought[bus_type] = number + 1
        return number

    def unnamed(self, bus_type: str) -> str:
        """The name of a bus that nobody has named: each type counts its own."""
        number = self._unnamed.get(bus_type, self._born_unnamed(bus_type))
        self._unnamed[bus_type] = number + 1
        return f"{bus_type.lower()}.{number}"

    def add_unattached(self, device: Object) -> None:
        """Put ``device``, for which nobody else has a place, under the next number."""
        self._machine.unattached.add_child(f"device[{self.next_unattached()}]", device)

    def withdraw_unattached(self, device: Object) -> None:
        """Take out the last that was put there, which could not be realized: the next one gets its number."""
        device.unparent()
        assert self._unattached is not None
        self._unattached -= 1

    def next_unattached(self) -> int:
        """The number that the next object takes that the board makes and puts nowhere else."""
        if self._unattached is None:
            numbering = self._machine.numbering
            born = sum(_UNATTACHED.fullmatch(path) is not None for path, _ in numbering.paths())
            self._unattached = numbering.ahead + born + len(numbering.turns)
        self._unattached += 1
        return self._unattached - 1

    def add_expander(self, bus: PciBus, host: Sitter) -> None:
        """Have a further root bus, and what it hangs on."""
        self.expanders.insert(0, bus)
        self._hosts.append(host)
        if "system" in vars(self):
            self.system.attach(host)

    def _born_unnamed(self, bus_type: str) -> int:
        if bus_type == "PCIE":
            return 0  # The board itself calls its bus pcie.0.
        tree = self._machine.catalogue.tree(self._machine.info.name)
        pattern = re.compile(rf"/{re.escape(bus_type.lower())}\.\d+$")
        return sum(pattern.search(path) is not None for path in tree.paths()) if tree is not None else 0

    @cached_property
    def pci(self) -> PciBus | None:
        """The first PCI bus, with the functions that the board has."""
        machine = self._machine
        functions = machine.catalogue.pci_functions(machine.info.name)
        if not functions:
            return self._optional_pci()
        place = functions[0].bus
        bus = PciBus(
            place.rpartition("/")[2], "PCIE" if place.endswith("pcie.0") else "PCI", None, self.hotplug, place=place
        )
        for function in functions:
            path = machine.numbering.relocated(function.path)
            if path is None or (function.type == machine.family.acpi_device and not machine.has_acpi_device):
                continue
            device = BornDevice(function.type, path, turn_of(function.path))
            bus.attach(device)
            bus.functions[function.slot << 3 | function.function] = device
        if machine.ready:
            self.hotplug.ready(bus)
        return bus

    def _optional_pci(self) -> PciBus | None:
        """The bus that microvm has if it is told so."""
        if self._machine.settings.get("pcie") != "on":
            return None
        place = self._machine.numbering.relocated("/machine/unattached/device[29]/pcie.0")
        bus = PciBus("pcie.0", "PCIE", None, self.hotplug, place=place)
        host_bridge = BornDevice("gpex-root", f"{place.rpartition('/')[0]}/gpex_root")
        bus.attach(host_bridge)
        bus.functions[0] = host_bridge
        return bus

    @cached_property
    def system(self) -> Bus:
        """The bus at the root of all others."""
        bus = Bus(SYSTEM_BUS, "System", None, place=SYSTEM_BUS_PATH)
        machine = self._machine
        tree = machine.catalogue.tree(machine.info.name)
        if tree is not None:
            self._populate(bus, tree)
        for host in self._hosts:
            bus.attach(host)
        return bus

    def _populate(self, system: Bus, tree: Tree) -> None:
        """Hang the recorded buses and devices below the system bus."""
        catalogue, pci = self._machine.catalogue, self.pci
        buses = {SYSTEM_BUS_PATH: system}
        devices: dict[str, BornDevice] = {}
        if pci is not None:
            buses[pci.place] = pci
            devices = {sitter.path: sitter for sitter in pci.sitters if isinstance(sitter, BornDevice)}
        sitters = {}
        relocated = self._machine.numbering.relocated
        for path in tree.paths():
            node = tree.get(path)
            assert node is not None
            place = relocated(path)
            if place is None:
                continue
            names = node.entries
            if "parent_bus" in names:
                devices.setdefault(place, BornDevice(node.type, place, turn_of(path)))
            elif catalogue.is_a(node.type, "bus"):
                bus = buses.setdefault(place, Bus(place.rpartition("/")[2], node.type, None, place=place))
                links = sorted((name for name in names if name.startswith("child[")), key=lambda name: int(name[6:-1]))
                sitters[bus] = [relocated(node.value(name)) for name in links]
        for place, bus in buses.items():
            owner = devices.get(place.rpartition("/")[0])
            if owner is not None:
                bus.owner = bus.owner or owner
                owner.child_buses.insert(0, bus)
        for bus, places in sitters.items():
            for place in places if bus is not pci else ():
                if place in devices:
                    bus.attach(devices[place])

    def find_born(self, place: str) -> Bus | None:
        """The bus that the machine was born with at that path, if it is not the one at the root."""
        return self._born.get(place)

    @cached_property
    def _born(self) -> dict[str, Bus]:
        return {bus.place: bus for bus in self.system.walk() if bus.place and bus is not self.system}

    def choose(self, driver: str, wanted: str | None, path: object) -> Bus | None:
        """The bus for a device that sits on buses of the type ``wanted`` (None: on none). Raises QEMU's text.

        ``path`` is what the user said, if it is a string.
        """
        if isinstance(path, str):
            bus = self._find(path)
            if wanted is None or not self._machine.catalogue.is_a(bus.bus_type, wanted):
                raise errors.wrong_bus(driver, bus.bus_type)
            return bus
        if wanted is None:
            return None
        if wanted == "PCI":
            return self._require(self.expanders[0] if self.expanders else self.pci, wanted, driver)
        is_a = self._machine.catalogue.is_a
        return self._require(pick(self.system, lambda bus: is_a(bus.bus_type, wanted)), wanted, driver)

    def _require(self, bus: Bus | None, wanted: str, driver: str) -> Bus:
        if bus is None or bus.full:
            raise errors.no_bus_for(wanted, driver)
        return bus

    def _find(self, path: str) -> Bus:
        if "/" not in path and self.pci is not None:
            for top in (*self.expanders, self.pci):
                found = pick(top, lambda bus: bus.bus_name == path)
                if found is not None and not found.full:
                    return found
        return find_bus(self.system, path)

    def ready(self) -> None:
        """The machine is complete: number the buses for ACPI, and look into the slots for the first time."""
        if "pci" in vars(self) and self.pci is not None:
            self.hotplug.ready(self.pci)

    def reset(self) -> None:
        if "pci" in vars(self) and self.pci is not None:
            self.hotplug.reset(self.pci)
