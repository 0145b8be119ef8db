"""User objects: that each is listed as QEMU lists it, and what no recording can say because it depends on a host."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from qmpd.catalogue import Catalogue
from qmpd.model import objects_plain, objects_rare, objects_security
from qmpd.model.block.images import NoImages
from qmpd.model.hostmem_host import BackingFile, Host, Line, NoFiles, NoOutside, NoThreads
from qmpd.model.objects import TYPES
from tests.model.machines import Client

KINDS = (objects_plain, objects_security, objects_rare)
NOT_EVERYWHERE = {"memory-backend-epc", "input-linux", "colo-compare", "dbus-vmstate"}
EVERY_TYPE = sorted({*TYPES, *(name for kinds in KINDS for name in kinds.TYPES)} - NOT_EVERYWHERE)
NEEDED: dict[str, dict[str, Any]] = {
    "memory-backend-ram": {"size": 4096},
    "memory-backend-memfd": {"size": 4096},
    "memory-backend-shm": {"size": 4096},
    "memory-backend-file": {"size": 4096, "mem_path": "/file"},
    "secret": {"data": "abc"},
    "rng-egd": {"chardev": "c"},
    "authz-simple": {"identity": "me"},
    "tls-cipher-suites": {"priority": "NORMAL"},
    "tls-creds-x509": {"dir": "/tls"},
    "tls-creds-psk": {"dir": "/tls"},
    "acpi-generic-initiator": {"node": 1, "pci_dev": "nope"},
    "acpi-generic-port": {"node": 1, "pci_bus": "nope"},
    "cryptodev-vhost-user": {"chardev": "c"},
    "qtest": {"chardev": "c"},
    "pr-manager-helper": {"path": "/helper"},
    "input-barrier": {"name": "me"},
    "secret_keyring": {"serial": 7},
    "can-host-socketcan": {"canbus": "can", "if": "can0"},
    "sev-guest": {"reduced_phys_bits": 1},
    "sev-snp-guest": {"reduced_phys_bits": 1},
    "filter-buffer": {"netdev": "n", "interval": 1},
    "filter-mirror": {"netdev": "n", "outdev": "c"},
    "filter-redirector": {"netdev": "n", "indev": "c"},
    "filter-rewriter": {"netdev": "n"},
    "filter-replay": {"netdev": "n"},
    "filter-dump": {"netdev": "n", "file": "/dump"},
}
UNREADABLE = {
    "thread-context": {"node-affinity"},
    "iommufd": {"fd"},
    "acpi-generic-initiator": {"node", "pci-dev"},
    "acpi-generic-port": {"node", "pci-bus"},
}


class FileEverywhere(NoFiles):
    """Whatever is looked for is there."""

    def open(self, path: str, *, writable: bool) -> BackingFile:
        return BackingFile(32)


class EmptyFileEverywhere(NoFiles):
    def open(self, path: str, *, writable: bool) -> BackingFile:
        return BackingFile(0)


class WritableImages(NoImages):
    """Whatever is written is kept."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}

    def create(self, path: str, size: int) -> None:
        self.written[path] = bytes(size)

    def write(self, path: str, data: bytes) -> None:
        self.written[path] = data


class Partner(NoOutside):
    """Somebody who is always there, says ``words`` and hears."""

    def __init__(self, words: bytes = b"abcdefgh") -> None:
        self.words = words
        self.heard = b""
        self.closed = False

    def connect_unix(self, path: str) -> Line:
        return self

    def connect_inet(self, host: str, port: str) -> Line:
        return self

    def open_can(self, interface: str) -> Line:
        if interface != "can0":
            raise OSError(errno.ENODEV, "No such device", interface)
        return self

    def read_key(self, serial: int) -> bytes:
        return self.words

    def recv(self, size: int, /) -> bytes:
        said, self.words = self.words[: min(size, 3)], self.words[min(size, 3) :]
        return said

    def sendall(self, data: bytes, /) -> None:
        self.heard += data

    def close(self) -> None:
        self.closed = True


MACHINE = "-machine q35 -chardev null,id=c -netdev user,id=n -object can-bus,id=can"


@pytest.mark.parametrize("type_name", EVERY_TYPE)
def test_an_object_is_listed_as_its_type_is_described(type_name: str) -> None:
    client = Client(MACHINE, Host(files=EmptyFileEverywhere(), images=WritableImages(), outside=Partner))
    client.ask("object-add", qom_type=type_name, id="x", **NEEDED.get(type_name, {}))

    listed = [entry for entry in client.ask("qom-list", path="/objects/x") if not entry["type"].startswith("child<")]

    described = Catalogue.open().qom_properties(type_name).value
    assert listed == [{"name": entry["name"], "type": entry["type"]} for entry in described]


@pytest.mark.parametrize("type_name", EVERY_TYPE)
def test_every_property_can_be_read_or_says_that_it_cannot(type_name: str) -> None:
    client = Client(MACHINE, Host(files=EmptyFileEverywhere(), images=WritableImages(), outside=Partner))
    client.ask("object-add", qom_type=type_name, id="x", **NEEDED.get(type_name, {}))

    unreadable = {
        entry["name"]
        for entry in client.ask("qom-list", path="/objects/x")
        if "error" in client.reply("qom-get", path="/objects/x", property=entry["name"])
    }

    assert unreadable == UNREADABLE.get(type_name, set())


