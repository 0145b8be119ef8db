"""virtio-balloon-pci: memory that the guest gives back, and its statistics (hw/virtio/virtio-balloon.c)."""

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.model.machine import Machine
from qmpd.model.qom import INT, Property
from qmpd.model.virtio_pci import VirtioDevice, VirtioPci

PAGE_SHIFT: Final = 12
_LONGEST_INTERVAL = (1 << 32) - 1
_UNKNOWN = (1 << 64) - 1

_STATS = (
    *("swap-in", "swap-out", "major-faults", "minor-faults", "free-memory", "total-memory", "available-memory"),
    *("disk-caches", "htlb-pgalloc", "htlb-pgfail", "oom-kills", "alloc-stalls", "async-scans", "direct-scans"),
    *("async-reclaims", "direct-reclaims"),
)


def _set_interval(balloon: VirtioBalloon, value: object, typed: bool) -> None:
    interval = INT.read(value, "guest-stats-polling-interval", typed)
    if interval < 0:
        raise errors.virtio.balloon_interval_negative()
    if interval > _LONGEST_INTERVAL:
        raise errors.virtio.balloon_interval_too_long()
    if interval != balloon.polling_interval:
        balloon.polling_interval = interval
        balloon.tell_guest()


class VirtioBalloon(VirtioDevice):
    """The device behind; a machine has one at most. ``num_pages`` are wanted, ``actual`` ones given."""

    aliases = ("guest-stats", "guest-stats-polling-interval")
    own_properties = (
        Property("guest-stats", "guest statistics", lambda balloon: balloon.guest_stats(), instance=True),
        Property(
            "guest-stats-polling-interval",
            "int",
            lambda balloon: balloon.polling_interval,
            _set_interval,
            instance=True,
        ),
    )

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.polling_interval = 0
        self.num_pages = 0
        self.actual = 0
        self._stats: dict[str, int] = {}
        self._last_update = 0

    def realize(self) -> None:
        if self.machine.balloon is not None:
            raise errors.virtio.balloon_exists()
        self.machine.balloon = self
        self.machine.on_reset[self] = self.reset

    def unplug(self) -> None:
        self.machine.balloon = None
        del self.machine.on_reset[self]

    def reset(self) -> None:
        """As a system reset does: what the guest has given stays given until its driver says otherwise."""
        self._stats, self._last_update = {}, 0

    def guest_stats(self) -> dict[str, Any]:
        stats = {f"stat-{name}": self._stats.get(name, _UNKNOWN) for name in _STATS}
        return {"last-update": self._last_update, "stats": stats}

    def set_target(self, size: int) -> None:
        """Ask the guest to make do with ``size`` bytes."""
        ram = self.machine.ram_and_dimms
        self.num_pages = (ram - min(size, ram)) >> PAGE_SHIFT
        self.tell_guest()

    @property
    def actual_size(self) -> int:
        """The bytes that the guest has left."""
        return self.machine.ram_and_dimms - (self.actual << PAGE_SHIFT)

    def tell_guest(self) -> None:
        if self.realized:
            self.machine.guest.device_wants(self.label)

    # What the guest sees and does

    @property
    def deflates_on_oom(self) -> bool:
        return bool(self.value("deflate-on-oom"))

    def set_actual(self, pages: int) -> None:
        if pages != self.actual:
            self.actual = pages
            self.machine.emit("BALLOON_CHANGE", {"actual": self.actual_size})

    def receive_stats(self, stats: dict[str, int], seconds: int) -> None:
        self._stats, self._last_update = stats, seconds


class VirtioBalloonPci(VirtioPci):
    """A balloon."""

    backend_class = VirtioBalloon
    backend: VirtioBalloon

    def config_size(self) -> int:
        if self.backend.value("page-poison") or self.backend.value("qemu-4-0-config-size"):
            return 16
        return 12 if self.backend.value("free-page-hint") else 8
