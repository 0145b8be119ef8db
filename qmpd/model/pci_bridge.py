"""PCI bridges and ports, each with a bus behind it (hw/pci-bridge/, hw/pci/pci_bridge.c, hw/pci/pcie_port.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue.brought import OWN_ID
from qmpd.model.pci import Handler, PciBus, PciDevice

if TYPE_CHECKING:
    from qmpd.catalogue.brought import BroughtObject
    from qmpd.model.machine import Machine

_BUSY = -16


BRIDGES = {
    "pcie-root-port": Handler.SLOT,
    "ioh3420": Handler.SLOT,
    "cxl-rp": Handler.SLOT,
    "xio3130-downstream": Handler.SLOT,
    "cxl-downstream": Handler.SLOT,
    "x3130-upstream": None,
    "cxl-upstream": None,
    "pci-bridge": Handler.SHPC,
    "pci-bridge-seat": Handler.SHPC,
    "pcie-pci-bridge": Handler.SHPC,
    "i82801b11-bridge": None,
}
"""How plugs behind each type of bridge are handled without ACPI."""


_BRIDGE_REGIONS = (
    *("pci[0]", "io[0]", "pref_mem[0]", "mem[0]", "io[1]"),
    *("vga_io_lo[0]", "vga_io_hi[0]", "vga_mem[0]"),
)
_INTERRUPTS = {"pcie-root-port": "MSI-X", "ioh3420": "MSI", "x3130-upstream": "MSI", "xio3130-downstream": "MSI"}
"""What ports cannot do without, and is not there without an APIC."""


class Bridge(PciDevice):
    """A bridge or port, with one bus behind it."""

    is_bridge = True

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.kind = BRIDGES[device_type]

    @property
    def is_downstream_port(self) -> bool:
        """Whether only slot 0 exists on the bus behind."""
        return self.kind is Handler.SLOT

    @property
    def takes_hotplug(self) -> bool:
        return not self.is_downstream_port or bool(self.value("hotplug"))

    @property
    def secondary(self) -> PciBus:
        (bus,) = self.child_buses
        assert isinstance(bus, PciBus)
        return bus

    def own_handler(self) -> Handler | None:
        if self.device_type in ("pci-bridge", "pci-bridge-seat") and not self.value("shpc"):
            return None
        return self.kind

    def realize_function(self) -> None:
        machine = self.machine
        if self.device_type in _INTERRUPTS and not (machine.cpu_state.has("apic") or machine.cpus.smp.cpus > 1):
            raise errors.pci.interrupts_unsupported(_INTERRUPTS[self.device_type])
        chassis_slot = (self.value("chassis"), self.value("slot")) if self.is_downstream_port else None
        if chassis_slot in self.hotplug.chassis_slots:
            raise errors.pci.chassis_slot_taken(_BUSY)
        if self.device_type in ("pci-bridge", "pci-bridge-seat") and not self.value("chassis_nr"):
            raise errors.pci.bridge_without_chassis()
        if chassis_slot is not None:
            self.hotplug.chassis_slots.add(chassis_slot)
        if "shpc" in self.properties and not self.value("shpc"):
            self.values["msi"] = "off"
        self.bring(OWN_ID)
        for region in _BRIDGE_REGIONS:
            self.bring(f"pci_bridge_{region}")
        self.bring_all()

    def pci_info(self) -> dict[str, Any]:
        info = super().pci_info()
        if "shpc" not in self.properties or self.value("shpc"):
            return info
        # The controller is all that needs memory and interrupts.
        return {name: value for name, value in info.items() if name != "irq"} | {"irq_pin": 0, "regions": []}

    def add_bus(self, recorded: BroughtObject) -> None:
        name = self.device_id or self._unnamed(recorded.type)
        bus = PciBus(name, recorded.type, self, self.hotplug)
        self.child_buses.insert(0, bus)
        self.add_child(name, bus)

    def _unnamed(self, bus_type: str) -> str:
        return self.machine.buses.unnamed(bus_type) if self.device_id is None else f"{self.device_id}.0"

    def wants(self, name: str) -> bool:
        if name == OWN_ID:
            return not self.child_buses
        if name.startswith("shpc-") and self.own_handler() is not Handler.SHPC:
            return False
        return super().wants(name)

    def release_function(self) -> None:
        super().release_function()
        if self.is_downstream_port and self.child_buses:
            self.hotplug.chassis_slots.discard((self.value("chassis"), self.value("slot")))
