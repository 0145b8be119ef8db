"""Commands that a file answers: in place of what qmpd would say, checked before the machine starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qmpd.clock import ManualClock
from qmpd.errors import StartupError
from qmpd.qemu_argv import parse
from qmpd.vm import Vm


class Client:
    """A session with a machine for which the file says ``stubs``."""

    def __init__(self, folder: Path, stubs: object) -> None:
        path = folder / "stubs.json"
        path.write_text(stubs if isinstance(stubs, str) else json.dumps({"commands": stubs}))
        argv = ["-nodefaults", "-display", "none", "-S", "-machine", "none", "-x-qmpd", f"stub={path}"]
        self.session = Vm(parse(argv), ManualClock()).open_session()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        request = {"execute": command, "arguments": arguments}
        self.session.receive_data(json.dumps(request).encode())
        reply: dict[str, Any] = json.loads(self.session.data_to_send().splitlines()[-1])
        return reply


def refusal(folder: Path, stubs: object) -> str:
    with pytest.raises(StartupError) as caught:
        Client(folder, stubs)
    (error,) = caught.value.errors
    return error.desc.replace(f"{folder}/", "")


def test_a_file_that_is_not_there_keeps_the_machine_from_starting() -> None:
    with pytest.raises(StartupError) as caught:
        Vm(parse(["-machine", "none", "-x-qmpd", "stub=/nonexistent"]), ManualClock())
    assert caught.value.errors[0].desc == "cannot use these stubs: /nonexistent: No such file or directory"


@pytest.mark.parametrize(
    ("stubs", "reason"),
    [
        ("{", "stubs.json is not JSON: "),
        ("{}", "stubs.json: $: 'commands' is a required property"),
        ({"stop": {}}, "stubs.json: $.commands.stop: "),
        ({"stop": {"return": {}, "error": {"desc": "x"}}}, "stubs.json: $.commands.stop: "),
        ({"stop": {"error": {}}}, "stubs.json: $.commands.stop.error: 'desc' is a required property"),
        (
            {"stop": {"error": {"class": "Nope", "desc": "x"}}},
            "stubs.json: $.commands.stop.error.class: 'Nope' is not one",
        ),
        ({"stop": {"return": 1}}, "stubs.json: what 'stop' returns: it returns nothing, which is {}"),
        (
            {"query-name": {"return": {"name": 5}}},
            "stubs.json: what 'query-name' returns: $.name: 5 is not of type 'str",
        ),
        ({"query-pci": {"return": [{}]}}, "stubs.json: what 'query-pci' returns: $[0]: '"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_it_is_wrong(tmp_path: Path, stubs: object, reason: str) -> None:
    assert refusal(tmp_path, stubs).startswith(f"cannot use these stubs: {reason}")


def test_a_stub_answers_in_place_of_the_command(tmp_path: Path) -> None:
    client = Client(tmp_path, {"query-name": {"return": {"name": "stubbed"}}, "stop": {"return": {}}})
    assert client.ask("query-name") == {"return": {"name": "stubbed"}}
    assert client.ask("stop") == {"return": {}}


def test_a_stub_may_be_an_error(tmp_path: Path) -> None:
    stubs = {"stop": {"error": {"desc": "no"}}, "cont": {"error": {"class": "DeviceNotActive", "desc": "not now"}}}
    client = Client(tmp_path, stubs)
    assert client.ask("stop") == {"error": {"class": "GenericError", "desc": "no"}}
    assert client.ask("cont") == {"error": {"class": "DeviceNotActive", "desc": "not now"}}


def test_arguments_are_checked_all_the_same(tmp_path: Path) -> None:
    client = Client(tmp_path, {"request-ebpf": {"return": {"object": "AA=="}}})
    assert client.ask("request-ebpf")["error"]["desc"] == "Parameter 'id' is missing"
    assert client.ask("request-ebpf", id="rss") == {"return": {"object": "AA=="}}


def test_a_command_that_qemu_does_not_have_is_answered_but_not_listed(tmp_path: Path) -> None:
    client = Client(tmp_path, {"from-tomorrow": {"return": [1, None]}})
    assert client.ask("from-tomorrow", anything=1) == {"return": [1, None]}
    assert {"name": "from-tomorrow"} not in client.ask("query-commands")["return"]
