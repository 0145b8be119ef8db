"""virtio-rng-pci: random numbers for the guest, which never asks (hw/virtio/virtio-rng.c)."""

from __future__ import annotations

from qmpd import errors
from qmpd.model.qom import Object, computed
from qmpd.model.virtio_pci import VirtioDevice, VirtioPci

_LARGEST = (1 << 63) - 1


class BuiltinSource(Object):
    """Where numbers come from when nobody says."""

    type_name = "rng-builtin"
    own_properties = (computed("opened", "bool", lambda source: True),)


class VirtioRng(VirtioDevice):
    """The device behind."""

    def realize(self) -> None:
        if not self.value("period"):
            raise errors.virtio.rng_period_missing()
        if not 0 < self.value("max-bytes") <= _LARGEST:
            raise errors.virtio.rng_max_bytes_refused()
        if self.links.get("rng") is None:
            source = BuiltinSource()
            self.add_child("default-backend", source)
            self.links["rng"] = source


class VirtioRngPci(VirtioPci):
    """A source of random numbers."""

    backend_class = VirtioRng
