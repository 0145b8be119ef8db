"""What holds of every machine's memory devices at any time. Tests check it after each command and each event."""

from __future__ import annotations

from itertools import pairwise

from qmpd.model.machine import Machine
from qmpd.model.memory_device import DeviceMemory, MemoryDevice, region_size
from qmpd.model.pc_dimm import PcDimm


def check_invariants(machine: Machine) -> None:
    """Raise AssertionError if anything is wrong with the region, its books, the slots or the backends."""
    if not machine.initialized:
        return
    listed = machine.memory_devices.memory_device_list()
    assert all(device.realized for device in listed)
    assert all(one.get_addr() <= other.get_addr() for one, other in pairwise(listed)), "not by address"
    assert machine.memory_devices.plugged_memory_size() == sum(device.get_plugged_size() for device in listed)
    memory = machine.memory_devices.memory
    if memory is not None:
        _check_region(memory)
        _check_memslots(memory)
        assert memory.used_region_size <= machine.maxram_size - machine.ram_size
    _check_slots(machine, listed)
    _check_backends(listed)


def _check_region(memory: DeviceMemory) -> None:
    end = memory.base
    for device in memory.devices():
        assert device.get_addr() >= end, "two devices overlap, or one lies below the region"
        end = device.get_addr() + region_size(device)
        assert 0 <= device.get_plugged_size() <= region_size(device)
    assert end <= memory.end, "a device reaches beyond the region"
    assert sum(map(region_size, memory.devices())) == memory.used_region_size


def _check_memslots(memory: DeviceMemory) -> None:
    devices = list(memory.devices())
    assert sum(device.get_memslots() for device in devices) == memory.required_memslots
    assert sum(device.get_used_memslots() for device in devices) == memory.used_memslots
    writable = [device for device in devices if (region := device.get_memory_region()) and not region.rom]
    shared = [device for device in writable if (region := device.get_memory_region()) and region.has_fd]
    assert sum(device.get_used_memslots() for device in writable) == memory.writable_memslots
    assert sum(device.get_used_memslots() for device in shared) == memory.shared_memslots
    assert all(device.get_memslots() >= device.get_used_memslots() for device in devices)
    assert memory.reserved_memslots == memory.required_memslots - memory.used_memslots >= 0
    assert memory.memslot_auto_decisions == sum(device.get_memslots() > 1 for device in devices)


def _check_slots(machine: Machine, listed: list[MemoryDevice]) -> None:
    if not machine.family.hotplugs_dimms:
        return
    slots = [device.slot for device in listed if isinstance(device, PcDimm)]
    assert len(set(slots)) == len(slots), "two DIMMs in one slot"
    assert all(0 <= slot < machine.ram_slots for slot in slots)


def _check_backends(listed: list[MemoryDevice]) -> None:
    paths = [device.fill_device_info().get("memdev") for device in listed]
    used = [path for path in paths if path is not None]
    assert len(set(used)) == len(used), "two devices have one backend"
