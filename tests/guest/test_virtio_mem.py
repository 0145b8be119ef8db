"""How a guest follows what is requested of a virtio-mem, and how it is made not to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qmpd.guest.resize import FIRST_RETRY
from qmpd.testing import CommandFailed
from tests.guest.scenes import GIB, MIB, NATIVE_Q35, Q35, Scene
from tests.model.machines import check_invariants


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A virtio-mem of 4 GiB, vm0, of which nothing is requested."""
    found = Scene()
    found.add_virtio_mem()
    assert found.after(1) == []
    yield found
    check_invariants(found.machine.vm.machine)


def test_the_first_block_is_told_at_once_and_the_end_a_second_later(scene: Scene) -> None:
    scene.request(2 * GIB)
    assert scene.after(0.1) == ["vm0 128"]
    assert scene.after(0.6) == []
    assert scene.size() == 2048
    assert scene.after(2) == ["vm0 2048"]


def test_a_device_plugged_with_a_request_is_followed_once_the_guest_has_found_it() -> None:
    scene = Scene()
    scene.add_virtio_mem(requested_size=256 * MIB)
    assert scene.after(0.02) == []
    assert scene.after(2) == ["vm0 128", "vm0 256"]


def test_shrinking_takes_its_time_and_is_told_once_a_second(scene: Scene) -> None:
    scene.request(GIB)
    scene.after(5)
    scene.request(0)
    assert scene.after(1.2) == ["vm0 896"]
    assert scene.after(5) == ["vm0 512", "vm0 0"]


def test_less_than_a_block_of_the_guest_goes_part_by_part(scene: Scene) -> None:
    scene.request(256 * MIB)
    scene.after(5)
    scene.request(130 * MIB)
    assert scene.after(5) == ["vm0 254", "vm0 130"]
    scene.request(512 * MIB)
    assert scene.after(5) == ["vm0 256", "vm0 512"]  # the part that was missing in one go


@pytest.mark.parametrize(("block", "step"), [(1, 128), (4, 128), (128, 128), (256, 256), (1024, 1024)])
def test_a_step_is_a_block_of_the_guest_or_of_the_device_whichever_is_larger(block: int, step: int) -> None:
    scene = Scene()
    scene.add_virtio_mem(block_size=block * MIB)
    scene.after(1)
    scene.request(2 * GIB)
    assert scene.after(5) == [f"vm0 {step}", "vm0 2048"]
    scene.request(0)
    assert scene.after(60)[0] == f"vm0 {2048 - step}"
    assert scene.size() == 0


def test_memory_that_begins_or_ends_inside_a_block_of_the_guest_is_used_as_far_as_whole_ones_go() -> None:
    scene = Scene()
    scene.add_dimm("d0", 64 * MIB)
    scene.add_virtio_mem(size=512 * MIB, requested_size=512 * MIB)
    scene.after(5)
    assert scene.size() == 384


def test_the_latest_request_counts(scene: Scene) -> None:
    scene.request(4 * GIB)
    scene.after(0.05)
    scene.request(256 * MIB)
    scene.after(60)
    assert scene.size() == 256


def test_a_guest_that_does_not_use_its_memory_gets_a_gibibyte_and_no_more(scene: Scene) -> None:
    scene.ask("x-qmpd-guest-set", auto_online=False)
    scene.request(3 * GIB)
    assert scene.after(500) == ["vm0 128", "vm0 1024"]
    scene.do("online")
    assert scene.after(500) == ["vm0 1152", "vm0 2048"]
    scene.ask("x-qmpd-guest-set", auto_online=True)
    assert scene.after(500) == ["vm0 2176", "vm0 3072"]


# Rules


def test_a_refusal_is_tried_again_after_fifty_seconds_then_less_and_less_often(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "refuse")
    scene.request(GIB)
    tries = []
    for _ in range(8):
        scene.after(FIRST_RETRY)
        tries.append(scene.query()["rules"][0]["met"])
    assert tries == [1, 2, 2, 3, 3, 3, 3, 4]  # at 0, 50, 150, 350 s
    assert scene.query()["devices"] == [{"device": "vm0", "driver": "virtio-mem", "state": "waiting"}]


def test_a_new_request_is_tried_at_once(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "refuse", times=1)
    scene.request(GIB)
    assert scene.after(10) == []
    scene.request(GIB)
    assert scene.after(2) == ["vm0 128", "vm0 1024"]


def test_memory_that_the_guest_needs_stays_until_it_is_free(scene: Scene) -> None:
    scene.request(GIB)
    scene.after(5)
    scene.rule("virtio-mem-shrink", "obey", name="held", floor=[300 * MIB])
    scene.request(0)
    scene.after(40)
    assert scene.size() == 300
    with pytest.raises(CommandFailed, match="while some of its memory is still plugged"):
        scene.remove("vm0")
    scene.ask("x-qmpd-guest-rule-remove", name="held")
    scene.after(50)
    assert scene.size() == 0


def test_memory_held_in_each_block_leaves_pieces_that_are_filled_again(scene: Scene) -> None:
    scene.request(512 * MIB)
    scene.after(5)
    scene.rule("virtio-mem-shrink", "obey", floor=[2 * MIB, 4 * MIB, 2 * MIB, 1])
    scene.request(0)
    scene.after(40)
    assert scene.size() == 10
    scene.request(256 * MIB)
    assert scene.after(3) == ["vm0 136", "vm0 256"]


def test_half_way_is_where_it_stays(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "partial", percent=50)
    scene.request(GIB)
    scene.after(1000)
    assert scene.size() == 512


