"""The invariants notice what they are there to notice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qmpd.model.memory_device import DeviceMemory
from qmpd.model.pc_dimm import PcDimm
from tests.invariants import check_invariants
from tests.model.machines import GIB, Client


def _dimms(client: Client) -> tuple[PcDimm, PcDimm]:
    one, other = client.machine.memory_devices.memory_device_list()
    assert isinstance(one, PcDimm)
    assert isinstance(other, PcDimm)
    return one, other


def _memory(client: Client) -> DeviceMemory:
    memory = client.machine.memory_devices.memory
    assert memory is not None
    return memory


def _overlap(client: Client) -> None:
    one, other = _dimms(client)
    other.addr = one.addr + one.get_plugged_size() // 2


def _beyond(client: Client) -> None:
    _dimms(client)[1].addr = _memory(client).end


def _same_slot(client: Client) -> None:
    one, other = _dimms(client)
    other.slot = one.slot


def _same_backend(client: Client) -> None:
    one, other = _dimms(client)
    other.memdev = one.memdev


def _wrong_sum(client: Client) -> None:
    _memory(client).used_region_size += 1


def _memslot_lost(client: Client) -> None:
    _memory(client).used_memslots += 1


def _writable_memslot_lost(client: Client) -> None:
    _memory(client).writable_memslots += 1


def _shared_memslot_lost(client: Client) -> None:
    _memory(client).shared_memslots += 1


def _memslot_made_up(client: Client) -> None:
    _memory(client).required_memslots += 1


def _decision_forgotten(client: Client) -> None:
    _memory(client).memslot_auto_decisions += 1


def _over_capacity(client: Client) -> None:
    client.machine.maxram_size = client.machine.ram_size + GIB // 8


@pytest.mark.parametrize(
    "spoil",
    [
        *(_overlap, _beyond, _same_slot, _same_backend, _wrong_sum),
        *(_memslot_lost, _memslot_made_up, _decision_forgotten, _over_capacity),
    ],
)
def test_a_spoilt_machine_does_not_pass(spoil: Callable[[Client], None]) -> None:
    client = Client("-machine pc -m 1G,slots=4,maxmem=8G")
    client.plug_dimm("a")
    client.plug_dimm("b")
    check_invariants(client.machine)
    spoil(client)

    with pytest.raises(AssertionError):
        check_invariants(client.machine)
