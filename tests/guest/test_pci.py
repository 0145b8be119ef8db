"""How PCI devices come and go: by ACPI, and by slots that speak for themselves."""

from __future__ import annotations

import pytest

from qmpd.testing import CommandFailed
from tests.guest.scenes import GIB, MIB, NATIVE_Q35, Q35, Scene

I440FX = ("-machine pc", "-m 1G,slots=4,maxmem=32G")
SHPC = (*Q35, "-device pcie-pci-bridge,id=bridge,bus=pcie.0")
GONE = ["DEVICE_DELETED", "DEVICE_DELETED dev"]
BUSY = r"Hot-unplug failed: guest is busy \(power indicator blinking\)"


def plugged(*options: str, driver: str = "virtio-rng-pci", guest: str = "linux", **properties: str) -> Scene:
    """A machine with a device, dev, that its guest has found."""
    scene = Scene(*options, guest=guest)
    scene.add(driver, "dev", **({"bus": "rp1"} if options != I440FX else {}) | properties)
    assert scene.after(60) == []
    return scene


# By ACPI


@pytest.mark.parametrize("options", [Q35, I440FX])
def test_by_acpi_a_device_goes_quickly_and_is_told_twice(options: tuple[str, ...]) -> None:
    scene = plugged(*options)
    scene.remove("dev")
    scene.remove("dev")  # harmless
    assert scene.after(0.04) == []
    assert scene.after(0.02) == GONE[:1]
    assert scene.after(60) == GONE[1:]


@pytest.mark.parametrize("driver", ["e1000e", "virtio-net-pci", "virtio-scsi-pci", "usb-ehci", "virtio-serial-pci"])
def test_any_device_goes(driver: str) -> None:
    scene = plugged(driver=driver)
    scene.remove("dev")
    assert scene.after(60)[-1] == GONE[-1]


def test_a_device_that_has_just_come_goes_as_well() -> None:
    scene = Scene()
    scene.add("virtio-rng-pci", "dev", bus="rp1")
    scene.remove("dev")
    assert scene.after(60) == GONE


def test_a_removal_requested_during_boot_is_seen_with_the_next_one() -> None:
    scene = Scene(booted=False)
    scene.add("virtio-rng-pci", "dev", bus="rp1")
    scene.remove("dev")
    assert scene.after(60) == []
    scene.add("virtio-rng-pci", "other", bus="rp2")
    assert scene.after(1) == GONE


def test_a_slow_removal_of_a_dimm_holds_up_what_acpi_asks_of_pci_slots() -> None:
    scene = plugged()
    scene.add_dimm("d0")
    scene.after(1)
    scene.rule("dimm-unplug", "obey", delay=10)
    scene.remove("d0")
    scene.remove("dev")
    scene.add_virtio_mem(bus="rp2", requested_size=128 * MIB)
    assert scene.after(9) == ["OST 3/132"]
    assert sorted(entry["device"] for entry in scene.query()["queue"]) == ["d0", "dev", "vm0"]
    told = scene.after(3)
    assert told[:2] == ["DEVICE_DELETED d0", "OST 3/0"]
    assert sorted(told[2:]) == ["DEVICE_DELETED", "DEVICE_DELETED dev", "vm0 128"]


def test_a_stopped_guest_lets_a_device_go_when_it_goes_on() -> None:
    scene = plugged()
    scene.ask("stop")
    scene.remove("dev")
    assert scene.after(1000) == ["STOP"]
    scene.ask("cont")
    assert scene.after(1) == ["RESUME", *GONE]


def test_a_reset_takes_out_what_acpi_was_asked_for() -> None:
    scene = plugged()
    scene.ask("stop")
    scene.remove("dev")
    scene.ask("system_reset")
    assert scene.after(1) == ["STOP", "RESET", *GONE]


@pytest.mark.parametrize("driver", ["virtio-mem-pci", "virtio-balloon-pci"])
@pytest.mark.parametrize("quirks", [[], ["abort-on-reset"]])
def test_a_reset_kills_qemu_over_some_devices(driver: str, quirks: list[str]) -> None:
    scene = Scene()
    scene.ask("x-qmpd-guest-set", quirks=quirks)
    if driver == "virtio-mem-pci":
        scene.add_virtio_mem("dev")
    else:
        scene.add(driver, "dev", bus="rp1")
    scene.after(1)
    scene.remove("dev")
    scene.client.send("system_reset")
    assert scene.machine.killed_by == ("ABRT" if quirks else None)
    assert scene.after(1) == ([] if quirks else ["RESET", "return", *GONE, "RESET"])


# By the slot itself


def test_a_slot_of_its_own_gives_five_seconds_to_think_again_and_one_to_switch_off() -> None:
    scene = plugged(*NATIVE_Q35)
    scene.remove("dev")
    assert scene.after(6.04) == []
    assert scene.after(0.3) == GONE


def test_who_asks_such_a_slot_again_is_told_of_the_first_time_and_then_of_the_work() -> None:
    scene = plugged(*NATIVE_Q35)
    scene.remove("dev")
    scene.after(4.9)
    with pytest.raises(CommandFailed, match="Device dev is already in the process of unplug"):
        scene.remove("dev")
    scene.after(0.2)
    with pytest.raises(CommandFailed, match=BUSY):
        scene.remove("dev")
    assert scene.after(1) == GONE


def test_the_five_seconds_are_the_guests() -> None:
    scene = plugged(*NATIVE_Q35)
    scene.remove("dev")
    scene.after(1)
    scene.ask("stop")
    scene.after(100)
    with pytest.raises(CommandFailed, match="Device dev is already in the process of unplug"):
        scene.remove("dev")
    scene.ask("cont")
    assert scene.after(5) == ["RESUME"]
    assert scene.after(1) == GONE


