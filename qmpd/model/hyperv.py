"""Hyper-V's bus and its balloon: vmbus-bridge and hv-balloon (hw/hyperv/vmbus.c, hw/hyperv/hv-balloon.c).

The guest tells the balloon how much memory it uses, but neither gives nor takes any.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.bus import Bus
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.device import static, static_link
from qmpd.model.memory_device import MemoryDevice, MemoryRegion
from qmpd.model.qom import BOOL, STR, UINT64, Property
from qmpd.model.virtio_mem import PluggableMemory

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine

_PAGE = 4096
_UUID = "(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LARGEST_ALIGNMENT = 32 << 30
_MEMSLOT_ALIGN = 128 << 20


class VmbusBridge(CatalogueDevice):
    """What carries the bus, if the CPUs have what it takes; otherwise QEMU complains and leaves it without."""

    bus_type = "System"

    def realize(self) -> None:
        if any(isinstance(sitter, VmbusBridge) and sitter is not self for sitter in self.machine.buses.system.sitters):
            raise errors.hyperv.bridge_exists()
        features = _hyperv_features(self.machine)
        if not {"hv-synic", "hv-vpindex"} <= features:
            self.machine.complain(errors.hyperv.synic_missing())
            return
        if not {"hv-stimer", "hv-vapic", "hv-runtime"} <= features:
            self.machine.warn(errors.hyperv.features_recommended())
        bus = Bus("vmbus", "vmbus", self)
        self.child_buses.insert(0, bus)
        self.add_child("vmbus", bus)


_ENLIGHTENMENTS = frozenset({"hv-synic", "hv-vpindex", "hv-stimer", "hv-vapic", "hv-runtime"})


def _hyperv_features(machine: Machine) -> set[str]:
    """The enlightenments that the CPUs have, of those that matter here."""
    if machine.accelerator != "kvm" or not machine.host.synic or machine.version <= (3, 0):
        return set()
    return {name for name in _ENLIGHTENMENTS if machine.cpu_state.has(name)}


def _set_instance_id(balloon: HvBalloon, value: object, typed: bool) -> None:
    if balloon.realized:
        raise errors.set_after_realize("instanceid", balloon.device_id, balloon.type)
    uuid = STR.read(value, "instanceid", typed)
    if uuid != "auto" and not re.fullmatch(_UUID, uuid):
        raise errors.pci.property_value_refused(balloon.type, "instanceid", uuid)
    balloon.instance_id = uuid


class HvBalloon(CatalogueDevice, MemoryDevice):
    """A balloon that can also add memory: that of ``memdev``, a piece at a time."""

    bus_type = "vmbus"
    info_kind = "hv-balloon"
    own_properties = (
        static_link("memdev", "memory-backend"),
        static("addr", UINT64, field="memaddr"),
        static("status-report", BOOL),
        Property("instanceid", "str", lambda balloon: balloon.instance_id, _set_instance_id),
    )

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.memdev: MemoryBackend | None = None
        self.memaddr = 0
        self.status_report = False
        self.instance_id = "auto"
        self.memslots = 0
        self._report: dict[str, int] | None = None

    def get_addr(self) -> int:
        return self.memaddr

    def set_addr(self, addr: int) -> None:
        self.memaddr = addr

    def is_empty(self) -> bool:
        return self.memdev is None

    def get_memory_region(self) -> MemoryRegion | None:
        if self.memdev is None:
            return None
        if self.child("hv-balloon[0]") is None:
            self.add_child("hv-balloon[0]", PluggableMemory(self, self.memdev.region.size))
        return self.memdev.region

    def get_min_alignment(self) -> int:
        return _LARGEST_ALIGNMENT

    def decide_memslots(self, limit: int) -> None:
        assert self.memdev is not None
        size = self.memdev.region.size
        memslot_size = -(-(size // limit) // _MEMSLOT_ALIGN) * _MEMSLOT_ALIGN
        self.memslots = -(-size // memslot_size)

    def get_memslots(self) -> int:
        return self.memslots

    def get_used_memslots(self) -> int:
        return 0

    def fill_device_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {} if self.device_id is None else {"id": self.device_id}
        if self.memdev is None:
            return info | {"max-size": 0}
        size = self.memdev.region.size
        return info | {"memaddr": self.memaddr, "max-size": size, "memdev": self.memdev.path}

    def pre_plug(self) -> None:
        machine = self.machine
        machine.memory_devices.pre_plug(self, machine.maxram_size - machine.ram_size)

    def realize(self) -> None:
        if self.machine.balloon is not None:
            raise errors.hyperv.balloon_exists()
        if self.memdev is not None:
            if self.memdev.mapped:
                raise errors.hyperv.memdev_busy(self.memdev.name)
            if self.memdev.region.size % _PAGE:
                raise errors.hyperv.memdev_unaligned(_PAGE)
            self.memdev.mapped = True
        elif self.memaddr:
            raise errors.hyperv.address_without_memdev()
        self.machine.balloon = self
        self.machine.on_reset[self] = self.forget

    def plug(self) -> None:
        self.machine.memory_devices.plug(self)

    # What the balloon commands ask

    @property
    def actual_size(self) -> int:
        """The bytes that the guest has left."""
        return self.machine.ram_and_dimms

    def set_target(self, size: int) -> None:
        """Ask the guest to make do with ``size`` bytes; nobody hears it."""

    def report(self) -> dict[str, int]:
        """The guest's latest report on its memory. Raises QEMU's text when there is none."""
        if not self.status_report:
            raise errors.hyperv.reporting_disabled()
        if self._report is None:
            raise errors.hyperv.report_missing()
        return self._report

    def forget(self) -> None:
        """As when the guest closes the channel, or with a system reset."""
        self._report = None

    def receive_report(self, committed: int, available: int) -> None:
        """Keep what the guest says, and tell it, if somebody wants to know."""
        if self.status_report:
            self._report = {"committed": committed, "available": available}
            self.machine.emit("HV_BALLOON_STATUS_REPORT", self._report)
