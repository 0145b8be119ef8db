"""Replies on which libvirt 11.3 crashes, hangs, or gives up an emulator or a domain: none of them can come about.

What libvirt asks, and in which state of a machine, is what it was seen to ask; no libvirt is needed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qmpd.clock import ManualClock
from qmpd.qemu_argv import parse
from qmpd.vm import Vm

_MAX_LINE = 10 << 20  # bytes that libvirt takes
_PROBED = ("-machine", "none,accel=kvm:tcg")
_DOMAIN = (
    "-machine", "q35,memory-backend=ram", "-m", "1G,slots=8,maxmem=16G", "-smp", "2",
    "-object", '{"qom-type": "memory-backend-ram", "id": "ram", "size": 1073741824}',
    "-object", '{"qom-type": "memory-backend-ram", "id": "memdimm0", "size": 536870912}',
    "-device", '{"driver": "pc-dimm", "memdev": "memdimm0", "id": "dimm0", "slot": 0}',
    "-device", '{"driver": "virtio-balloon-pci", "id": "balloon0"}',
)  # fmt: skip

_PROBES = [
    "query-version", "query-target", "query-qmp-schema", "query-kvm", "qom-list-types", "query-machines",
    "query-cpu-definitions", "query-tpm-models", "query-tpm-types", "query-command-line-options",
    "query-migrate-capabilities",
]  # fmt: skip
_STARTING = [
    "query-migrate-capabilities", "query-chardev", "query-hotpluggable-cpus", "query-cpus-fast", "query-iothreads",
    "query-balloon", "query-named-block-nodes", "query-memory-devices", "query-block", "cont",
]  # fmt: skip
_REJOINING = [
    "query-migrate-capabilities", "query-status", "query-target", "query-machines", "query-hotpluggable-cpus",
    "query-cpus-fast", "query-memory-devices", "query-iothreads", "query-block", "query-chardev", "query-balloon",
    "query-jobs",
]  # fmt: skip

# Commands after which nobody can be asked any more, or that wait for something else.
_LAST = {"quit", "x-exit-preconfig"}


class Client:
    """libvirt's side of a monitor."""

    def __init__(self, *options: str) -> None:
        self._clock = ManualClock()
        self._session = Vm(parse(["-nodefaults", "-display", "none", *options]), self._clock).open_session()
        self._session.greet()
        self.raw = b""
        self._told = 0
        self.ask("qmp_capabilities")

    def send(self, data: bytes) -> list[Any]:
        """What comes back: every line, events included."""
        self._session.receive_data(data)
        self._clock.advance(0)
        self.raw += self._session.data_to_send()
        while self._session.stalled:
            self._session.resume_output()
            self.raw += self._session.data_to_send()
        news, self._told = self.raw[self._told :], len(self.raw)
        return [json.loads(line) for line in news.split(b"\r\n")[:-1]]

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The one reply."""
        request = {"execute": command, "id": "libvirt-1"} | ({"arguments": arguments} if arguments else {})
        (reply,) = (line for line in self.send(json.dumps(request).encode() + b"\r\n") if line.get("id"))
        return reply  # type: ignore[no-any-return]


@pytest.fixture
def probed() -> Client:
    return Client("-S", *_PROBED)


@pytest.fixture(params=["none", "q35"])
def client(request: pytest.FixtureRequest) -> Client:
    return Client("-S", *(_PROBED if request.param == "none" else _DOMAIN))


def test_every_line_ends_with_carriage_return_and_line_feed(client: Client) -> None:
    """libvirt waits for ever for the end of a line that ends in another way."""
    for request in (b'{"execute": "query-status"}', b'{"execute": "nope"}', b"}", b'{"execute": "stop"}'):
        client.send(request)
    client.ask("system_reset")
    client.ask("device_del", id="\r\n")
    assert client.raw.count(b"\n") == client.raw.count(b"\r") == client.raw.count(b"\r\n") > 5
    assert client.raw.endswith(b"\r\n")


def test_no_line_is_longer_than_libvirt_takes(client: Client) -> None:
    for command in ("query-qmp-schema", "qom-list-types", "query-machines", "query-command-line-options"):
        client.ask(command)
    assert max(map(len, client.raw.split(b"\r\n"))) < _MAX_LINE


def test_every_command_gets_one_reply_with_its_id_and_in_order(client: Client) -> None:
    """A command without a reply blocks a domain; a reply that nobody asked for closes the monitor."""
    names = [entry["name"] for entry in client.ask("query-commands")["return"] if entry["name"] not in _LAST]
    requests = [json.dumps({"execute": name, "id": f"libvirt-{n}"}) + "\r\n" for n, name in enumerate(names)]
    replies = [line for line in client.send("".join(requests).encode()) if "event" not in line]
    assert [reply["id"] for reply in replies] == [f"libvirt-{n}" for n in range(len(names))]
    assert {frozenset(reply) for reply in replies} <= {frozenset({"id", "return"}), frozenset({"id", "error"})}


@pytest.mark.parametrize("command", ["nope", "query-kvm2", ""])
def test_a_command_that_does_not_exist_is_answered_so(client: Client, command: str) -> None:
    assert client.ask(command)["error"]["class"] == "CommandNotFound"


def test_the_properties_of_every_type_are_a_list(probed: Client) -> None:
    """libvirt dies of ``DeviceNotFound`` here."""
    for entry in probed.ask("qom-list-types")["return"][::10]:
        assert isinstance(probed.ask("qom-list-properties", typename=entry["name"]).get("return"), list), entry


@pytest.mark.parametrize(
    "name", ["memory-backend-file", "memory-backend-memfd", "max-x86_64-cpu", "none-machine", "generic-pc-machine"]
)
def test_the_types_that_libvirt_takes_for_granted_are_there(probed: Client, name: str) -> None:
    assert isinstance(probed.ask("qom-list-properties", typename=name)["return"], list)


def test_a_device_that_does_not_exist_is_not_found(probed: Client) -> None:
    """Any other class ends the probing."""
    assert probed.ask("device-list-properties", typename="nope")["error"]["class"] == "DeviceNotFound"


def test_there_are_cpu_models_and_they_are_in_the_schema(probed: Client) -> None:
    """libvirt dies of an error, and of a host's model without them."""
    schema = probed.ask("query-qmp-schema")["return"]
    assert {"query-cpu-definitions", "query-cpu-model-expansion"} <= {entry["name"] for entry in schema}
    models = probed.ask("query-cpu-definitions")["return"]
    assert {"qemu64", "max"} <= {model["name"] for model in models}


