"""Memory that cannot be plugged, or is of no use to the guest."""

from __future__ import annotations

import pytest

from qmpd.errors import StartupError
from qmpd.testing import CommandFailed, Machine

from .conftest import GIB, Scene


def test_there_is_no_free_slot() -> None:
    """Each DIMM takes a slot, however small it is; a manager that counts bytes only runs into this.

    https://github.com/kata-containers/runtime/issues/1228
    """
    scene = Scene("-m", "1G,slots=2,maxmem=64G")
    scene.plug("d0", 128 << 20)
    scene.plug("d1", 128 << 20)
    with pytest.raises(CommandFailed, match="GenericError: no free slots available"):
        scene.plug("d2", 128 << 20)
    assert scene.plugged() == ["d0", "d1"]


def test_maxmem_counts_the_memory_that_is_there_from_the_start() -> None:
    """With maxmem=4G and 1 GiB there is room for 3 GiB of DIMMs, not for 4.

    https://github.com/kata-containers/runtime/issues/1228
    """
    scene = Scene("-m", "1G,slots=4,maxmem=4G")
    scene.plug("d0", 2 * GIB)
    with pytest.raises(CommandFailed, match="currently 0x80000000 in use of total space for memory devices 0xc0000000"):
        scene.plug("d1", 2 * GIB)


@pytest.mark.parametrize(("maxmem", "starts"), [(21, True), (31, False)])
def test_maxmem_has_to_fit_into_the_address_space_with_a_gib_for_each_slot(maxmem: int, starts: bool) -> None:
    """On a host with 36 address bits a maxmem of the host's own size is too much: 32 GiB are for PCI.

    https://github.com/lxc/incus/issues/2234, https://github.com/lxc/incus/issues/2003
    """
    options = ("-cpu", "Haswell,phys-bits=36", "-m", f"1G,slots=8,maxmem={maxmem}G")
    if starts:
        Machine(*options)
        return
    with pytest.raises(StartupError, match="Address space limit 0xfffffffff < 0x127fffffff phys-bits too low"):
        Machine(*options)


def test_so_much_at_once_that_the_guest_has_no_memory_to_describe_it() -> None:
    """A small guest gets 12 GiB, and cannot allocate the 192 MiB that it takes to know them.

    On QMP all is well: the DIMM is reported as inserted, listed and counted.
    https://github.com/kata-containers/kata-containers/issues/4847
    """
    scene = Scene("-m", "256M,slots=4,maxmem=32G")
    scene.plug(size=12 * GIB)
    assert scene.after(10) == ["OST 1/0"]
    assert scene.manager.ask("query-memory-size-summary") == {"base-memory": 256 << 20, "plugged-memory": 12 * GIB}


def test_so_much_at_once_that_the_guest_does_not_answer_for_minutes() -> None:
    """128 GiB block the guest; the manager's deadline passes, the next DIMM waits behind it.

    https://github.com/kata-containers/runtime/issues/2872
    """
    scene = Scene("-m", "2G,slots=4,maxmem=256G")
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-plug", rate=GIB)
    scene.plug("d0", 128 * GIB)
    scene.plug("d1", GIB)
    assert scene.after(120) == []
    assert scene.after(20) == ["OST 1/0", "OST 1/0"]


def test_a_dimm_that_is_no_multiple_of_the_guests_blocks_is_accepted_and_never_used() -> None:
    """OST says 1/0, the guest has no byte more. The next DIMM stands behind it, unaligned, and is of no use either.

    https://github.com/intel/nemu/issues/48, https://github.com/autotest/tp-libvirt/pull/831
    """
    scene = Scene("-m", "1G,slots=4,maxmem=8G")
    scene.plug("d0", 64 << 20)
    scene.plug("d1", 256 << 20)
    assert scene.after(1) == ["OST 1/0", "OST 1/0"]
    second = scene.manager.ask("query-memory-devices")[1]["data"]
    assert second["addr"] % (128 << 20) == 64 << 20


def test_two_managers_take_the_same_slot() -> None:
    """Both look which slot is free, then both plug into it. One of them is told so, and can take the next.

    No thread: it is what happens to every manager that chooses slots itself and has two workers.
    """
    scene = Scene()
    clients = [scene.machine.connect().negotiate() for _ in range(2)]
    for number, client in enumerate(clients):
        assert client.ask("query-memory-devices") == []
        client.ask("object-add", qom_type="memory-backend-ram", id=f"m{number}", size=GIB)
    clients[0].ask("device_add", driver="pc-dimm", id="mine", memdev="m0", slot=0)
    with pytest.raises(CommandFailed, match="GenericError: slot 0 is busy"):
        clients[1].ask("device_add", driver="pc-dimm", id="yours", memdev="m1", slot=0)
    clients[1].ask("device_add", driver="pc-dimm", id="yours", memdev="m1")
    assert scene.plugged() == ["mine", "yours"]


def test_a_plugged_dimm_is_not_used_before_somebody_says_so() -> None:
    """A guest that does not look at its slots (no ACPI, still booting): plugged, listed, counted, unused.

    https://github.com/kata-containers/agent/issues/363
    """
    scene = Scene()
    scene.arrange("x-qmpd-guest-rule-add", on="dimm-plug", do="ignore", times=1)
    scene.plug()
    assert scene.after(3600) == []
    assert scene.plugged() == ["d0"]
