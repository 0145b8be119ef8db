"""virtio-pmem-pci: memory that persists, on PCI (hw/virtio/virtio-pmem.c)."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.model.device import static, static_link
from qmpd.model.memory_device import MemoryRegion, region_size
from qmpd.model.qom import UINT64
from qmpd.model.virtio_md_pci import MemoryBehind, VirtioMdPci


class VirtioPmem(MemoryBehind):
    """The device behind."""

    own_properties = (static("memaddr", UINT64), static_link("memdev", "memory-backend"))

    def realize(self) -> None:
        assert self.memdev is not None
        if self.memdev.mapped:
            raise errors.memory.memdev_busy(self.memdev.name)
        self.memdev.mapped = True


class VirtioPmemPci(VirtioMdPci):
    """A virtio-pmem; it never leaves."""

    info_kind = "virtio-pmem"
    backend_class = VirtioPmem

    def get_memory_region(self) -> MemoryRegion:
        if self.backend.memdev is None:
            raise errors.memory.memdev_property_missing()
        return self.backend.memdev.region

    def fill_device_info(self) -> dict[str, Any]:
        assert self.backend.memdev is not None
        info: dict[str, Any] = {} if self.device_id is None else {"id": self.device_id}
        return info | {
            "memaddr": self.backend.memaddr,
            "size": region_size(self),
            "memdev": self.backend.memdev.path,
        }

    def check_unplug(self) -> None:
        raise errors.virtio.virtio_memory_stays()
