"""pc-dimm: a DIMM in a slot of the machine (hw/mem/pc-dimm.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.guest.contact import Seated
from qmpd.model.device import static, static_link
from qmpd.model.memory_device import BackedMemoryDevice, region_size
from qmpd.model.qom import INT32, UINT32, UINT64, Property, computed

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

UNASSIGNED_SLOT = -1


class PcDimm(BackedMemoryDevice):
    """A DIMM. ``slot`` is -1 and ``addr`` 0 until they are chosen.

    ``announced`` kinds are shown to the guest slot by slot, by ACPI memory hotplug.
    """

    type_name = "pc-dimm"
    interfaces = ("memory-device",)
    info_kind = "dimm"
    announced: ClassVar[bool] = True
    own_properties: ClassVar[tuple[Property, ...]] = (
        static_link("memdev", "memory-backend"),
        static("node", UINT32),
        static("addr", UINT64),
        Property("legacy-memdev", "str"),
        static("slot", INT32),
        computed("size", "uint64", region_size, instance=True),
    )

    def __init__(self, machine: Machine, device_type: str = "") -> None:
        super().__init__(machine, device_type)
        self.slot = UNASSIGNED_SLOT

    def fill_device_info(self) -> dict[str, Any]:
        assert self.memdev is not None
        info: dict[str, Any] = {} if self.device_id is None else {"id": self.device_id}
        return info | {
            "addr": self.addr,
            "slot": self.slot,
            "node": self.node,
            "memdev": self.memdev.path,
            "size": region_size(self),
            "hotpluggable": self.hotpluggable,
            "hotplugged": self.hotplugged,
        }

    def pre_plug(self) -> None:
        machine = self.machine
        if not machine.family.hotplugs_dimms:
            return
        self.check_machine()
        if not machine.memory_hotplug_supported:
            assert machine.family.acpi_device is not None
            raise errors.machine.memory_hotplug_unsupported(machine.family.acpi_device)
        self.slot = machine.dimm_slots.choose(self.slot, machine.ram_slots)
        machine.memory_devices.pre_plug(self, machine.maxram_size - machine.ram_size)

    def check_machine(self) -> None:
        """Raise QEMU's text when the machine has no way to tell the guest about this kind of DIMM."""
        if not self.machine.acpi_enabled:
            raise errors.machine.memory_hotplug_without_acpi()

    def realize(self) -> None:
        nodes = len(self.machine.numa.nodes)
        if self.node >= max(nodes, 1):
            raise errors.memory.dimm_node_out_of_range(self.node, max(nodes, 1))
        super().realize()

    def plug(self) -> None:
        machine = self.machine
        if not machine.family.hotplugs_dimms:
            machine.memory_devices.plug_unmapped(self)
            return
        machine.memory_devices.plug(self)
        machine.dimm_slots.take(self.slot)
        if self.announced:
            machine.memory_hotplug.plug(self)
        self.map_backend()

    def seen(self) -> Seated:
        """What a guest sees of it."""
        return Seated(self.label, self.addr, region_size(self))

    def map_backend(self) -> None:
        """Show where the backend's memory lies."""
        assert self.memdev is not None
        self.memdev.map_into(self.machine.device_memory_node, self.addr - self.machine.device_memory_node.address())

    def unplug_request(self) -> None:
        self.check_machine()
        self.machine.memory_hotplug.unplug_request(self)

    def unplug(self) -> None:
        assert self.memdev is not None
        machine = self.machine
        machine.memory_hotplug.unplug(self)
        machine.memory_devices.unplug(self)
        machine.dimm_slots.release(self.slot)
        self.memdev.unmap()


class DimmSlots:
    """Which of the machine's DIMM slots are taken."""

    def __init__(self) -> None:
        self._taken = 0

    def choose(self, wanted: int, slots: int) -> int:
        """The slot for a DIMM that wants ``wanted`` (-1: any) of ``slots``. Raises QEMU's text."""
        if wanted != UNASSIGNED_SLOT and not 0 <= wanted < slots:
            raise errors.memory.slot_out_of_range(wanted, slots)
        if slots <= 0:
            raise errors.memory.no_slots()
        if wanted == UNASSIGNED_SLOT:
            lowest_free = (~self._taken & (self._taken + 1)).bit_length() - 1
            if lowest_free >= slots:
                raise errors.memory.slots_exhausted()
            return lowest_free
        if self._taken >> wanted & 1:
            raise errors.memory.slot_busy(wanted)
        return wanted

    def take(self, slot: int) -> None:
        self._taken |= 1 << slot

    def release(self, slot: int) -> None:
        self._taken &= ~(1 << slot)
