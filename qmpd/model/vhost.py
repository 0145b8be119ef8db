"""vhost devices: virtio devices whose work is done by somebody else, in the kernel or behind a socket.

Here nobody does it. A simulated host that has backends limits the machine's memory devices as theirs do (memslots.py);
without them a device says what QEMU says on a host that has none.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.chardev import ChardevNode, chardev_property
from qmpd.model.memslots import VhostBackend
from qmpd.model.virtio_pci import VirtioDevice, VirtioPci, base_name
from qmpd.model.virtio_queues import check_scsi
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_MOST_QUEUES = 1024
_LARGEST_QUEUE = 1024
_FEATURES = {
    **dict.fromkeys(("indirect_desc", "event_idx", "notify_on_empty", "any_layout", "queue_reset"), True),
    **dict.fromkeys(("packed", "in_order", "controls"), False),
}
"""What a simulated backend offers, and what it does not."""
_ASKED_IN_VAIN = {
    "vhost-vsock": ("packed",),
    **dict.fromkeys(("vhost-scsi", "vhost-user-scsi"), ("in_order",)),
    **dict.fromkeys(("vhost-user-blk", "vhost-user-fs", "vhost-user-vsock"), ("packed", "in_order")),
}
"""What these devices leave to the backend, of what it does not offer; the others leave everything to it."""
_WITH_IOMMU = ("vhost-vsock", "vhost-scsi", "vhost-user-scsi", "vhost-user-vsock")
_BACKEND_QUEUES = 256
_LONGEST_TAG = 36
_LOWEST_CID = 3


class VhostDevice(VirtioDevice):
    """The device behind."""

    own_properties = (chardev_property(),)
    takes_other = False
    listens = True

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.chardev: ChardevNode | None = None
        self._backend: VhostBackend | None = None

    def realize(self) -> None:
        name = self.device_type.removesuffix("-device")
        shared = name.startswith("vhost-user")
        _CHECKS.get(name, _check_base)(self)
        backend = VhostBackend(self.machine.host.vhost_memslots, shared=shared)
        if shared:
            self._reach(backend, name)
        self.machine.memslots.attach(backend)
        if self.chardev is not None:
            self.chardev.hung_up = False
        if name not in _WITH_IOMMU and self.value("iommu_platform"):
            self.machine.memslots.detach(backend)
            raise errors.virtio.iommu_platform_unsupported()
        self._negotiate(name)
        self._backend = backend
        if self.chardev is not None:
            self.chardev.attach(self)

    def _negotiate(self, name: str) -> None:
        """Have none of the features that the device asks of a backend in vain, or just those that the backend has."""
        if name in _ASKED_IN_VAIN:
            self.values |= dict.fromkeys(_ASKED_IN_VAIN[name], False)
        else:
            self.values |= {feature: offered for feature, offered in _FEATURES.items() if feature in self.properties}

    def _reach(self, backend: VhostBackend, name: str) -> None:
        """Speak with the backend behind the socket. Disks and SCSI controllers connect anew, and hang up in the end if
        they cannot be made; QEMU's other devices find nobody there then. Raises QEMU's text.
        """
        assert self.chardev is not None
        connects = name in _QUEUES
        if not backend.limit or (self.chardev.hung_up and not connects):
            raise errors.vhost.backend_silent()
        self.chardev.hung_up = connects
        if connects and self.value(_QUEUES[name].name) > _BACKEND_QUEUES:
            raise errors.vhost.backend_queues_exceeded(_BACKEND_QUEUES)

    def unplug(self) -> None:
        assert self._backend is not None
        if self.chardev is not None:
            self.chardev.detach(self)
        self.machine.memslots.detach(self._backend)


class VhostPci(VirtioPci):
    """A vhost device on PCI."""

    backend_class = VhostDevice
    backend: VhostDevice
    implied_vectors = 1

    def realize_function(self) -> None:
        queues = _QUEUES.get(base_name(self.type))
        if queues is not None and self.backend.value(queues.name) == queues.automatic:
            self.backend.values[queues.name] = min(self.machine.cpus.smp.cpus, _MOST_QUEUES - queues.fixed)
        super().realize_function()

    def usual_vectors(self) -> int:
        name = base_name(self.type)
        if name in _QUEUES:
            return int(self.backend.value(_QUEUES[name].name)) + _QUEUES[name].fixed + 1
        if name == "vhost-user-fs":
            return int(self.backend.value("num-request-queues")) + 2
        return 1 if name == "vhost-user-rng" else super().usual_vectors()


class Queues(NamedTuple):
    """How the number of queues is called; the value that means one for each CPU; how many there are besides."""

    name: str
    automatic: int
    fixed: int


_QUEUES = {
    "vhost-scsi": Queues("num_queues", 0xFFFFFFFF, 2),
    "vhost-user-scsi": Queues("num_queues", 0xFFFFFFFF, 2),
    "vhost-user-blk": Queues("num-queues", 0xFFFF, 0),
}


def _check_base(device: VhostDevice) -> None:
    if device.chardev is None:
        raise errors.vhost.chardev_missing("vhost-user-base")


def _check_user_scsi(device: VhostDevice) -> None:
    if device.chardev is None:
        raise errors.vhost.chardev_missing("vhost-user-scsi")
    check_scsi(device)


def _check_user_vsock(device: VhostDevice) -> None:
    if device.chardev is None:
        raise errors.vhost.chardev_missing()


def _check_blk(device: VhostDevice) -> None:
    if device.chardev is None:
        raise errors.vhost.blk_chardev_missing()
    queues, size = device.value("num-queues"), device.value("queue-size")
    if not queues or queues > _MOST_QUEUES:
        raise errors.vhost.blk_queues_refused()
    if not size:
        raise errors.vhost.blk_queue_empty()
    if size > _LARGEST_QUEUE:
        raise errors.vhost.blk_queue_too_large(_LARGEST_QUEUE)


def _check_fs(device: VhostDevice) -> None:
    if device.chardev is None:
        raise errors.vhost.chardev_missing()
    tag = device.values.get("tag")
    if tag is None:
        raise errors.vhost.tag_missing()
    if not tag:
        raise errors.vhost.tag_empty()
    if len(tag.encode()) > _LONGEST_TAG:
        raise errors.vhost.tag_too_long(_LONGEST_TAG)
    if not device.value("num-request-queues"):
        raise errors.vhost.fs_queues_missing()
    if device.value("queue-size").bit_count() != 1:
        raise errors.vhost.fs_queue_no_power()
    if device.value("queue-size") > _LARGEST_QUEUE:
        raise errors.vhost.fs_queue_too_large(_LARGEST_QUEUE)


def _check_vsock(device: VhostDevice) -> None:
    cid = device.value("guest-cid")
    if cid < _LOWEST_CID:
        raise errors.vhost.guest_cid_reserved()
    if cid >= 1 << 32:
        raise errors.vhost.guest_cid_too_large()
    _check_kernel(device, "vhost-vsock", errors.vhost.vsock_fd_bad, errors.vhost.vsock_device_missing)


def _check_scsi(device: VhostDevice) -> None:
    if device.values.get("wwpn") is None:
        raise errors.vhost.wwpn_missing()
    _check_kernel(device, "vhost-scsi", errors.vhost.owner_not_set, errors.vhost.scsi_device_missing)
    check_scsi(device)


def _check_kernel(
    device: VhostDevice, name: str, bad_fd: Callable[[], QemuError], missing: Callable[[str], QemuError]
) -> None:
    """Raise QEMU's text unless the kernel's device was handed over, or is there to be opened."""
    fd: Any = device.values.get("vhostfd")
    if fd is not None and not fd[:1].isdigit():
        raise (errors.vhost.fd_unknown if device.machine.ready else errors.vhost.fd_no_number)(name, fd)
    if fd is not None:
        raise bad_fd()
    if not device.machine.host.vhost_memslots:
        raise missing(os.strerror(errno.ENOENT))


def _check_vdpa(device: VhostDevice) -> None:
    path = device.values.get("vhostdev")
    if path is None:
        raise errors.vhost.vdpa_device_missing()
    raise errors.vhost.vdpa_device_unopened(path, os.strerror(errno.ENOENT))


_CHECKS = {
    "vhost-vsock": _check_vsock,
    "vhost-scsi": _check_scsi,
    "vhost-vdpa": _check_vdpa,
    "vhost-user-blk": _check_blk,
    "vhost-user-fs": _check_fs,
    "vhost-user-scsi": _check_user_scsi,
    "vhost-user-vsock": _check_user_vsock,
}
"""What each device wants to be told before it looks for its backend."""
