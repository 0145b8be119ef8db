"""Machines for tests."""

from __future__ import annotations

import json
from typing import Any

from qmpd.clock import ManualClock
from qmpd.model.hostmem_host import Host
from qmpd.model.machine import Machine
from qmpd.qemu_argv import parse
from qmpd.vm import Vm
from tests.invariants import check_invariants

MIB = 1 << 20
GIB = 1 << 30


class Client:
    """A negotiated session that speaks Python values."""

    def __init__(self, arguments: str, host: Host | None = None, *, defaults: bool = False) -> None:
        bare = ["-monitor", "none"] if defaults else ["-nodefaults"]
        self.vm = Vm(parse([*bare, "-display", "none", "-S", *arguments.split()]), ManualClock(), host=host)
        self.machine: Machine = self.vm.machine
        self.session = self.vm.open_session()
        self.session.greet()
        self.ask("qmp_capabilities")

    def ask_raw(self, request: str) -> list[dict[str, Any]]:
        self.session.receive_data(request.encode() + b"\n")
        return [json.loads(line) for line in self.session.data_to_send().splitlines() if b'"QMP"' not in line]

    def ask(self, command: str, /, **arguments: Any) -> Any:
        """The reply's ``return``; an AssertionError when it is an error."""
        reply = self.reply(command, **arguments)
        assert "return" in reply, reply
        return reply["return"]

    def refusal(self, command: str, /, **arguments: Any) -> str:
        """The text of the error that the command ends in."""
        reply = self.reply(command, **arguments)
        assert "error" in reply, reply
        return str(reply["error"]["desc"])

    def reply(self, command: str, /, **arguments: Any) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        replies = self.ask_raw(json.dumps({"execute": command, "arguments": named}))
        check_invariants(self.machine)
        return next(reply for reply in replies if "event" not in reply)

    def plug_dimm(self, name: str, size: int = 128 * MIB, **properties: Any) -> None:
        self.ask("object-add", qom_type="memory-backend-ram", id=f"m-{name}", size=size)
        self.ask("device_add", driver="pc-dimm", id=name, memdev=f"m-{name}", **properties)


def whole_state(client: Client) -> str:
    """Everything that a client can find out about the machine, as text."""
    state: dict[str, Any] = {}

    def walk(path: str) -> None:
        for entry in client.ask("qom-list", path=path):
            name = entry["name"]
            below = f"{path.rstrip('/')}/{name}"
            state[below] = client.reply("qom-get", path=path, property=name)
            if entry["type"].startswith("child<"):
                walk(below)

    walk("/")
    for query in ("query-memory-devices", "query-memdev", "query-memory-size-summary", "query-acpi-ospm-status"):
        state[query] = client.ask(query)
    state["query-status"] = client.ask("query-status")
    return json.dumps(state, indent=0)
