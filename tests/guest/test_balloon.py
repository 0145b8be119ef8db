"""How a guest gives memory to a balloon and takes it back, and what it says about the rest."""

from __future__ import annotations

import pytest

from qmpd.testing import CommandFailed
from tests.guest.scenes import GIB, MIB, Q35, Scene

BALLOON = (*Q35, "-device virtio-balloon-pci,id=bal")
STATS = "/machine/peripheral/bal"


@pytest.fixture
def scene() -> Scene:
    return Scene(*BALLOON)


def actual(scene: Scene) -> int:
    found: int = scene.ask("query-balloon")["actual"]
    return found // MIB


def stats(scene: Scene) -> dict[str, int]:
    found: dict[str, int] = scene.ask("qom-get", path=STATS, property="guest-stats")
    return found


def inflated(scene: Scene, size: int = 700) -> Scene:
    scene.ask("balloon", value=size * MIB)
    scene.after(60)
    assert actual(scene) == size
    return scene


def test_the_first_mebibyte_is_told_at_once_then_how_far_it_is_each_second(scene: Scene) -> None:
    scene.ask("balloon", value=512 * MIB)
    assert scene.after(0.1) == ["balloon 1023"]
    told = scene.after(60)
    assert told[-1] == "balloon 512"
    assert 3 < len(told) < 7


def test_taking_memory_back_is_quicker(scene: Scene) -> None:
    inflated(scene)
    scene.ask("balloon", value=GIB)
    assert scene.after(2) == ["balloon 701", "balloon 1024"]


@pytest.mark.parametrize("value", [GIB, 2 * GIB])
def test_nothing_is_told_where_nothing_changes(scene: Scene, value: int) -> None:
    scene.ask("balloon", value=value)
    assert scene.after(60) == []


def test_sizes_are_whole_pages(scene: Scene) -> None:
    scene.ask("balloon", value=838873145)
    scene.after(60)
    assert scene.ask("query-balloon") == {"actual": 838877184}


def test_dimms_count_at_once_and_without_a_word_and_virtio_mem_does_not(scene: Scene) -> None:
    inflated(scene)
    scene.add_dimm("d0")
    assert actual(scene) == 956
    scene.add_virtio_mem(requested_size=GIB)
    scene.after(5)
    assert actual(scene) == 956
    scene.remove("d0")
    assert scene.after(5) == ["OST 3/132", "DEVICE_DELETED d0", "OST 3/0"]
    assert actual(scene) == 700


def test_a_stopped_guest_follows_when_it_goes_on(scene: Scene) -> None:
    scene.ask("stop")
    scene.ask("balloon", value=700 * MIB)
    assert scene.after(60) == ["STOP"]
    scene.ask("cont")
    scene.after(60)
    assert actual(scene) == 700


def test_unloading_the_driver_gives_all_back_and_loading_it_follows_the_old_wish(scene: Scene) -> None:
    inflated(scene)
    scene.do("unload-driver", driver="virtio-balloon")
    assert scene.after(5) == ["balloon 1024"]
    scene.do("load-driver", driver="virtio-balloon")
    assert scene.after(60)[-1] == "balloon 700"


def test_a_reset_is_not_told_and_the_size_moves_only_when_the_driver_is_back(scene: Scene) -> None:
    inflated(scene)
    scene.ask("system_reset")
    assert scene.after(3) == ["RESET", "RESET"]
    assert actual(scene) == 700
    told = scene.after(60)
    assert (told[0], told[-1]) == ("balloon 1023", "balloon 700")


def test_a_balloon_that_goes_gives_all_back_first() -> None:
    scene = Scene(*Q35)
    scene.add("virtio-balloon-pci", "bal", bus="rp1")
    scene.after(1)
    inflated(scene)
    scene.remove("bal")
    assert scene.after(1) == ["balloon 1024", "DEVICE_DELETED", "DEVICE_DELETED bal"]
    with pytest.raises(CommandFailed, match="No balloon device has been activated"):
        actual(scene)


