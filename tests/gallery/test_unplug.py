"""Guests that do not let memory go, or not when they are expected to."""

from __future__ import annotations

import pytest

from qmpd.testing import CommandFailed

from .conftest import GIB, Scene, scene_with_a_dimm

GONE = ["OST 3/132", "DEVICE_DELETED d0", "OST 3/0"]
REFUSED = ["OST 3/132", "OST 3/130"]


def test_a_retry_meets_a_removal_in_progress() -> None:
    """A manager repeats device_del because the device is still there, and disturbs the removal that is under way.

    The second request is carried out after the first: the guest says "in progress" and "done" of a slot that is empty
    by then, without an id. https://bugs.launchpad.net/nova/+bug/1882521
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-unplug", delay=5, times=1)
    scene.manager.ask("device_del", id="d0")
    assert scene.after(2) == ["OST 3/132"]
    scene.manager.ask("device_del", id="d0")
    assert scene.plugged() == ["d0"], "the retry sees no difference"
    assert scene.after(10) == ["DEVICE_DELETED d0", "OST 3/0", "OST 3/132", "OST 3/0"]


def test_a_removal_is_refused_and_refused_and_then_accepted() -> None:
    """Each refusal ends a removal: nothing is pending, and only who asks again gets any further.

    https://bugs.launchpad.net/nova/+bug/1882521
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-unplug", do="refuse", times=3)
    outcomes = []
    for _ in range(4):
        scene.manager.ask("device_del", id="d0")
        outcomes.append(scene.after(60))
    assert outcomes == [REFUSED, REFUSED, REFUSED, GONE]
    assert scene.plugged() == []


def test_a_removal_completes_after_the_manager_has_given_up() -> None:
    """The manager waits ten seconds and reports an error; the device goes a minute later, and asking again is an error.

    https://github.com/apache/cloudstack/pull/6508
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-unplug", do="stall", times=1)
    scene.manager.ask("device_del", id="d0")
    assert scene.after(10) == ["OST 3/132"]
    assert scene.plugged() == ["d0"]
    scene.machine.advance(50)
    scene.arrange("x-qmpd-guest-do", action="release")
    assert scene.after(1) == ["DEVICE_DELETED d0", "OST 3/0"]
    with pytest.raises(CommandFailed, match="DeviceNotFound: Device 'd0' not found"):
        scene.manager.ask("device_del", id="d0")


def test_a_guest_gives_five_blocks_and_not_the_sixth() -> None:
    """Of the eight memory blocks of a DIMM one holds what cannot be moved. All or nothing: the DIMM stays.

    https://github.com/intel/nemu/issues/71
    """
    scene = Scene()
    scene.plug(size=8 * (128 << 20))
    scene.after(1)
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-unplug", do="partial", percent=5 / 8 * 100, delay=8)
    scene.manager.ask("device_del", id="d0")
    assert scene.after(4.9) == ["OST 3/132"]
    assert scene.after(0.2) == ["OST 3/130"]
    assert scene.plugged() == ["d0"]
    with pytest.raises(CommandFailed, match="object 'm-d0' is in use, can not be deleted"):
        scene.manager.ask("object-del", id="m-d0")


def test_a_removal_that_hangs_holds_up_the_next_plug() -> None:
    """A guest does one thing at a time: a DIMM that cannot go keeps a new one from being used.

    No thread; a real Linux was recorded doing it (tests/guest/traces/03f-*).
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-unplug", do="stall", times=1)
    scene.manager.ask("device_del", id="d0")
    scene.after(1)
    scene.plug("d1")
    assert scene.after(3600) == []
    assert scene.plugged() == ["d0", "d1"], "the machine has it, the guest has not"


def test_a_removal_asked_for_while_the_guest_boots_is_remembered_but_not_seen() -> None:
    """Nothing happens, until something else makes the guest look at its slots.

    No thread; a real Linux was recorded doing it (tests/guest/traces/04a-*).
    """
    scene = scene_with_a_dimm()
    scene.manager.ask("system_reset")
    scene.after(1)
    scene.manager.ask("device_del", id="d0")
    assert scene.after(60) == []
    scene.plug("d1")
    assert sorted(scene.after(1)) == sorted([*GONE, "OST 1/0"])


def test_the_news_of_a_removal_is_lost() -> None:
    """The manager was not connected when it was told: the device has gone, and no event ever says so again.

    Clients that connect for each command anew live with that: https://github.com/ganeti/ganeti/issues/1649
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-fault-add", on="event", do="drop", event="DEVICE_DELETED", times=1)
    scene.manager.ask("device_del", id="d0")
    assert scene.after(60) == ["OST 3/132", "OST 3/0"]
    assert scene.plugged() == []


def test_a_guest_without_hot_removal_says_so_at_once() -> None:
    """Status 128 and nothing in progress before it: there is no use in asking again.

    No thread; a real Linux was recorded doing it (tests/guest/traces/03b-*).
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-guest-set", hot_remove=False)
    scene.manager.ask("device_del", id="d0")
    assert scene.after(60) == ["OST 3/128"]


def test_a_guest_panics_over_a_removal() -> None:
    """Memory goes that the guest still needs: GUEST_PANICKED and the end of the connection instead of DEVICE_DELETED.

    The end of the connection is what trips tests up: https://github.com/autotest/tp-qemu/pull/4416
    """
    scene = scene_with_a_dimm(guest="crash-on-unplug")
    scene.manager.ask("device_del", id="d0")
    assert scene.after(1) == ["OST 3/132", "GUEST_PANICKED", "SHUTDOWN"]


def test_the_slot_is_free_when_the_device_is_gone() -> None:
    """With one slot a DIMM can be exchanged, but only after DEVICE_DELETED; before, slot and backend are taken.

    https://github.com/kata-containers/runtime/issues/1228
    """
    scene = Scene("-m", "1G,slots=1,maxmem=5G")
    scene.plug(size=GIB)
    scene.after(1)
    scene.manager.ask("device_del", id="d0")
    with pytest.raises(CommandFailed, match="no free slots available"):
        scene.plug("d1")
    assert scene.after(1) == GONE
    scene.manager.ask("object-del", id="m-d0")
    scene.plug()
    assert scene.after(1) == ["OST 1/0"]
