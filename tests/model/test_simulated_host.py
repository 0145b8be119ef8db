"""What the options say of the host, and what comes of it. Expected texts are QEMU 10.0.2's."""

from __future__ import annotations

import re

import pytest

from qmpd import cli
from qmpd.errors import StartupError
from qmpd.qemu_argv import parse

from .machines import GIB, Client


def test_by_default_there_is_memory_without_end_and_no_backend() -> None:
    client = Client("-machine pc -m 1G,slots=2,maxmem=4G")
    client.ask("object-add", qom_type="memory-backend-ram", id="m", size=1 << 40)
    assert client.refusal("device_add", driver="vhost-vsock-pci", guest_cid=3).endswith("No such file or directory")


def test_a_host_with_little_memory_refuses_what_it_has_to_reserve() -> None:
    client = Client("-machine pc -m 1G -x-qmpd host-memory=2G")
    refusal = client.refusal("object-add", qom_type="memory-backend-ram", id="m", size=3 * GIB)

    assert refusal == "cannot set up guest memory 'm': Cannot allocate memory"
    client.ask("object-add", qom_type="memory-backend-ram", id="m", size=3 * GIB, reserve=False)


def test_machines_need_memory_too() -> None:
    with pytest.raises(StartupError, match=r"cannot set up guest memory 'pc\.ram': Cannot allocate memory"):
        Client("-machine pc -m 4G -x-qmpd host-memory=2G")


def test_a_number_of_memslots_means_that_there_is_kvm() -> None:
    client = Client("-machine pc -m 1G -accel kvm -x-qmpd kvm-memslots=5")
    assert client.ask("query-kvm") == {"enabled": True, "present": True}


def test_the_host_of_query_sgx_capabilities() -> None:
    client = Client("-machine pc -m 1G -x-qmpd sgx=64M")
    assert client.ask("query-sgx-capabilities")["sections"] == [{"node": 0, "size": 64 << 20}]


def test_a_backend_that_left_no_longer_limits() -> None:
    client = Client("-machine q35 -m 1G,slots=4,maxmem=4G -device pcie-root-port,id=rp -x-qmpd vhost-memslots=3")
    client.ask("device_add", driver="vhost-vsock-pci", id="v", guest_cid=3, bus="rp")
    client.plug_dimm("a")
    client.ask("object-add", qom_type="memory-backend-ram", id="m-b", size=GIB)
    exhausted = client.refusal("device_add", driver="pc-dimm", id="b", memdev="m-b")
    assert exhausted == "a used vhost backend has not enough free memory slots left"

    client.ask("device_del", id="v")
    client.ask("system_reset")
    client.ask("device_add", driver="pc-dimm", id="b", memdev="m-b")


@pytest.mark.parametrize(
    ("setting", "refusal"),
    [
        ("kvm-memslots=x", "Parameter 'kvm-memslots' expects int64"),
        ("kvm-memslots=-1", "Parameter 'kvm-memslots' expects int64"),
        ("vhost-memslots=2147483648", "Parameter 'vhost-memslots' expects int32_t"),
        ("synic=maybe", "Parameter 'synic' expects 'on' or 'off'"),
        ("sgx=", "Parameter 'sgx' expects a non-negative number below 2^64"),
        ("host-memory=1X", "Parameter 'host-memory' expects a non-negative number below 2^64"),
        ("memory=1G", "Parameter 'memory' is unexpected"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(setting: str, refusal: str) -> None:
    with pytest.raises(StartupError, match=re.escape(refusal)):
        parse(["-machine", "pc", "-x-qmpd", setting])


def test_people_say_the_same_with_host() -> None:
    options = cli._parse(["--accel", "kvm", "--host", "kvm-memslots=6,vhost-memslots=3", "--host", "sgx=1G"])
    config = cli.build(options)

    assert config.extras.host == {"kvm_memslots": 6, "vhost_memslots": 3, "sgx": GIB}
    assert [entry.values["accel"] for entry in config.accels] == ["kvm"]
    assert config.extras.guest == "linux"