def test_a_type_that_is_known_but_not_modelled_is_refused_as_such() -> None:
    client = Client("-machine q35")

    assert client.refusal("object-add", qom_type="x-remote-object", id="x", fd="3", devid="d") == (
        "qmpd does not model objects of type 'x-remote-object'"
    )


def test_a_thread_context_runs_on_the_cpus_of_the_host() -> None:
    client = Client("-machine q35", Host(cpus=frozenset({0, 1, 2}), nodes=frozenset({0, 1}), threads=NoThreads(4711)))
    client.ask("object-add", qom_type="thread-context", id="free")
    client.ask("object-add", qom_type="thread-context", id="pinned", cpu_affinity=[2, 1, 9])
    client.ask("object-add", qom_type="thread-context", id="near", node_affinity=[1, 5])

    def affinity(name: str) -> Any:
        return client.ask("qom-get", path=f"/objects/{name}", property="cpu-affinity")

    assert affinity("free") == [0, 1, 2]
    assert affinity("pinned") == [1, 2]
    assert affinity("near") == [0, 1, 2]
    assert client.ask("qom-get", path="/objects/free", property="thread-id") == 4711


def test_a_secret_in_a_file_may_be_the_key_of_another() -> None:
    client = Client("-machine q35 -object secret,id=master,file=/key", Host(files=FileEverywhere()))

    client.ask(
        "object-add",
        qom_type="secret",
        id="s",
        data="AAAAAAAAAAAAAAAAAAAAAA==",
        format="base64",
        keyid="master",
        iv="AAAAAAAAAAAAAAAAAAAAAA==",
    )


def test_a_secret_in_a_file_that_is_not_there_names_it_in_glibs_words() -> None:
    client = Client("-machine q35", Host())

    assert client.refusal("object-add", qom_type="secret", id="s", file="/nope") == (
        "Unable to read /nope: Failed to open file “/nope”: No such file or directory"
    )


def test_a_dump_begins_as_tcpdump_expects_it() -> None:
    images = WritableImages()
    client = Client(f"{MACHINE} -object filter-dump,id=d,netdev=n,file=/dump,maxlen=1000", Host(images=images))

    client.ask("object-del", id="d")

    assert images.written["/dump"].hex() == "d4c3b2a1020004000000000000000000e803000001000000"


ADD_HELPER = '{"execute": "object-add", "arguments": {"qom-type": "pr-manager-helper", "id": "pr", "path": "/helper"}}'


def test_a_helper_for_reservations_is_greeted_and_let_go() -> None:
    helper = Partner()
    client = Client("-machine q35", Host(outside=lambda: helper))

    event, reply = client.ask_raw(ADD_HELPER)

    assert reply == {"return": {}}
    assert event["data"] == {"id": "pr", "connected": True}
    assert helper.heard == bytes(4)
    assert client.ask("query-pr-managers") == [{"connected": True, "id": "pr"}]
    client.ask("object-del", id="pr")
    assert helper.closed
    assert client.ask("query-pr-managers") == []


def test_a_helper_that_hangs_up_is_none() -> None:
    client = Client("-machine q35", Host(outside=lambda: Partner(b"abc")))

    event, reply = client.ask_raw(ADD_HELPER)

    assert reply["error"]["desc"] == "Unexpected end-of-file before all data were read"
    assert event["data"] == {"id": "pr", "connected": False}
    assert client.ask("query-pr-managers") == []


def test_a_key_that_the_kernel_does_not_have_is_named_in_hexadecimal() -> None:
    client = Client("-machine q35")

    refusal = client.refusal("object-add", qom_type="secret_keyring", id="s", serial=-77)

    assert refusal == "Unable to read serial key ffffffb3: Required key not available"


def test_a_key_of_the_kernel_may_decrypt_if_it_is_as_long_as_a_key() -> None:
    encrypted = {"qom_type": "secret", "data": "A" * 22 + "==", "format": "base64", "iv": "A" * 22 + "=="}
    keys = [Partner(b"k" * 32), Partner(b"k" * 31)]
    client = Client("-machine q35", Host(outside=keys.pop))
    client.ask("object-add", qom_type="secret_keyring", id="short", serial=1)
    client.ask("object-add", qom_type="secret_keyring", id="long", serial=2)

    client.ask("object-add", id="a", keyid="long", **encrypted)
    assert client.refusal("object-add", id="b", keyid="short", **encrypted) == "Key should be 32 bytes in length"


def test_a_host_without_can_and_a_can_interface_that_is_not_there_differ() -> None:
    options = {"qom_type": "can-host-socketcan", "id": "x", "canbus": "can", "if": "can7"}

    assert Client(MACHINE).refusal("object-add", **options) == (
        "failed to create CAN_RAW socket: Address family not supported by protocol"
    )
    assert Client(MACHINE, Host(outside=Partner)).refusal("object-add", **options) == (
        "SocketCAN host interface can7 not available: No such device"
    )


def test_a_message_bus_that_answers_is_not_modelled() -> None:
    client = Client("-machine q35", Host(outside=Partner))

    assert client.refusal("object-add", qom_type="dbus-vmstate", id="x", addr="unix:path=/bus") == (
        "qmpd does not model message buses"
    )
