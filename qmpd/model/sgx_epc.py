"""sgx-epc: sections of enclave memory, which the machine makes itself when it is built (hw/i386/sgx.c, sgx-epc.c).

They are memory devices, but lie behind the RAM above 4 GiB and not in the region for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd.model.device import static, static_link
from qmpd.model.hostmem import Region
from qmpd.model.memory_device import BackedMemoryDevice, region_size
from qmpd.model.qom import UINT32, UINT64, Property, computed
from qmpd.model.ram import SYSTEM

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


class SgxEpc(BackedMemoryDevice):
    """One section."""

    type_name = "sgx-epc"
    info_kind = "sgx-epc"
    own_properties = (
        static_link("memdev", "memory-backend-epc"),
        static("node", UINT32),
        static("addr", UINT64),
        Property("legacy-memdev", "str"),
        computed("size", "uint64", region_size, instance=True),
    )

    @property
    def class_hotpluggable(self) -> bool:
        return False

    def get_plugged_size(self) -> int:
        return 0

    def fill_device_info(self) -> dict[str, Any]:
        assert self.memdev is not None
        return {"memaddr": self.addr, "size": region_size(self), "node": self.node, "memdev": self.memdev.path}


class EpcSections:
    """All sections of one machine: they lie one after another from ``base`` on. ``size`` is their sum in bytes."""

    def __init__(self, machine: Machine, base: int, wanted: list[dict[str, Any]]) -> None:
        """Make the sections. Raises QEMU's text."""
        self.base = base
        self.size = 0
        self.sections: list[SgxEpc] = []
        for number, entry in enumerate(wanted):
            section = SgxEpc(machine)
            section.lookup_root = machine.root_object
            section.set_property("memdev", entry["memdev"])
            section.set_property("node", entry["node"])
            section.realize()
            section.set_addr(base + self.size)
            section.realized = True
            machine.unattached.add_child(f"device[{number}]", section)
            self.size += region_size(section)
            self.sections.append(section)
        machine.add_child("sgx-epc[0]", Region(self.size, SYSTEM, base))

    @property
    def end(self) -> int:
        return self.base + self.size

    def info(self) -> dict[str, Any]:
        """What ``query-sgx`` answers: everything is there, and the sections, which QEMU lists from the last on."""
        sections = [{"node": section.node, "size": region_size(section)} for section in reversed(self.sections)]
        return {"sgx": True, "sgx1": True, "sgx2": True, "flc": True, "sections": sections}
