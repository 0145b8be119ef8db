"""The guest and the clock in a client's hands: the commands that only qmpd has, and where there are none of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qmpd.clock import ManualClock
from qmpd.config import Extras
from qmpd.options.report import Report
from qmpd.qemu_argv import parse
from qmpd.vm import Vm

MACHINE = "-nodefaults -display none -machine q35 -m 1G,slots=4,maxmem=8G"


class Client:
    """A session with a machine that has the guest of that name; ``events`` keeps what came beside the replies."""

    def __init__(self, guest: str, *, control: bool = True, manual: bool = True, argv: str = "") -> None:
        config = parse([*MACHINE.split(), *argv.split()])
        config.extras = Extras(guest, manual, control)
        self.clock = ManualClock()
        self.status: int | None = None
        self.vm = Vm(config, self.clock)
        self.vm.on_exit = self.end
        self.session = self.vm.open_session()
        self.session.greet()
        self.events: list[str] = []
        self.ask("qmp_capabilities")

    def end(self, status: int) -> None:
        self.status = status

    def reply(self, command: str, **arguments: Any) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.session.receive_data(json.dumps({"execute": command, "arguments": named}).encode())
        reply = {}
        for line in self.session.data_to_send().splitlines():
            message = json.loads(line)
            if "event" in message:
                self.events.append(described(message))
            elif "QMP" not in message:
                reply = message
        return reply

    def ask(self, command: str, **arguments: Any) -> Any:
        reply = self.reply(command, **arguments)
        assert "return" in reply, reply
        return reply["return"]

    def advance(self, seconds: float) -> list[str]:
        """The events of so many seconds."""
        self.events.clear()
        self.ask("x-qmpd-clock-advance", seconds=seconds)
        return list(self.events)

    def plug(self, name: str = "d0", size: int = 256 << 20) -> None:
        self.ask("object-add", qom_type="memory-backend-ram", id=f"m-{name}", size=size)
        self.ask("device_add", driver="pc-dimm", id=name, memdev=f"m-{name}")

    def plugged(self) -> list[str]:
        return [entry["data"]["id"] for entry in self.ask("query-memory-devices")]


def described(message: dict[str, Any]) -> str:
    info = message.get("data", {}).get("info")
    return f"OST {info['source']}/{info['status']}" if info else message["event"]


REMOVAL = ["OST 3/132", "DEVICE_DELETED", "OST 3/0"]
REFUSAL = ["OST 3/132", "OST 3/130"]


def running(guest: str = "linux", **options: Any) -> Client:
    """A guest that is up and has taken in one DIMM, d0."""
    client = Client(guest, **options)
    client.advance(60)
    client.plug()
    assert client.advance(60) == ["OST 1/0"]
    return client


def ask_back(client: Client, seconds: float = 60) -> list[str]:
    client.ask("device_del", id="d0")
    return client.advance(seconds)


@pytest.mark.parametrize(
    ("guest", "events"),
    [
        ("linux", REMOVAL),
        ("instant", REMOVAL),
        ("slow", REMOVAL),
        ("stubborn", REFUSAL),
        ("partial", REFUSAL),
        ("crash-on-unplug", ["OST 3/132", "GUEST_PANICKED", "SHUTDOWN"]),
    ],
)
def test_a_shipped_guest_answers_a_removal_in_its_way(guest: str, events: list[str]) -> None:
    assert ask_back(running(guest)) == events


@pytest.mark.parametrize("guest", ["firmware", "absent"])
def test_without_a_system_nobody_ever_answers(guest: str) -> None:
    client = Client(guest)
    client.plug()
    client.ask("device_del", id="d0")
    assert client.advance(10_000) == []
    assert client.plugged() == ["d0"]
    assert client.ask("x-qmpd-guest-query")["life"] == guest


def test_a_slow_guest_takes_the_time_its_rate_says() -> None:
    client = running("slow")  # 256 MiB at 50 MiB a second
    assert ask_back(client, 5) == ["OST 3/132"]
    assert client.advance(1) == ["DEVICE_DELETED", "OST 3/0"]


def test_a_flaky_guest_is_flaky_in_the_same_way_each_time() -> None:
    def outcomes() -> list[bool]:
        client = running("flaky")
        found = []
        for _ in range(12):
            found.append(ask_back(client) == REMOVAL)
            if found[-1]:
                client.ask("object-del", id="m-d0")
                client.plug()
                client.advance(60)
        return found

    first = outcomes()
    assert first == outcomes()
    assert set(first) == {True, False}


def test_a_rule_makes_the_guest_refuse_so_often_and_then_give_in() -> None:
    client = running()
    added = client.ask("x-qmpd-guest-rule-add", on="dimm-unplug", do="refuse", device="d*", times=2)
    assert added == {"name": "rule-1"}
    assert [ask_back(client) for _ in range(3)] == [REFUSAL, REFUSAL, REMOVAL]
    (rule,) = client.ask("x-qmpd-guest-query")["rules"]
    assert rule == {"name": "rule-1", "on": "dimm-unplug", "do": "refuse", "device": "d*", "met": 3, "hits": 2}


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ({"do": "refuse", "status": 128}, ["OST 3/128"]),
        ({"do": "ignore"}, []),
        ({"do": "fail"}, ["OST 3/132", "DEVICE_UNPLUG_GUEST_ERROR", "OST 3/0"]),
        ({"do": "stall"}, ["OST 3/132"]),
        ({"delay": 59}, ["OST 3/132"]),
    ],
)
def test_a_rule_decides_what_a_removal_comes_to(rule: dict[str, Any], events: list[str]) -> None:
    client = running()
    client.ask("x-qmpd-guest-rule-add", on="dimm-unplug", name="mine", **rule)
    assert ask_back(client, 50) == events
    assert client.plugged() == ["d0"]
    client.ask("x-qmpd-guest-rule-remove", name="mine")
    assert client.ask("x-qmpd-guest-query")["rules"] == []


def test_a_stalled_removal_holds_everything_up_until_it_is_released() -> None:
    client = running()
    client.ask("x-qmpd-guest-rule-add", on="dimm-unplug", do="stall")
    client.ask("device_del", id="d0")
    client.plug("d1")
    assert client.advance(1000) == ["OST 3/132"]
    state = client.ask("x-qmpd-guest-query")
    assert state["stalled"]
    assert state["queue"] == [
        {"slot": 0, "work": "eject", "device": "d0"},
        {"slot": 1, "work": "insert", "device": "d1"},
    ]
    client.ask("x-qmpd-guest-do", action="release")
    assert client.advance(1) == ["DEVICE_DELETED", "OST 3/0", "OST 1/0"]


def test_a_stopped_guest_does_nothing_until_it_goes_on() -> None:
    client = running()
    client.ask("device_del", id="d0")
    client.ask("stop")
    assert client.advance(1000) == []
    client.ask("cont")
    assert client.advance(1) == REMOVAL


def test_another_behaviour_of_the_same_system_needs_no_boot() -> None:
    client = running()
    client.ask("x-qmpd-guest-set", behaviour="stubborn")
    assert ask_back(client) == REFUSAL
    client.ask("x-qmpd-guest-set", behaviour="firmware")
    assert ask_back(client) == []
    client.ask("x-qmpd-guest-set", behaviour="instant")
    client.advance(0)
    assert ask_back(client, 0) == REMOVAL


def test_the_power_button_is_obeyed_or_not() -> None:
    obeying, stubborn = running(), running("stubborn")
    for client in (obeying, stubborn):
        client.ask("system_powerdown")
    assert obeying.events[-1] == "POWERDOWN"
    assert obeying.reply("x-qmpd-clock-advance", seconds=60) is not None
    assert (obeying.events[-1], obeying.status) == ("SHUTDOWN", 0)
    assert stubborn.advance(60) == []
    assert stubborn.status is None


@pytest.mark.parametrize(
    ("command", "arguments", "complaint"),
    [
        ("x-qmpd-guest-set", {"behaviour": "/etc/passwd"}, "Parameter 'behaviour' expects one of absent, "),
        ("x-qmpd-guest-do", {"action": "dance"}, "Parameter 'action' does not accept value 'dance'"),
        ("x-qmpd-guest-rule-add", {"on": "noon"}, "Parameter 'on' does not accept value 'noon'"),
        ("x-qmpd-guest-rule-add", {"on": "dimm-plug", "every": 0}, "Parameter 'every' expects at least 1"),
        ("x-qmpd-guest-rule-add", {"on": "dimm-plug", "chance": 2}, "Parameter 'chance' expects a number from 0 to 1"),
        ("x-qmpd-guest-rule-remove", {"name": "none"}, "There is no rule 'none'"),
        ("x-qmpd-clock-advance", {"seconds": -1}, "Parameter 'seconds' expects at least 0"),
    ],
)
def test_wrong_arguments_are_told(command: str, arguments: dict[str, Any], complaint: str) -> None:
    reply = Client("linux").reply(command, **arguments)
    assert reply["error"]["desc"].startswith(complaint)


def test_only_one_rule_has_a_name() -> None:
    client = Client("stubborn")
    reply = client.reply("x-qmpd-guest-rule-add", on="dimm-plug", name="refuse-unplug")
    assert reply["error"]["desc"] == "There is a rule 'refuse-unplug' already"


def test_without_control_the_commands_do_not_exist() -> None:
    with_control, without = Client("linux"), Client("linux", control=False)
    names = {entry["name"] for entry in with_control.ask("query-commands")}
    bare = {entry["name"] for entry in without.ask("query-commands")}
    assert names - bare == {name for name in names if name.startswith("x-qmpd-")} != set()
    assert names <= {entry["name"] for entry in with_control.ask("query-qmp-schema")}
    assert not (names - bare) & {entry["name"] for entry in without.ask("query-qmp-schema")}
    assert without.reply("x-qmpd-guest-query")["error"]["class"] == "CommandNotFound"


def options(*argv: str) -> Extras:
    return parse([*MACHINE.split(), *argv], Report("qmpd")).extras


def test_the_drop_in_takes_an_option_that_may_be_repeated() -> None:
    assert options() == Extras("firmware", manual_clock=False, control=False)
    assert options("-x-qmpd", "guest=linux") == Extras("linux", manual_clock=False, control=True)
    two = options("-x-qmpd", "guest=/tmp/a,,b.json", "-x-qmpd", "clock=manual,control=off")
    assert two == Extras("/tmp/a,b.json", manual_clock=True, control=False)
