"""virtio-balloon-pci: memory that the guest gives back (its answers only) (hw/virtio/virtio-balloon.c)."""

from __future__ import annotations

from qmpd import errors
from qmpd.model.qom import INT, attribute, computed
from qmpd.model.virtio_pci import VirtioDevice, VirtioPci


class VirtioBalloon(VirtioDevice):
    """The device behind; a machine has one at most."""

    aliases = ("guest-stats", "guest-stats-polling-interval")
    polling_interval = 0
    own_properties = (
        computed("guest-stats", "guest statistics", lambda device: device.value("guest-stats"), instance=True),
        attribute("guest-stats-polling-interval", INT, field="polling_interval", instance=True),
    )

    def realize(self) -> None:
        if self.machine.balloon is not None:
            raise errors.balloon_exists()
        self.machine.balloon = self

    def unplug(self) -> None:
        self.machine.balloon = None


class VirtioBalloonPci(VirtioPci):
    """A balloon, never inflated."""

    backend_class = VirtioBalloon
