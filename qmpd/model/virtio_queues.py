"""virtio disks and SCSI controllers: of what is special about them only the number of queues matters here
(hw/virtio/virtio-scsi-pci.c, hw/virtio/virtio-blk-pci.c).
"""

from __future__ import annotations

from qmpd import errors
from qmpd.model import queue_threads
from qmpd.model.virtio_pci import VirtioDevice, VirtioPci
from qmpd.named import NamedTuple

_MOST_QUEUES = 1024
_SHORT_QUEUE = 2
_CHANGE = 1  #: the vector that tells of changes of the configuration


class _Queues(NamedTuple):
    """How their number is called, what stands for one for each CPU, and how many there are besides."""

    name: str
    automatic: int
    fixed: int


_SCSI, _BLK = _Queues("num_queues", 0xFFFFFFFF, 2), _Queues("num-queues", 0xFFFF, 0)
_QUEUES = {"virtio-scsi-device": _SCSI, "virtio-blk-device": _BLK}


class QueuesPci(VirtioPci):
    """A device with a queue for each CPU, if nobody says otherwise, and a vector for each queue."""

    def realize_function(self) -> None:
        name, automatic, _ = _QUEUES[self.backend.type]
        if self.backend.values.get(name, automatic) == automatic:
            self.backend.values[name] = self._automatic_queues()
        self.values.setdefault("vectors", self.usual_vectors())
        super().realize_function()

    def _automatic_queues(self) -> int:
        # Before 5.2 it was always one (hw_compat_5_1).
        if self.machine.version <= (5, 1):
            return 1
        return min(self.machine.cpus.smp.cpus, _MOST_QUEUES - _QUEUES[self.backend.type].fixed)

    def check_behind(self) -> None:
        if self.backend.type == "virtio-scsi-device":
            check_scsi(self.backend)
        queue_threads.check(self.backend, self._count(), notified=self.value("ioeventfd"))

    def _count(self) -> int:
        return int(self.backend.values[_QUEUES[self.backend.type].name])

    def usual_vectors(self) -> int:
        return self._count() + _QUEUES[self.backend.type].fixed + _CHANGE


def check_scsi(device: VirtioDevice) -> None:
    """Raise QEMU's text for what no SCSI controller can have."""
    queues, size, limit = device.value("num_queues"), device.value("virtqueue_size"), _MOST_QUEUES - _SCSI.fixed
    if not 0 < queues <= limit:
        raise errors.virtio.scsi_queues_refused(queues, limit)
    if size <= _SHORT_QUEUE:
        raise errors.virtio.scsi_queue_too_short(size, _SHORT_QUEUE)
