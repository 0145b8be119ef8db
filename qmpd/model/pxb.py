"""pxb, pxb-pcie, pxb-cxl: further root buses, each with a number of its own (hw/pci-bridge/pci_expander_bridge.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.bus import SYSTEM_BUS_PATH, Bus
from qmpd.model.hostmem import Region, RegionNode
from qmpd.model.pci import PciBus, PciDevice
from qmpd.model.pci_bridge import Bridge
from qmpd.model.qom import computed
from qmpd.model.recorded import RecordedObject
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.pci_hotplug import Hotplug


class _Kind(NamedTuple):
    """The types of the host bridge and the bus that an expander of one type adds."""

    host: str
    bus: str
    express: bool = True


_CXL_BUS = "pxb-cxl-bus"
_KINDS = {
    "pxb": _Kind("pxb-host", "pxb-bus", express=False),
    "pxb-pcie": _Kind("pxb-host", "pxb-pcie-bus"),
    "pxb-cxl": _Kind("pxb-cxl-host", _CXL_BUS),
}
_NO_NODE = 128
_CXL_REGISTERS = 64 << 10
_CXL_BLOCK = 4096
_REGISTERS_MIGRATE_SINCE = (5, 1)


class HostBridge(RecordedObject):
    """What the bus hangs on. It sits on the system bus, and users know it by its path only."""

    device_id: str | None = None

    def __init__(self, machine: Machine, type_name: str, bypasses_iommu: bool) -> None:
        properties = machine.catalogue.qom_properties(type_name).value
        super().__init__(machine.catalogue, type_name, {entry["name"]: entry["type"] for entry in properties})
        self._values = {
            "parent_bus": SYSTEM_BUS_PATH,
            "realized": True,
            "hotplugged": False,
            "hotpluggable": False,
            "bypass-iommu": bypasses_iommu,
            "x-config-reg-migration-enabled": machine.version >= _REGISTERS_MIGRATE_SINCE,
        }
        self.child_buses: list[Bus] = []

    def value(self, name: str) -> Any:
        return self.type if name == "type" else self._values[name]

    def list_properties(self) -> list[tuple[str, str]]:
        children = [(child.name, f"child<{child.type}>") for child in self.children()]
        return super().list_properties() + children[::-1]


class CxlRegisters(RegionNode):
    """The registers of a CXL host bridge; where they are is known once all host bridges are."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def _container(self) -> Any:
        return self._machine.child("cxl_host_reg[0]")

    def container_path(self) -> str:
        container = self._container()
        return container.path if container is not None and self._machine.ready else ""

    def address(self) -> int:
        if not self.container_path():
            return 0
        hosts = [bus.parent for bus in self._machine.buses.expanders if bus.bus_type == _CXL_BUS]
        return hosts.index(self.parent) * _CXL_REGISTERS

    def length(self) -> int:
        return _CXL_REGISTERS


class PxbBus(PciBus):
    """The bus that an expander adds; nothing handles hot plug on it."""

    own_properties = (computed("acpi_uid", "uint32", lambda bus: bus.root_number),)

    def __init__(self, name: str, bus_type: str, expander: Pxb, host: HostBridge, hotplug: Hotplug) -> None:
        super().__init__(name, bus_type, None, hotplug)
        self.owner = host
        self.handler = None
        self.bridges_only_for = expander.type
        self.expander = expander
        self.root_number = expander.value("bus_nr")

    @property
    def express(self) -> bool:
        return self.bus_type != "pxb-bus"

    @property
    def takes_hotplug(self) -> bool:
        return False


class Pxb(PciDevice):
    """An expander. The bus of a conventional one is behind a bridge on a bus that nobody sees."""

    def realize_function(self) -> None:
        self._check()
        kind = _KINDS[self.device_type]
        self.hotplug.bus_numbers.add(self.value("bus_nr"))
        if kind.express:
            self._add_bus(self.device_id or self.machine.buses.unnamed(kind.bus))
        else:
            self._add_bridge(self._add_bus("pxb-internal"))

    def _check(self) -> None:
        express = _KINDS[self.device_type].express
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

    def _add_bus(self, name: str) -> PxbBus:
        machine, kind = self.machine, _KINDS[self.device_type]
        host = HostBridge(machine, kind.host, self.value("bypass_iommu"))
        bus = self.root_bus = PxbBus(name, kind.bus, self, host, self.hotplug)
        host.child_buses.append(bus)
        host.add_child(name, bus)
        if kind.bus == _CXL_BUS:
            registers = CxlRegisters(machine)
            host.add_child(f"{kind.host}[0]", registers)
            host.add_child(".io[0]", Region(_CXL_BLOCK, registers))
            host.add_child(".cache_mem[0]", Region(_CXL_BLOCK, registers, _CXL_BLOCK))
        machine.buses.add_unattached(host)
        machine.buses.add_expander(bus, host)
        return bus

    def _add_bridge(self, bus: PxbBus) -> None:
        bridge = Bridge(self.machine, "pci-bridge")
        bridge.values |= {"chassis_nr": self.value("bus_nr"), "shpc": False}
        self.machine.buses.add_unattached(bridge)
        bridge.device_id = self.device_id
        bridge.bus = bus
        bus.attach(bridge)
        bridge.realize()
        bridge.realized = True