def test_such_a_slot_is_at_work_on_what_has_just_come_too() -> None:
    scene = Scene(*NATIVE_Q35)
    scene.add("virtio-rng-pci", "dev", bus="rp1")
    with pytest.raises(CommandFailed, match=BUSY):
        scene.remove("dev")
    scene.after(0.2)
    scene.remove("dev")
    assert scene.after(7) == GONE


def test_of_a_virtio_mem_that_error_is_lost_and_so_is_the_request() -> None:
    scene = Scene(*NATIVE_Q35)
    scene.add_virtio_mem()
    scene.remove("vm0")
    assert scene.after(60) == []
    scene.request(GIB)
    assert scene.after(2) == ["vm0 128", "vm0 1024"]


def test_a_reset_makes_everybody_forget_the_button() -> None:
    scene = plugged(*NATIVE_Q35)
    scene.remove("dev")
    scene.after(1)
    scene.ask("system_reset")
    assert scene.after(60) == ["RESET", "RESET"]
    scene.remove("dev")
    assert scene.after(7) == GONE


def test_without_a_system_a_slot_without_power_lets_go_at_once_and_one_with_power_never() -> None:
    scene = Scene(*NATIVE_Q35, "-device virtio-rng-pci,id=born,bus=rp2", guest="firmware")
    scene.add("virtio-rng-pci", "dev", bus="rp1")
    scene.remove("dev")
    scene.remove("born")
    assert scene.after(0) == GONE
    assert scene.after(5.1) == []
    scene.remove("born")
    assert scene.after(1000) == []


def test_a_system_switches_on_what_came_before_it() -> None:
    scene = Scene(*NATIVE_Q35, booted=False)
    scene.add_virtio_mem(requested_size=128 * MIB)
    assert scene.after(5.1) == []
    assert scene.after(1) == ["vm0 128"]
    scene.request(0)
    scene.after(5)
    scene.remove("vm0")
    assert scene.after(7)[-1] == "DEVICE_DELETED vm0"


def test_a_conventional_bridge_has_slots_of_its_own_too() -> None:
    scene = Scene(*SHPC, "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")
    scene.add("virtio-rng-pci", "dev", bus="bridge", addr="1")
    with pytest.raises(CommandFailed, match=BUSY):
        scene.remove("dev")
    scene.after(1)
    scene.remove("dev")
    assert scene.after(7) == GONE


# Rules


@pytest.mark.parametrize("options", [Q35, NATIVE_Q35])
@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"do": "refuse"}, []),
        ({"do": "ignore"}, []),
        ({"do": "partial"}, []),
        ({"do": "stall"}, []),
        ({"do": "fail"}, ["DEVICE_UNPLUG_GUEST_ERROR dev"]),
        ({"do": "obey", "delay": 59}, GONE),
        ({"do": "obey", "delay": 61}, []),
    ],
)
def test_a_rule_decides_what_a_removal_comes_to(
    options: tuple[str, ...], rule: dict[str, object], told: list[str]
) -> None:
    scene = plugged(*options)
    scene.ask("x-qmpd-guest-rule-add", on="pci-unplug", device="d*", times=1, **rule)
    scene.remove("dev")
    assert scene.after(60) == told


@pytest.mark.parametrize("options", [Q35, NATIVE_Q35])
@pytest.mark.parametrize("deed", ["refuse", "ignore", "fail"])
def test_after_a_refusal_the_guest_may_be_asked_again(options: tuple[str, ...], deed: str) -> None:
    scene = plugged(*options)
    scene.rule("pci-unplug", deed, times=1)
    scene.remove("dev")
    scene.after(60)
    scene.remove("dev")
    assert scene.after(60) == GONE


@pytest.mark.parametrize("options", [Q35, NATIVE_Q35])
@pytest.mark.parametrize("occasion", ["pci-plug", "pci-unplug"])
def test_a_stalled_slot_goes_on_when_it_is_released(options: tuple[str, ...], occasion: str) -> None:
    scene = Scene(*options)
    scene.rule(occasion, "stall")
    scene.add_virtio_mem(requested_size=0)
    scene.after(60)
    if occasion == "pci-unplug":
        scene.remove("vm0")
    else:
        scene.request(128 * MIB)
    assert scene.after(60) == []
    assert scene.query()["stalled"]
    scene.do("release")
    assert scene.after(1)[-1] == ("DEVICE_DELETED vm0" if occasion == "pci-unplug" else "vm0 128")


@pytest.mark.parametrize("options", [Q35, NATIVE_Q35])
@pytest.mark.parametrize("occasion", ["pci-plug", "pci-unplug"])
def test_a_guest_may_crash_over_a_slot(options: tuple[str, ...], occasion: str) -> None:
    scene = Scene(*options)
    scene.rule(occasion, "crash", delay=1)
    scene.add("virtio-rng-pci", "dev", bus="rp1")
    scene.after(3)
    if occasion == "pci-unplug":
        scene.remove("dev")
    scene.after(3)
    assert scene.query()["life"] == "crashed"


@pytest.mark.parametrize("options", [Q35, NATIVE_Q35])
def test_a_plug_that_is_ignored_leaves_a_device_without_driver(options: tuple[str, ...]) -> None:
    scene = Scene(*options)
    scene.rule("pci-plug", "ignore")
    scene.add_virtio_mem(requested_size=128 * MIB)
    assert scene.after(1000) == []
    assert scene.query()["devices"] == []
