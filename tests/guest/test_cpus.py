"""How CPUs come and go, and what a guest may do instead. What it does by itself is in the recordings."""

from __future__ import annotations

import pytest

from qmpd.testing import CommandFailed
from tests.guest.scenes import Scene

FOUR = ("-machine q35", "-smp 1,sockets=4,cores=1,maxcpus=4")
LAPIC_GONE = "DEVICE_DELETED"


def with_cpu(*options: str, booted: bool = True) -> Scene:
    """A machine with a second CPU, dev, that its guest has taken."""
    scene = Scene(*FOUR, *options, booted=booted)
    place = {"socket-id": 1, "core-id": 0, "thread-id": 0}
    scene.ask("device_add", driver="qemu64-x86_64-cpu", id="dev", **place)
    scene.after(1)
    return scene


def numbers(scene: Scene) -> list[int]:
    return [cpu["cpu-index"] for cpu in scene.ask("query-cpus-fast")]


def test_before_a_system_is_up_no_cpu_can_be_asked() -> None:
    scene = with_cpu(booted=False)
    with pytest.raises(CommandFailed, match="device unplug request for not supported device type"):
        scene.remove("dev")


def test_a_cpu_goes_and_comes_back() -> None:
    scene = with_cpu()
    scene.remove("dev")
    assert LAPIC_GONE in scene.after(1)
    assert numbers(scene) == [0]
    scene.ask("device_add", driver="qemu64-x86_64-cpu", id="dev", **{"socket-id": 1, "core-id": 0, "thread-id": 0})
    assert numbers(scene) == [0, 1]


@pytest.mark.parametrize("deed", ["refuse", "fail", "partial"])
def test_a_guest_that_needs_a_cpu_keeps_it_and_says_so(deed: str) -> None:
    scene = with_cpu()
    scene.rule("cpu-unplug", deed)
    scene.remove("dev")
    assert LAPIC_GONE not in scene.after(1)
    statuses = [slot["status"] for slot in scene.ask("query-acpi-ospm-status") if slot["slot-type"] == "CPU"]
    assert (statuses, numbers(scene)) == ([0, 130, 0, 0], [0, 1])


def test_a_stalled_removal_goes_on_when_released() -> None:
    scene = with_cpu()
    scene.rule("cpu-unplug", "stall")
    scene.remove("dev")
    assert LAPIC_GONE not in scene.after(60)
    scene.do("release")
    assert LAPIC_GONE in scene.after(1)


def test_rules_of_dimms_do_not_hold_for_cpus() -> None:
    scene = with_cpu()
    scene.rule("dimm-unplug", "refuse")
    scene.ask("x-qmpd-guest-set", hot_remove=False)
    scene.remove("dev")
    assert LAPIC_GONE in scene.after(1)
