"""nvme: a controller, which has a subsystem of its own unless it is told to which one it belongs (hw/nvme/ctrl.c)."""

from __future__ import annotations

from qmpd.model.bus_device import BusDevice
from qmpd.model.pci import PciDevice

_SUBSYSTEM = "subsys"


class Nvme(PciDevice):
    """The controller. Its own subsystem stays behind when it goes."""

    def realize_function(self) -> None:
        super().realize_function()
        if self.links.get(_SUBSYSTEM) is None:
            subsystem = BusDevice(self.machine, "nvme-subsys")
            subsystem.values["nqn"] = self.value("serial")
            self.machine.buses.add_unattached(subsystem)
            subsystem.realize()
            subsystem.realized = True
            self.links[_SUBSYSTEM] = subsystem