def test_a_stalled_change_goes_on_when_it_is_released(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "stall")
    scene.request(GIB)
    assert scene.after(1000) == []
    assert scene.query()["stalled"]
    scene.do("release")
    assert scene.after(2) == ["vm0 128", "vm0 1024"]


def test_a_rule_slows_a_change_down(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "obey", delay=5, rate=128 * MIB)
    scene.request(512 * MIB)
    assert scene.after(5.9) == []
    assert scene.after(1) == ["vm0 128"]
    assert scene.after(1) == ["vm0 256"]


def test_an_ignored_request_is_not_looked_at_again(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "ignore", times=1)
    scene.request(GIB)
    assert scene.after(1000) == []


def test_a_guest_may_crash_over_a_request(scene: Scene) -> None:
    scene.rule("virtio-mem-grow", "crash", delay=1)
    scene.request(GIB)
    scene.after(2)
    assert scene.query()["life"] == "crashed"


# The driver


def test_without_its_driver_nothing_happens_until_it_is_loaded(scene: Scene) -> None:
    scene.do("unload-driver", driver="virtio-mem")
    scene.request(GIB)
    assert scene.after(1000) == []
    assert scene.query()["drivers"] == ["virtio-balloon", "hv-balloon"]
    scene.do("load-driver", driver="virtio-mem")
    assert scene.after(2) == ["vm0 128", "vm0 1024"]


def test_a_driver_that_finds_memory_plugged_does_not_follow_before_a_reset(scene: Scene) -> None:
    scene.request(GIB)
    scene.after(5)
    scene.do("unload-driver", driver="virtio-mem")
    scene.do("load-driver", driver="virtio-mem")
    scene.request(0)
    assert scene.after(1000) == []
    scene.request(256 * MIB)
    scene.ask("system_reset")
    assert scene.after(60) == ["vm0 0", "RESET", "RESET", "vm0 128", "vm0 256"]


def test_a_rule_can_take_the_driver_away_in_the_middle(scene: Scene) -> None:
    scene.request(GIB)
    scene.after(5)
    scene.rule("virtio-mem-shrink", "unload-driver", driver="virtio-mem", times=1)
    scene.request(0)
    assert scene.after(1000) == []
    assert scene.size() == 1024


def test_a_driver_is_not_named_for_what_needs_none() -> None:
    with pytest.raises(CommandFailed, match="Parameter 'driver' is missing"):
        Scene().do("load-driver")


# The machine around it


def test_a_stopped_guest_does_nothing_until_it_goes_on(scene: Scene) -> None:
    scene.request(4 * GIB)
    scene.after(0.035)
    scene.ask("stop")
    size = scene.size()
    assert 0 < size < 4096
    scene.request(GIB)
    scene.after(1000)
    assert scene.size() == size
    scene.ask("cont")
    scene.after(60)
    assert scene.size() == 1024


def test_a_reset_unplugs_all_before_it_is_told_and_the_guest_plugs_again_after_boot(scene: Scene) -> None:
    scene.request(GIB)
    scene.after(5)
    scene.ask("system_reset")
    assert scene.after(0) == ["vm0 0", "RESET"]
    assert scene.size() == 0
    assert scene.after(60) == ["RESET", "vm0 128", "vm0 1024"]


def test_a_slow_removal_of_a_dimm_lets_a_virtio_mem_grow_by_one_block_only(scene: Scene) -> None:
    scene.add_dimm("d0")
    scene.after(1)
    scene.rule("dimm-unplug", "obey", delay=10)
    scene.remove("d0")
    scene.request(GIB)
    assert scene.after(9) == ["OST 3/132", "vm0 128"]
    assert scene.size() == 128
    assert scene.after(3) == ["DEVICE_DELETED d0", "OST 3/0", "vm0 256", "vm0 1024"]


def test_a_removal_that_is_pending_locks_the_size_for_good() -> None:
    scene = Scene(*NATIVE_Q35)
    scene.add_virtio_mem()
    scene.after(1)
    scene.remove("vm0")
    scene.ask("system_reset")
    scene.after(60)
    with pytest.raises(CommandFailed, match="'requested-size' cannot be changed if the device is in the process"):
        scene.request(GIB)


def test_memslots_come_and_go_with_the_memory_in_them() -> None:
    scene = Scene(*Q35)
    scene.add_virtio_mem(dynamic_memslots=True)
    scene.after(1)
    memory = scene.machine.vm.machine.memory_devices.memory
    assert memory is not None
    for size, used in ((0, 0), (2, 1), (1024, 1), (1026, 2), (4096, 4), (1024, 1), (0, 0)):
        scene.request(size * MIB)
        scene.after(60)
        assert (scene.size(), memory.used_memslots) == (size, used)
    scene.remove("vm0")
    scene.after(1)
    assert (memory.used_memslots, memory.required_memslots) == (0, 0)


def test_a_driver_that_leaves_when_memory_is_free_again_does_no_harm() -> None:
    scene = Scene()
    scene.add_virtio_mem("vm0", bus="rp1")
    scene.add_virtio_mem("vm1", bus="rp2")
    scene.add_dimm("d0")
    scene.after(1)
    scene.rule("dimm-unplug", "obey", delay=10)
    scene.remove("d0")
    scene.request(GIB, "vm0")
    scene.request(GIB, "vm1")
    scene.after(5)
    scene.rule("virtio-mem-shrink", "unload-driver", driver="virtio-mem", times=1)
    scene.request(0, "vm0")
    scene.after(60)
    assert (scene.size("vm0"), scene.size("vm1")) == (128, 128)
