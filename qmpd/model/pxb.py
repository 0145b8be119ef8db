"""pxb and pxb-pcie: further root buses, each with a number of its own (hw/pci-bridge/pci_expander_bridge.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.pci import PciBus, PciDevice
from qmpd.model.pci_bridge import Bridge

if TYPE_CHECKING:
    from qmpd.model.pci_hotplug import Hotplug

_EXPRESS = "pxb-pcie"
_NO_NODE = 128


class PxbBus(PciBus):
    """The bus that an expander adds; nothing handles hot plug on it."""

    def __init__(self, name: str, bus_type: str, expander: Pxb, hotplug: Hotplug, place: str) -> None:
        super().__init__(name, bus_type, None, hotplug, place=place)
        self.owner = expander
        self.handler = None
        self.bridges_only_for = expander.type

    @property
    def express(self) -> bool:
        return self.bus_type == "pxb-pcie-bus"

    @property
    def takes_hotplug(self) -> bool:
        return False


class Pxb(PciDevice):
    """An expander. The bus of a conventional one is behind a bridge on a bus that nobody sees."""

    def realize_function(self) -> None:
        self._check()
        self.hotplug.bus_numbers.add(self.value("bus_nr"))
        if self.device_type == _EXPRESS:
            self._add_bus(self.device_id or self.machine.buses.unnamed("pxb-pcie-bus"), "pxb-pcie-bus")
        else:
            self._add_bridge(self._add_bus("pxb-internal", "pxb-bus"))
        self.bring_all()

    def _check(self) -> None:
        express = self.device_type == _EXPRESS
        if express != self.pci_bus.express:
            raise errors.pci.pxb_on_wrong_bus(self.device_type, "PCI" if express else "PCIe")
        node, number = self.value("numa_node"), self.value("bus_nr")
        if node != _NO_NODE and node >= len(self.machine.numa.nodes):
            raise errors.pci.pxb_node_illegal(node)
        if self.pci_bus.bridge is not None or isinstance(self.pci_bus, PxbBus):
            raise errors.pci.pxb_not_on_root_bus()
        behind = {0} if any(isinstance(sitter, Bridge) for sitter in self.pci_bus.sitters) else set()
        if number in self.hotplug.bus_numbers | behind:
            raise errors.pci.pxb_number_taken(number)

    def _add_bus(self, name: str, bus_type: str) -> PxbBus:
        host = f"{self.machine.unattached.path}/device[{self.machine.buses.next_unattached()}]"
        bus = PxbBus(name, bus_type, self, self.hotplug, f"{host}/{name}")
        self.child_buses.insert(0, bus)
        self.machine.buses.expanders.insert(0, bus)
        return bus

    def _add_bridge(self, bus: PxbBus) -> None:
        bridge = Bridge(self.machine, "pci-bridge")
        bridge.values |= {"chassis_nr": self.value("bus_nr"), "shpc": False}
        self.machine.unattached.add_child(f"device[{self.machine.buses.next_unattached()}]", bridge)
        bridge.device_id = self.device_id
        bridge.bus = bus
        bus.attach(bridge)
        bridge.realize()
        bridge.realized = True