@pytest.mark.parametrize(
    ("rule", "size"),
    [
        ({"do": "refuse"}, 1024),
        ({"do": "ignore"}, 1024),
        ({"do": "stall"}, 1024),
        ({"do": "partial", "percent": 25}, 896),
        ({"do": "obey", "floor": [600 * MIB]}, 600),
        ({"do": "obey", "delay": 59.9}, 1012),
        ({"do": "obey", "rate": 2 * MIB}, 905),
        ({"do": "unload-driver", "driver": "virtio-balloon"}, 1024),
    ],
)
def test_a_rule_decides_how_far_it_goes(scene: Scene, rule: dict[str, object], size: int) -> None:
    scene.ask("x-qmpd-guest-rule-add", on="balloon", **rule)
    scene.ask("balloon", value=512 * MIB)
    scene.after(60)
    assert actual(scene) == size


def test_a_stalled_balloon_goes_on_when_it_is_released(scene: Scene) -> None:
    scene.rule("balloon", "stall")
    scene.ask("balloon", value=512 * MIB)
    scene.after(60)
    assert scene.query()["devices"] == [{"device": "bal", "driver": "virtio-balloon", "state": "stalled"}]
    scene.do("release")
    scene.after(60)
    assert actual(scene) == 512


def test_a_guest_may_crash_over_its_balloon(scene: Scene) -> None:
    scene.rule("balloon", "crash", delay=1)
    scene.ask("balloon", value=512 * MIB)
    scene.after(2)
    assert scene.query()["life"] == "crashed"


@pytest.mark.parametrize(("option", "told"), [("on", ["balloon 701"]), ("off", [])])
def test_a_guest_in_need_takes_memory_back_if_it_may(option: str, told: list[str]) -> None:
    scene = inflated(Scene(*Q35, f"-device virtio-balloon-pci,id=bal,deflate-on-oom={option}"))
    scene.do("run-out-of-memory")
    assert scene.after(5) == told


def test_statistics_are_there_once_the_driver_is_and_gone_after_a_reset(scene: Scene) -> None:
    unknown = (1 << 64) - 1
    assert 0 < stats(scene)["stats"]["stat-total-memory"] < GIB
    assert stats(scene)["stats"]["stat-oom-kills"] == unknown
    scene.ask("system_reset")
    assert set(stats(scene)["stats"].values()) == {unknown}
    assert stats(scene)["last-update"] == 0


def test_statistics_are_as_old_as_the_last_poll(scene: Scene) -> None:
    def interval(seconds: int) -> None:
        scene.ask("qom-set", path=STATS, property="guest-stats-polling-interval", value=seconds)

    def age() -> int:
        seconds, _ = scene.machine.clock.now()
        return seconds - stats(scene)["last-update"]

    scene.after(100)
    assert age() == 100
    interval(10)
    ages = []
    for _ in range(4):
        scene.after(4)
        ages.append(age())
    assert ages == [4, 8, 2, 6]
    interval(0)
    scene.after(100)
    assert age() == 106


# Hyper-V's


def reporting(option: str) -> Scene:
    cpu = "-accel kvm -cpu qemu64,hv-vpindex,hv-synic -x-qmpd synic=on,kvm-memslots=509"
    bus = f"-device vmbus-bridge -device hv-balloon,id=bal,status-report={option}"
    return Scene("-machine q35", "-m 1G,slots=2,maxmem=32G", cpu, bus)


def test_hyper_vs_balloon_is_told_of_memory_each_second_after_a_while() -> None:
    scene = reporting("on")
    assert scene.after(44) == []
    with pytest.raises(CommandFailed, match="no guest memory status report received yet"):
        scene.ask("query-hv-balloon-status-report")
    assert scene.after(4) == ["HV_BALLOON_STATUS_REPORT"] * 4
    report = scene.ask("query-hv-balloon-status-report")
    assert 0 < report["committed"] < report["available"] < GIB
    scene.ask("system_reset")
    with pytest.raises(CommandFailed, match="no guest memory status report received yet"):
        scene.ask("query-hv-balloon-status-report")


def test_reports_that_nobody_wants_are_dropped() -> None:
    scene = reporting("off")
    assert scene.after(100) == []
    with pytest.raises(CommandFailed, match="guest memory status reporting not enabled"):
        scene.ask("query-hv-balloon-status-report")


def test_without_its_driver_nobody_reports() -> None:
    scene = reporting("on")
    scene.after(50)
    scene.do("unload-driver", driver="hv-balloon")
    scene.after(5)
    assert scene.after(100) == []
    scene.do("load-driver", driver="hv-balloon")
    assert len(scene.after(49.5)) == 5
