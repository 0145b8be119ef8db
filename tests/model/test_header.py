"""QEMU's include/hw/mem/memory-device.h, name by name: where it is here, and the case that proves it.

A case is a test, or a transcript of the real QEMU below tests/conformance/cases.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qmpd.model import memory_device
from qmpd.model.memory_device import DeviceMemory, MemoryDevice, MemoryDevices, MemoryRegion

CASES = Path(__file__).parents[1] / "conformance" / "cases"


class Entry(NamedTuple):
    name: str
    here: Any
    case: str


HEADER = (
    Entry("get_addr", MemoryDevice.get_addr, "test_memory_device.test_address_0_means_none_yet_and_pre_plug_sets_one"),
    Entry("set_addr", MemoryDevice.set_addr, "address/first-fit.qmp"),
    Entry("get_plugged_size", MemoryDevice.get_plugged_size, "later-kinds/mixed.qmp"),
    Entry("get_memory_region", MemoryDevice.get_memory_region, "later-kinds/nvdimm.qmp"),
    Entry("a region that is RAM", MemoryRegion, "dimm/size.qmp"),
    Entry("a region that is a container", MemoryRegion, "later-kinds/virtio-mem-memslots.qmp"),
    Entry("no region: an empty device", MemoryDevice.is_empty, "later-kinds/hv-balloon-kvm.qmp"),
    Entry("decide_memslots", MemoryDevice.decide_memslots, "memslots/decision.qmp"),
    Entry(
        "decide_memslots: once, and before the first get_memslots",
        MemoryDevice.decide_memslots,
        "test_memory_device.test_memslots_are_decided_once_before_they_are_asked_for",
    ),
    Entry("get_memslots", MemoryDevice.get_memslots, "memslots/vhost-limit.qmp"),
    Entry("get_min_alignment", MemoryDevice.get_min_alignment, "later-kinds/hv-balloon-kvm.qmp"),
    Entry("fill_device_info", MemoryDevice.fill_device_info, "later-kinds/sgx-epc.qmp"),
    Entry("qmp_memory_device_list", MemoryDevices.memory_device_list, "address/fragmentation.qmp"),
    Entry("get_plugged_memory_size", MemoryDevices.plugged_memory_size, "later-kinds/sgx-epc.qmp"),
    Entry("memory_devices_get_reserved_memslots", MemoryDevices.reserved_memslots, "later-kinds/hv-balloon-kvm.qmp"),
    Entry(
        "memory_devices_memslot_auto_decision_active",
        MemoryDevices.memslot_auto_decision_active,
        "memslots/decision.qmp",
    ),
    Entry("memory_device_pre_plug", MemoryDevices.pre_plug, "address/order-of-errors.qmp"),
    Entry(
        "memory_device_pre_plug: legacy_align (QEMU 8.2)",
        MemoryDevices.pre_plug,
        "test_memory_device.test_legacy_align_replaces_the_alignment",
    ),
    Entry("memory_device_plug", MemoryDevices.plug, "dimm/cold-plugged.qmp"),
    Entry("memory_device_unplug", MemoryDevices.unplug, "later-kinds/unplug.qmp"),
    Entry("memory_device_get_region_size", memory_device.region_size, "later-kinds/nvdimm.qmp"),
    Entry("MEMORY_DEVICES_SOFT_MEMSLOT_LIMIT", memory_device.SOFT_MEMSLOT_LIMIT, "memslots/decision.qmp"),
    Entry("MEMORY_DEVICES_SAFE_MAX_MEMSLOTS", memory_device.SAFE_MAX_MEMSLOTS, "memslots/decision.qmp"),
    Entry("DeviceMemoryState", DeviceMemory, "geometry/q35.qmp"),
)


@pytest.mark.parametrize("entry", HEADER, ids=lambda entry: entry.name)
def test_each_name_is_here_and_has_a_case(entry: Entry) -> None:
    assert entry.here
    if entry.case.endswith(".qmp"):
        assert (CASES / entry.case).is_file()
    else:
        module, _, test = entry.case.partition(".")
        assert callable(getattr(import_module(f"tests.model.{module}"), test))


def test_the_limits_are_those_of_the_header() -> None:
    assert (memory_device.SOFT_MEMSLOT_LIMIT, memory_device.SAFE_MAX_MEMSLOTS) == (256, 509)
