"""igb: a network card with virtual functions, which are there from the start (hw/net/igb.c, hw/pci/pcie_sriov.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.pci import FUNCTIONS, SLOTS, PciDevice

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.qom import Object

_COUNT = 8
_OFFSET, _STRIDE = 0x80, 2


class VirtualFunction(PciDevice):
    """One of them. Nobody plugs it, and no slot tells of it."""

    is_virtual = True

    def plug(self) -> None:
        """It comes with the card, of which the guest is told."""


class Igb(PciDevice):
    """The card."""

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self._virtual: list[VirtualFunction] = []

    def realize_function(self) -> None:
        super().realize_function()
        self.values["multifunction"] = True
        if self.devfn + _OFFSET + (_COUNT - 1) * _STRIDE >= SLOTS * FUNCTIONS:
            raise errors.pci.virtual_functions_overflow()
        try:
            for number in range(_COUNT):
                self._add(self.devfn + _OFFSET + number * _STRIDE)
        except QemuError:
            self._drop()
            raise

    def _add(self, devfn: int) -> None:
        function = VirtualFunction(self.machine, "igbvf")
        function.devfn = devfn
        function.bus = self.pci_bus
        self.pci_bus.attach(function)
        self.machine.buses.add_unattached(function)
        try:
            function.realize()
        except QemuError:
            self.pci_bus.detach(function)
            self.machine.buses.withdraw_unattached(function)
            raise
        function.realized = True
        self._virtual.append(function)

    def _drop(self) -> None:
        while self._virtual:
            function = self._virtual.pop(0)
            function.release_function()
            self.pci_bus.detach(function)
            function.unparent()

    def parts(self) -> list[Object]:
        return [*self._virtual]

    def unplug(self) -> None:
        super().unplug()
        self._drop()
