"""The rules of the memory-device interface, one by one. Expected values are QEMU 10.0.2's."""

from __future__ import annotations

import random
from typing import Any

import pytest

from qmpd.errors import QemuError
from qmpd.model.memory_device import (
    DeviceMemory,
    MemoryDevice,
    MemoryDevices,
    MemoryRegion,
    MemslotLimits,
    region_size,
)

from .machines import GIB, MIB, Client

BASE = 4 * GIB


class Plain(MemoryDevice):
    """A kind with nothing of its own: what the interface does by default."""

    type_name = "plain"
    info_kind = "plain"

    def __init__(self, machine: Any, size: int, align: int = 2 * MIB, memslots: int = 1) -> None:
        super().__init__(machine)
        self.region: MemoryRegion | None = MemoryRegion(size, align)
        self.addr = 0
        self.memslots = memslots
        self.limits: list[int] = []
        self.asked: list[str] = []

    def get_addr(self) -> int:
        return self.addr

    def set_addr(self, addr: int) -> None:
        self.addr = addr

    def get_memory_region(self) -> MemoryRegion | None:
        return self.region

    def is_empty(self) -> bool:
        return self.region is None

    def decide_memslots(self, limit: int) -> None:
        self.limits.append(limit)
        self.asked.append("decide_memslots")

    def get_memslots(self) -> int:
        self.asked.append("get_memslots")
        return self.memslots

    def fill_device_info(self) -> dict[str, Any]:
        return {"memaddr": self.addr}


@pytest.fixture(scope="module")
def machine() -> Any:
    return Client("-machine q35 -m 1G,slots=4,maxmem=8G").machine


def _plug(devices: MemoryDevices, device: Plain, capacity: int = 7 * GIB) -> None:
    devices.pre_plug(device, capacity)
    device.realized = True
    devices.plug(device)


def test_address_0_means_none_yet_and_pre_plug_sets_one(machine: Any) -> None:
    devices, device = MemoryDevices(DeviceMemory(BASE, 11 * GIB)), Plain(machine, GIB)
    assert device.get_addr() == 0
    _plug(devices, device)
    assert device.get_addr() == BASE


def test_memslots_are_decided_once_before_they_are_asked_for(machine: Any) -> None:
    devices, device = MemoryDevices(DeviceMemory(BASE, 400 * GIB)), Plain(machine, 100 * GIB)
    _plug(devices, device, 400 * GIB)
    assert device.limits == [64]
    assert device.asked[0] == "decide_memslots"
    assert device.asked.count("decide_memslots") == 1


@pytest.mark.parametrize(("size", "limit"), [(3, 1), (4, 2), (8, 5), (100, 64), (400, 256)])
def test_the_memslots_offered_grow_with_the_share_of_the_space(machine: Any, size: int, limit: int) -> None:
    devices, device = MemoryDevices(DeviceMemory(BASE, 401 * GIB)), Plain(machine, size * GIB)
    devices.pre_plug(device, 400 * GIB)
    assert device.limits == [limit]


def test_below_the_safe_maximum_one_memslot_is_offered(machine: Any) -> None:
    devices, device = MemoryDevices(DeviceMemory(BASE, 400 * GIB)), Plain(machine, 100 * GIB)
    devices.hypervisor = lambda: MemslotLimits(508, 508)
    devices.pre_plug(device, 400 * GIB)
    assert device.limits == [1]


def test_memslots_run_out_at_the_hypervisor_first(machine: Any) -> None:
    devices = MemoryDevices(DeviceMemory(BASE, 11 * GIB))
    devices.hypervisor = devices.vhost = lambda: MemslotLimits(509, 1)
    with pytest.raises(QemuError, match="hypervisor has not enough free memory slots left"):
        devices.pre_plug(Plain(machine, GIB, memslots=2), 7 * GIB)
    devices.hypervisor = lambda: MemslotLimits(509, 2)
    with pytest.raises(QemuError, match="a used vhost backend has not enough free memory slots left"):
        devices.pre_plug(Plain(machine, GIB, memslots=2), 7 * GIB)


def test_reserved_memslots_are_those_required_but_not_used(machine: Any) -> None:
    devices = MemoryDevices(DeviceMemory(BASE, 11 * GIB))
    device = Plain(machine, GIB, memslots=5)
    _plug(devices, device)
    assert devices.reserved_memslots() == 5
    assert devices.memslot_auto_decision_active()
    devices.unplug(device)
    assert devices.reserved_memslots() == 0
    assert not devices.memslot_auto_decision_active()


def test_legacy_align_replaces_the_alignment(machine: Any) -> None:
    devices, device = MemoryDevices(DeviceMemory(BASE + 4096, GIB)), Plain(machine, 4096)
    devices.pre_plug(device, GIB, legacy_align=4096)
    assert device.get_addr() == BASE + 4096


def test_an_empty_device_needs_no_region_but_is_listed(machine: Any) -> None:
    devices, device = MemoryDevices(None), Plain(machine, 0)
    device.region = None
    _plug(devices, device)
    assert devices.memory_device_list() == [device]
    assert devices.plugged_memory_size() == 0
    assert region_size(device) == 0


def test_a_device_that_maps_something_needs_a_region(machine: Any) -> None:
    with pytest.raises(QemuError, match="consider specifying the maxmem option"):
        MemoryDevices(None).pre_plug(Plain(machine, GIB), GIB)


def test_plugged_memory_size_is_the_sum_and_the_list_is_by_address(machine: Any) -> None:
    devices = MemoryDevices(DeviceMemory(BASE, 11 * GIB))
    high, low = Plain(machine, GIB), Plain(machine, 2 * GIB)
    high.addr = BASE + 4 * GIB
    _plug(devices, high)
    _plug(devices, low)
    assert devices.memory_device_list() == [low, high]
    assert devices.plugged_memory_size() == 3 * GIB


def _lowest_fit(taken: list[tuple[int, int]], base: int, end: int, size: int, align: int) -> int | None:
    """The specification of the search, by trying every aligned address."""
    addr = -(-base // align) * align
    while addr + size <= end:
        if all(addr + size <= start or addr >= stop for start, stop in taken):
            return addr
        addr += align
    return None


@pytest.mark.parametrize("seed", range(20))
def test_the_search_finds_the_lowest_address_that_fits(machine: Any, seed: int) -> None:
    chance = random.Random(seed)
    memory = DeviceMemory(BASE, 64 * MIB)
    taken: dict[int, Plain] = {}
    for _ in range(200):
        if taken and chance.random() < 0.4:
            addr = chance.choice(list(taken))
            memory.remove(addr)
            del taken[addr]
            continue
        size, align = chance.choice((1, 2, 3, 5)) * MIB, chance.choice((1, 2, 4, 8)) * MIB
        ranges = [(addr, addr + region_size(device)) for addr, device in taken.items()]
        expected = _lowest_fit(ranges, BASE, BASE + 64 * MIB, size, align)
        if expected is None:
            with pytest.raises(QemuError, match="could not find position in guest address space"):
                memory.find_addr(size, align)
            continue
        assert memory.find_addr(size, align) == expected
        taken[expected] = Plain(machine, size, align)
        memory.insert(taken[expected], expected, size)
