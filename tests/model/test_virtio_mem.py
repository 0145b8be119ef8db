"""virtio-mem and nvdimm in the model: sizes, memslots, and the request. Expected values are QEMU 10.0.2's."""

from __future__ import annotations

import pytest

from .machines import GIB, MIB, Client


def _virtio_mem(size: int, maxmem: str = "8G", **properties: object) -> Client:
    client = Client(f"-machine pc -m 1G,maxmem={maxmem}")
    client.ask("object-add", qom_type="memory-backend-ram", id="m", size=size, reserve=False)
    client.ask("device_add", driver="virtio-mem-pci", id="v", memdev="m", **properties)
    return client


@pytest.mark.parametrize(("size", "slots", "each"), [(3, 1, 3 * GIB), (4, 2, 2 * GIB), (8, 5, 1719664640)])
def test_dynamic_memslots_share_the_memory_evenly(size: int, slots: int, each: int) -> None:
    client = _virtio_mem(size * GIB, "401G", dynamic_memslots=True)
    path = "/machine/peripheral/v/virtio-backend"
    names = {entry["name"] for entry in client.ask("qom-list", path=path)}

    assert len([name for name in names if name.startswith("memslot-")]) == slots
    assert client.ask("qom-get", path=f"{path}/memslot-0[0]", property="size") == each
    assert client.machine.memory_devices.reserved_memslots() == slots


def test_a_request_shows_and_counts_for_nothing_before_the_guest_acts() -> None:
    client = _virtio_mem(128 * MIB)
    client.ask("qom-set", path="v", property="requested-size", value=64 * MIB)
    (device,) = client.ask("query-memory-devices")

    assert (device["data"]["requested-size"], device["data"]["size"]) == (64 * MIB, 0)
    assert client.ask("query-memory-size-summary")["plugged-memory"] == 0


def test_nothing_can_be_requested_of_a_device_that_is_asked_to_leave() -> None:
    client = _virtio_mem(128 * MIB)
    client.ask("device_del", id="v")
    refusal = client.reply("qom-set", path="v", property="requested-size", value=0)["error"]["desc"]

    assert refusal == "'requested-size' cannot be changed if the device is in the process of unplug"
    client.ask("qom-set", path="v/virtio-backend", property="requested-size", value=2 * MIB)


def test_a_backend_whose_plug_failed_is_free_again() -> None:
    client = _virtio_mem(128 * MIB)
    client.ask("object-add", qom_type="memory-backend-ram", id="n", size=128 * MIB)
    assert "error" in client.reply("device_add", driver="virtio-mem-pci", memdev="n", requested_size=1)
    client.ask("object-del", id="n")


def test_an_nvdimm_is_smaller_by_its_label_in_whole_alignment_units() -> None:
    client = Client("-machine pc,nvdimm=on -m 1G,slots=2,maxmem=8G")
    client.ask("object-add", qom_type="memory-backend-ram", id="m", size=128 * MIB)
    client.ask("device_add", driver="nvdimm", id="n", memdev="m", label_size=128 << 10)

    assert client.ask("query-memory-size-summary")["plugged-memory"] == 126 * MIB
    assert client.reply("device_del", id="n")["error"]["desc"] == "nvdimm device hot unplug is not supported yet."
