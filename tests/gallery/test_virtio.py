"""virtio-mem that does not reach its size, and PCI devices that do not go."""

from __future__ import annotations

import pytest

from qmpd.testing import CommandFailed

from .conftest import GIB, Scene

NATIVE = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")
PORT = ("-device", "pcie-root-port,id=rp0,chassis=1")
SIZE_CHANGE = "MEMORY_DEVICE_SIZE_CHANGE v0"


def scene_with_virtio_mem(guest: str = "linux") -> Scene:
    """A virtio-mem, v0, of up to 4 GiB, in a guest that is up."""
    scene = Scene("-m", "1G,maxmem=16G", *PORT, guest=guest)
    scene.manager.ask("object-add", qom_type="memory-backend-ram", id="m0", size=4 * GIB)
    scene.manager.ask("device_add", driver="virtio-mem-pci", id="v0", memdev="m0", bus="rp0")
    scene.after(1)
    return scene


def request(scene: Scene, size: int) -> None:
    scene.manager.ask("qom-set", path="v0", property="requested-size", value=size)


def sizes(scene: Scene) -> tuple[int, int]:
    """What is requested, and what the guest has."""
    (device,) = scene.manager.ask("query-memory-devices")
    return device["data"]["requested-size"], device["data"]["size"]


def test_a_guest_without_the_driver_never_follows() -> None:
    """The request is accepted, the size stays zero, and no event says why: such is the kernel of that image.

    https://github.com/kubevirt/kubevirt/issues/14095, https://github.com/kubevirt/kubevirt/issues/12101
    """
    scene = scene_with_virtio_mem()
    scene.arrange("x-qmpd-guest-rule-add", on="virtio-mem-grow", do="ignore")
    request(scene, 2 * GIB)
    assert scene.after(600) == []
    assert sizes(scene) == (2 * GIB, 0)
    assert scene.manager.ask("query-memory-size-summary")["plugged-memory"] == 0


def test_a_guest_stops_half_way() -> None:
    """Events come, so it looks well; then none does, and the guest has half of what was asked for.

    https://github.com/kubevirt/kubevirt/issues/14622
    """
    scene = scene_with_virtio_mem()
    scene.arrange("x-qmpd-guest-rule-add", on="virtio-mem-grow", do="partial", percent=50)
    request(scene, 2 * GIB)
    assert set(scene.after(60)) == {SIZE_CHANGE}
    assert scene.after(600) == []
    assert sizes(scene) == (2 * GIB, GIB)


def test_a_shrink_ends_above_what_was_asked_for() -> None:
    """The guest keeps what it cannot move, and there is no error: only the size says so.

    https://github.com/ganeti/ganeti/pull/1974
    """
    scene = scene_with_virtio_mem()
    request(scene, 2 * GIB)
    scene.after(60)
    scene.arrange("x-qmpd-guest-rule-add", on="virtio-mem-shrink", do="partial", percent=50)
    request(scene, 0)
    assert scene.after(30)[-1:] == [SIZE_CHANGE]
    requested, size = sizes(scene)
    assert (requested, size) == (0, GIB)
    with pytest.raises(CommandFailed, match="cannot get unplugged while some of its memory is still plugged"):
        scene.manager.ask("device_del", id="v0")


def test_a_reset_takes_the_memory_back() -> None:
    """After a reboot the size is zero until the driver is up again: a manager that asserts it in between is wrong.

    No thread; a real Linux was recorded doing it (tests/guest/traces/07d-*).
    """
    scene = scene_with_virtio_mem()
    request(scene, GIB)
    scene.after(60)
    scene.manager.ask("system_reset")
    assert sizes(scene) == (GIB, 0)
    scene.after(60)
    assert sizes(scene) == (GIB, GIB)


def test_a_second_device_del_is_an_error_while_the_first_is_pending() -> None:
    """The guest takes its time, the manager asks again, and takes the error for a failed removal.

    https://bugs.launchpad.net/nova/+bug/1882521
    """
    scene = Scene(*NATIVE, *PORT)
    scene.manager.ask("device_add", driver="virtio-rng-pci", id="rng0", bus="rp0")
    scene.after(10)
    scene.manager.ask("device_del", id="rng0")
    scene.after(1)
    with pytest.raises(CommandFailed, match="Device rng0 is already in the process of unplug"):
        scene.manager.ask("device_del", id="rng0")
    assert scene.after(10) == ["DEVICE_DELETED", "DEVICE_DELETED rng0"]


def test_a_guest_is_busy_for_a_moment_after_a_plug() -> None:
    """Native PCIe hotplug: while the slot's indicator blinks nothing can be unplugged, and the request is forgotten.

    No thread; a real Linux was recorded doing it (tests/guest/traces/08f-*).
    """
    scene = Scene(*NATIVE, *PORT)
    scene.manager.ask("device_add", driver="virtio-rng-pci", id="rng0", bus="rp0")
    scene.after(0.1)
    with pytest.raises(CommandFailed, match="guest is busy \\(power indicator blinking\\)"):
        scene.manager.ask("device_del", id="rng0")
    assert scene.after(60) == []
    scene.manager.ask("device_del", id="rng0")
    assert scene.after(6) == []
    assert scene.after(1) == ["DEVICE_DELETED", "DEVICE_DELETED rng0"]


def test_qemu_dies_of_a_reset_with_a_removal_pending() -> None:
    """QEMU 10.0.2 aborts: no RESET, no reply, the connection ends. Only a guest that is asked to shows it.

    No thread; a real QEMU was recorded doing it (tests/guest/traces/08d-*).
    """
    scene = scene_with_virtio_mem(guest="firmware")
    scene.arrange("x-qmpd-guest-set", quirks=["abort-on-reset"])
    scene.manager.ask("device_del", id="v0")
    scene.manager.send("system_reset")
    assert scene.manager.read() == []
    assert scene.machine.killed_by == "ABRT"
    assert scene.machine.is_closed(scene.manager)


def test_qemu_dies_of_a_size_of_minus_one() -> None:
    """A manager that computes a size below zero does not get an error, but loses the machine.

    No thread; a real QEMU was seen doing it. Only a guest that is asked to shows it.
    """
    scene = Scene()
    with pytest.raises(CommandFailed, match="Cannot allocate memory"):
        scene.manager.ask("object-add", qom_type="memory-backend-ram", id="m0", size=-1)
    scene.arrange("x-qmpd-guest-set", quirks=["abort-on-size"])
    scene.manager.send("object-add", qom_type="memory-backend-ram", id="m0", size=-1)
    assert scene.manager.read() == []
    assert scene.machine.killed_by == "ABRT"
