"""Memory devices on PCI: what virtio-mem-pci and virtio-pmem-pci share (hw/virtio/virtio-md-pci.c)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qmpd.errors import QemuError
from qmpd.model.memory_device import MemoryDevice
from qmpd.model.virtio_pci import VirtioDevice, VirtioPci

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine


class MemoryBehind(VirtioDevice):
    """The device behind: where its memory lies, and which it is."""

    def __init__(self, machine: Machine, device_type: str) -> None:
        super().__init__(machine, device_type)
        self.memdev: MemoryBackend | None = None
        self.memaddr = 0

    def unplug(self) -> None:
        assert self.memdev is not None
        self.memdev.unmap()


class VirtioMdPci(VirtioPci, MemoryDevice):
    """A memory device on PCI."""

    modern_only = True
    backend: MemoryBehind

    def get_addr(self) -> int:
        return self.backend.memaddr

    def set_addr(self, addr: int) -> None:
        self.backend.memaddr = addr

    def pre_plug(self) -> None:
        machine = self.machine
        if machine.family.hotplugs_dimms:
            machine.memory_devices.pre_plug(self, machine.maxram_size - machine.ram_size)

    def plug(self) -> None:
        machine = self.machine
        if machine.family.hotplugs_dimms:
            machine.memory_devices.plug(self)
            self.map_memory()
        else:
            machine.memory_devices.plug_unmapped(self)
        super().plug()

    def map_memory(self) -> None:
        """Show where the backend's memory lies."""
        node, memdev = self.machine.device_memory_node, self.backend.memdev
        assert memdev is not None
        memdev.map_into(node, self.get_addr() - node.address())

    def check_unplug(self) -> None:
        """Raise QEMU's text when the device cannot be asked for now, or at all."""

    def unplug_request(self) -> None:
        self.check_unplug()
        # QEMU loses what the bus has to say against it.
        with suppress(QemuError):
            super().unplug_request()

    def unplug(self) -> None:
        self.machine.memory_devices.unplug(self)
        super().unplug()
