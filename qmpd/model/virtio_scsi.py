"""virtio-scsi-pci: a controller of which only the number of queues matters here (hw/virtio/virtio-scsi-pci.c)."""

from __future__ import annotations

from qmpd.model.virtio_pci import VirtioPci

_QUEUES = "num_queues"
_AUTOMATIC = (1 << 32) - 1
_FIXED_QUEUES = 2
_CHANGE = 1
_MOST_QUEUES = 1024 - _FIXED_QUEUES


class VirtioScsiPci(VirtioPci):
    """A controller with a queue for each CPU, if nobody says otherwise, and a vector for each queue."""

    def realize_function(self) -> None:
        if self.backend.values.get(_QUEUES, _AUTOMATIC) == _AUTOMATIC:
            self.backend.values[_QUEUES] = self._automatic_queues()
        self.values.setdefault("vectors", self.usual_vectors())
        super().realize_function()

    def _automatic_queues(self) -> int:
        # Before 5.2 it was always one (hw_compat_5_1).
        if self.machine.version <= (5, 1):
            return 1
        return min(self.machine.cpus.smp.cpus, _MOST_QUEUES)

    def usual_vectors(self) -> int:
        return int(self.backend.values[_QUEUES]) + _FIXED_QUEUES + _CHANGE
