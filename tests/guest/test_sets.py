"""What the shipped guests make of PCI devices, virtio-mem and balloons; of DIMMs, see ``test_control.py``."""

from __future__ import annotations

import pytest

from qmpd.guest.behaviour import shipped
from tests.guest.scenes import GIB, MIB, Q35, Scene

BALLOON = "-device virtio-balloon-pci,id=bal"
HOUR = 3600
OUTCOMES = {
    # grown to, shrunk to, left beside the balloon, and whether a device went
    "linux": (2048, 0, 512, True),
    "instant": (2048, 0, 512, True),
    "slow": (2048, 0, 512, True),
    "stubborn": (2048, 2048, 1024, False),
    "partial": (1024, 512, 768, False),
    "flaky": (2048, 0, 512, True),
    "firmware": (0, 0, 1024, False),
    "absent": (0, 0, 1024, False),
}
PATIENCE = {"flaky": 8}
"""How often these have to be asked."""


def test_every_shipped_guest_is_here() -> None:
    assert {*OUTCOMES, "crash-on-unplug"} == set(shipped())


def furnished(guest: str) -> Scene:
    scene = Scene(*Q35, BALLOON, guest=guest)
    scene.after(HOUR)
    scene.add("virtio-rng-pci", "dev", bus="rp2")
    scene.add_virtio_mem()
    scene.request(2 * GIB)
    scene.after(HOUR)
    return scene


def has_device(scene: Scene) -> bool:
    return any(entry["name"] == "dev" for entry in scene.ask("qom-list", path="/machine/peripheral"))


@pytest.mark.parametrize("guest", OUTCOMES)
def test_a_shipped_guest_treats_all_kinds_of_devices_in_its_way(guest: str) -> None:
    scene = furnished(guest)
    grown = scene.size()
    scene.request(0)
    scene.after(HOUR)
    shrunk = scene.size()
    for _ in range(PATIENCE.get(guest, 1)):
        scene.ask("balloon", value=512 * MIB)
        if has_device(scene):
            scene.remove("dev")
        scene.after(HOUR)
    left = scene.ask("query-balloon")["actual"] // MIB
    assert (grown, shrunk, left, not has_device(scene)) == OUTCOMES[guest]


@pytest.mark.parametrize("cause", ["shrink", "remove"])
def test_a_guest_that_crashes_takes_the_machine_along(cause: str) -> None:
    scene = furnished("crash-on-unplug")
    scene.after(0)
    if cause == "shrink":
        scene.request(0)
    else:
        scene.remove("dev")
    assert scene.after(1)[-2:] == ["GUEST_PANICKED", "SHUTDOWN"]
    assert scene.machine.status == 0


def test_in_the_instant_guest_all_has_happened_when_the_clock_is_touched() -> None:
    scene = Scene(*Q35, BALLOON, guest="instant")
    scene.add_virtio_mem(requested_size=4 * GIB)
    scene.ask("balloon", value=512 * MIB)
    assert sorted(scene.after(0)) == ["balloon 512", "vm0 128"]
    assert scene.size() == 4096
    assert scene.after(1) == ["vm0 4096"]