@pytest.mark.parametrize("kind", ["static", "full"])
def test_a_cpu_model_expands_to_its_properties_or_not_at_all(probed: Client, kind: str) -> None:
    """Without any, libvirt takes the host for one that lacks everything."""
    reply = probed.ask("query-cpu-model-expansion", type=kind, model={"name": "max"})
    assert reply["return"]["model"]["props"] if "return" in reply else reply["error"]["class"] == "GenericError"


@pytest.mark.parametrize("command", ["query-sev-capabilities", "query-sgx-capabilities"])
def test_what_the_host_lacks_is_a_generic_error(probed: Client, command: str) -> None:
    reply = probed.ask(command)
    assert "return" in reply or reply["error"]["class"] == "GenericError"


@pytest.mark.parametrize("command", _PROBES)
def test_probing_gets_what_it_asks_for(probed: Client, command: str) -> None:
    """An error here, and libvirt does not use the emulator at all."""
    assert "return" in probed.ask(command)


def test_starting_and_rejoining_a_domain_get_what_they_ask_for() -> None:
    """An error here, and the start fails, or the domain is killed when the daemon comes back."""
    client = Client("-S", *_DOMAIN)
    assert "return" in client.ask("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    replies = {command: client.ask(command) for command in (*_STARTING, *_REJOINING)}
    assert {command: reply for command, reply in replies.items() if "return" not in reply} == {}
    assert [device["data"]["id"] for device in replies["query-memory-devices"]["return"]] == ["dimm0"]
    assert len(replies["query-cpus-fast"]["return"]) == len(replies["query-hotpluggable-cpus"]["return"]) == 2


def test_the_cpus_properties_can_all_be_read() -> None:
    client = Client("-S", *_DOMAIN)
    path = client.ask("query-cpus-fast")["return"][0]["qom-path"]
    asked = [entry["name"] for entry in client.ask("qom-list", path=path)["return"] if entry["type"] == "bool"]
    assert len(asked) > 400
    assert all(isinstance(client.ask("qom-get", path=path, property=name)["return"], bool) for name in asked)


def test_the_balloon_is_found_among_the_devices() -> None:
    client = Client("-S", *_DOMAIN)
    listed = client.ask("qom-list", path="/machine/peripheral")["return"]
    assert {"name": "balloon0", "type": "child<virtio-balloon-pci>"} in listed
    properties = client.ask("qom-list", path="/machine/peripheral/balloon0")["return"]
    assert "guest-stats-polling-interval" in {entry["name"] for entry in properties}


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.ask("device_del", id="dimm0"),
        lambda client: client.ask("qom-set", path="/machine/peripheral/dimm0", property="slot", value=1),
        lambda client: client.ask("object-del", id="memdimm0"),
        lambda client: client.ask("device_add", driver="pc-dimm", id="dimm0", memdev="memdimm0"),
    ],
)
def test_an_operation_is_answered_before_anything_else_is_taken(ask: Callable[[Client], Any]) -> None:
    client = Client(*_DOMAIN)
    assert len(set(ask(client)) & {"return", "error"}) == 1
    assert client.ask("query-status")["return"]["status"] == "running"
