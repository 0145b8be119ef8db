"""Bad input gets an error and leaves everything as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .machines import GIB, MIB, Client, whole_state


def _request(command: str, **arguments: Any) -> str:
    return json.dumps(
        {"execute": command, "arguments": {key.replace("_", "-"): value for key, value in arguments.items()}}
    )


def _dimm(**properties: Any) -> str:
    return _request("device_add", driver="pc-dimm", id="x", **properties)


def _backend(**properties: Any) -> str:
    return _request("object-add", qom_type="memory-backend-ram", **properties)


BAD = [
    _dimm(),
    _dimm(memdev="nope"),
    _dimm(memdev="busy"),
    _dimm(memdev="free", slot=0),
    _dimm(memdev="free", slot=99),
    _dimm(memdev="free", node=7),
    _dimm(memdev="free", addr=1),
    _dimm(memdev="free", addr=1 << 32),
    _dimm(memdev="free", addr=1 << 60),
    _dimm(memdev="free", addr="high"),
    _dimm(memdev="free", realized=True),
    _dimm(memdev="huge"),
    _dimm(memdev="odd"),
    _dimm(memdev="free", nope=1),
    _request("device_add", driver="pc-dimm", id="d0", memdev="free"),
    _request("device_add", driver="nope"),
    _request("device_add"),
    _request("device_del", id="nope"),
    _request("device_del", id="/machine/unattached/device[0]"),
    _request("object-del", id="busy"),
    _request("object-del", id="nope"),
    _backend(id="new", size=0),
    _backend(id="new", size=-1),
    _backend(id="new", size=(1 << 64) - 4097),
    _backend(id="new", size=1 << 62),
    _backend(id="new", size="1G"),
    _backend(id="new", size=MIB, policy="bind"),
    _backend(id="new", size=MIB, host_nodes=[1]),
    _backend(id="new", size=MIB, prealloc=True, reserve=False),
    _backend(id="9", size=MIB),
    _backend(id="free", size=MIB),
    _request("qom-set", path="/machine/peripheral/d0", property="slot", value=1),
    _request("qom-set", path="/machine/peripheral/d0", property="memdev", value="free"),
    _request("qom-set", path="/machine/peripheral/d0", property="realized", value=False),
    _request("qom-set", path="/objects/free", property="size", value=MIB),
    _request("qom-set", path="/objects/free", property="host-nodes", value=[1, 1000]),
    _request("qom-set", path="/machine", property="memory", value={"size": GIB, "slots": 1}),
    _request("nonsense"),
    '{"execute": "query-status", "arguments": []}',
    '{"execute": "query-status"',
    "@",
    "]",
]


@pytest.fixture(scope="module")
def client() -> Client:
    client = Client("-machine q35 -m 1G,slots=4,maxmem=8G")
    for name, size in (("free", 128 * MIB), ("busy", 128 * MIB), ("huge", 64 * GIB), ("odd", 3 * MIB)):
        client.ask("object-add", qom_type="memory-backend-ram", id=name, size=size)
    client.ask("device_add", driver="pc-dimm", id="d0", memdev="busy", slot=0)
    return client


@pytest.mark.parametrize("request_text", BAD)
def test_bad_input_is_answered_with_an_error_and_changes_nothing(client: Client, request_text: str) -> None:
    before = whole_state(client)
    replies = client.ask_raw(request_text)
    if request_text.endswith('"query-status"'):
        assert replies == []
        replies = client.ask_raw("\xff")
    assert replies
    assert all("error" in reply for reply in replies)
    assert whole_state(client) == before


def test_a_size_that_aborts_qemu_is_refused_with_a_reason(client: Client) -> None:
    error = client.reply("object-add", qom_type="memory-backend-ram", id="new", size=-1)["error"]
    assert error == {"class": "GenericError", "desc": "cannot set up guest memory 'new': Cannot allocate memory"}


def test_realized_in_device_add_is_refused_with_a_reason(client: Client) -> None:
    error = client.reply("device_add", driver="pc-dimm", id="x", memdev="free", realized=True)["error"]
    assert "leave out 'realized'" in error["desc"]


def test_an_internal_fault_answers_that_one_request_only(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[Exception] = []
    client.session.on_fault = lambda error, request: faults.append(error)

    def broken() -> None:
        raise RuntimeError("broken on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(client.machine, "memory_device_info", broken)
        error = client.ask_raw(_request("query-memory-devices"))[0]["error"]
    assert error["class"] == "GenericError"
    assert "broken on purpose" not in error["desc"]
    assert str(faults[0]) == "broken on purpose"
    assert len(client.ask("query-memory-devices")) == 1
