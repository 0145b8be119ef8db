"""nvdimm: a DIMM whose memory persists, with a label area at its end (hw/mem/nvdimm.c)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.device import static
from qmpd.model.hostmem import RegionNode
from qmpd.model.memory_device import MemoryRegion, region_size
from qmpd.model.pc_dimm import PcDimm
from qmpd.model.qom import BOOL, SIZE, STR, Property

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

SMALLEST_LABEL = 128 << 10
_NO_UUID = "00000000-0000-0000-0000-000000000000"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def _set_label_size(nvdimm: Nvdimm, value: object, typed: bool) -> None:
    if nvdimm.persistent_memory is not None:
        raise errors.memory.nvdimm_value_fixed()
    size = SIZE.read(value, "label-size", typed)
    if size < SMALLEST_LABEL:
        raise errors.memory.nvdimm_label_too_small(nvdimm.type, size, SMALLEST_LABEL)
    nvdimm.label_size = size


def _set_uuid(nvdimm: Nvdimm, value: object, typed: bool) -> None:
    uuid = STR.read(value, "uuid", typed)
    if not _UUID.fullmatch(uuid):
        raise errors.memory.property_value_invalid(nvdimm.type, "uuid")
    nvdimm.uuid = uuid.lower()


class PersistentMemory(RegionNode):
    """The part of the backend in front of the label area, as QOM shows it."""

    def __init__(self, nvdimm: Nvdimm, region: MemoryRegion) -> None:
        super().__init__()
        self.region = region
        self._nvdimm = nvdimm

    def container_path(self) -> str:
        machine = self._nvdimm.machine
        return machine.device_memory_node.path if machine.family.hotplugs_dimms else ""

    def address(self) -> int:
        machine = self._nvdimm.machine
        return self._nvdimm.addr - machine.device_memory_node.address() if machine.family.hotplugs_dimms else 0

    def length(self) -> int:
        return self.region.size


class Nvdimm(PcDimm):
    """An NVDIMM. ``label_size`` (bytes, 0: no label area) is fixed once the memory has been laid out."""

    type_name = "nvdimm"
    info_kind = "nvdimm"
    announced = False
    own_properties = (
        static("unarmed", BOOL),
        Property("label-size", "int", lambda nvdimm: nvdimm.label_size, _set_label_size, instance=True),
        Property("uuid", "QemuUUID", lambda nvdimm: nvdimm.uuid, _set_uuid, instance=True),
    )

    def __init__(self, machine: Machine, device_type: str = "") -> None:
        super().__init__(machine, device_type)
        self.unarmed = False
        self.uuid = _NO_UUID
        self.label_size = 0
        self.persistent_memory: PersistentMemory | None = None

    def get_memory_region(self) -> MemoryRegion:
        if self.persistent_memory is None:
            self.persistent_memory = PersistentMemory(self, self._lay_out())
            self.add_child("nvdimm-memory[0]", self.persistent_memory)
        return self.persistent_memory.region

    def _lay_out(self) -> MemoryRegion:
        """What is left of the backend in front of the label area, in whole alignment units. Raises QEMU's text."""
        backing = super().get_memory_region()
        assert self.memdev is not None
        usable = (backing.size - self.label_size) // backing.align * backing.align
        if backing.size <= self.label_size or not usable:
            raise errors.memory.nvdimm_memdev_too_small(self.memdev.name, backing.size, self.label_size, backing.align)
        if backing.rom and not self.unarmed:
            raise errors.memory.nvdimm_armed_on_rom(self.memdev.name)
        return backing._replace(size=usable)

    def check_machine(self) -> None:
        super().check_machine()
        if not self.machine.nvdimm:
            raise errors.memory.nvdimm_not_enabled()

    def realize(self) -> None:
        super().realize()
        region_size(self)

    def map_backend(self) -> None:
        """Nothing to lay out: the alias in front of the backend is what the region shows."""

    def unplug_request(self) -> None:
        super().check_machine()
        raise errors.memory.nvdimm_unplug_unsupported()
