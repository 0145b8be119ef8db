"""What goes wrong on the wire when it shall: which bytes come, in which order and when."""

from __future__ import annotations

from typing import Any

import pytest

from qmpd.testing import Client, CommandFailed, Machine, NoReply, described


class Bench:
    """A machine with a client to be disturbed and one that adds the rules."""

    def __init__(self, **options: Any) -> None:
        self.machine = Machine(**options)
        self.control = self.machine.connect().negotiate()
        self.client = self.machine.connect().negotiate()

    def fault(self, on: str, do: str, **members: Any) -> str:
        name: str = self.control.ask("x-qmpd-fault-add", on=on, do=do, spare=True, **members)["name"]
        return name

    def query(self) -> dict[str, Any]:
        (rule,) = self.control.ask("x-qmpd-fault-query")
        return dict(rule)

    def sent(self, *commands: str) -> list[str]:
        """What comes of commands, in a few words."""
        for command in commands:
            self.client.send(command)
        return described(self.client.read())

    def after(self, seconds: float) -> list[str]:
        self.machine.advance(seconds)
        return described(self.client.read())


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Commands and their replies


def test_a_command_fails_so_often_as_the_rule_says_and_is_not_executed(bench: Bench) -> None:
    bench.fault("request", "fail", command="stop", times=2, **{"class": "DeviceNotActive"}, desc="not today")
    for _ in range(2):
        with pytest.raises(CommandFailed, match="DeviceNotActive: not today"):
            bench.client.ask("stop")
        assert bench.control.ask("query-status")["running"]
    assert bench.sent("stop") == ["STOP", "return"]


def test_a_reply_may_come_later_than_what_the_command_does(bench: Bench) -> None:
    bench.fault("reply", "delay", command="stop", delay=3)
    assert bench.sent("stop", "query-status") == ["STOP"]
    assert not bench.control.ask("query-status")["running"]
    assert bench.after(2.9) == []
    assert bench.after(0.1) == ["return", "return"]


def test_an_error_may_come_later_too(bench: Bench) -> None:
    bench.fault("reply", "delay", delay=1)
    assert bench.sent("device_del") == []
    assert bench.after(1) == ["GenericError"]


def test_a_reply_may_wait_for_an_event_that_really_comes_later(bench: Bench) -> None:
    bench.fault("reply", "delay", command="device_del", until="DEVICE_DELETED")
    plug(bench)
    bench.client.send("device_del", id="d0")
    assert bench.after(1) == ["OST 3/132", "DEVICE_DELETED d0", "OST 3/0", "return"]


def test_a_reply_may_wait_for_an_event_that_comes_before_it_anyway(bench: Bench) -> None:
    bench.fault("reply", "delay", command="stop", until="STOP")
    assert bench.sent("stop") == ["STOP"]
    assert bench.after(0) == ["return"]


def test_a_reply_may_be_lost(bench: Bench) -> None:
    bench.fault("reply", "drop", command="stop", times=1)
    assert bench.sent("stop", "query-name") == ["STOP", "return"]


def test_a_reply_that_hangs_goes_on_when_the_rule_is_removed(bench: Bench) -> None:
    name = bench.fault("reply", "delay", command="query-*")
    assert bench.sent("query-name", "query-status", "stop") == []
    assert bench.query()["held-up"] == 1
    bench.control.ask("x-qmpd-fault-remove", name=name)
    assert described(bench.client.read()) == ["return", "return", "STOP", "return"]


def test_something_may_come_between_two_replies(bench: Bench) -> None:
    event = {"event": "NIC_RX_FILTER_CHANGED", "data": {"path": "/x"}}
    bench.machine.advance(2.5)
    bench.fault("reply", "insert", skip=1, times=1, message=event)
    bench.client.send_bytes(b'{"execute": "query-name", "id": 1}{"execute": "query-name", "id": 2}')
    first, inserted, second = bench.client.read()
    assert (first["id"], second["id"]) == (1, 2)
    assert inserted == {"timestamp": {"seconds": 2, "microseconds": 500000}, **event}


# Events


def test_an_event_may_be_lost_and_the_client_that_added_the_rule_still_gets_it(bench: Bench) -> None:
    bench.fault("event", "drop", event="STOP")
    assert bench.sent("stop") == ["return"]
    assert described(bench.control.read()) == ["STOP"]


def test_an_event_may_come_later_than_the_state_that_it_tells_of(bench: Bench) -> None:
    plug(bench)
    bench.fault("event", "delay", event="DEVICE_DELETED", delay=30)
    bench.client.send("device_del", id="d0")
    assert bench.after(1) == ["return", "OST 3/132", "OST 3/0"]
    assert bench.control.ask("query-memory-devices") == []
    assert bench.after(28) == []
    bench.machine.advance(2)
    (event,) = bench.client.read()
    assert event["event"] == "DEVICE_DELETED"
    assert event["timestamp"]["seconds"] == 1, "the time when it happened"


def test_one_event_is_one_occasion_however_many_clients_there_are(bench: Bench) -> None:
    another = bench.machine.connect().negotiate()
    bench.fault("event", "drop", event="ST*", times=1)
    assert bench.sent("stop", "cont", "stop") == ["return", "RESUME", "return", "STOP", "return"]
    assert described(another.read()) == ["RESUME", "STOP"]


def test_an_event_may_come_before_the_greeting(bench: Bench) -> None:
    bench.fault("greeting", "insert", message={"event": "POWERDOWN"})
    assert described(bench.machine.connect().read()) == ["POWERDOWN", "greeting"]


# Bytes


def test_a_message_may_come_in_two_pieces(bench: Bench) -> None:
    bench.fault("reply", "split", command="query-name", bytes=5, delay=1)
    bench.client.send("query-name")
    bench.client.send("query-status")
    assert bench.client.read_bytes() == b'{"ret'
    bench.machine.advance(1)
    rest = bench.client.read_bytes()
    assert rest.startswith(b'urn": {}}\r\n{"return": ')
    assert rest.endswith(b"\r\n")


def test_each_of_several_messages_may_come_in_pieces(bench: Bench) -> None:
    bench.fault("message", "split", bytes=1, delay=1)
    bench.client.send("query-name")
    bench.client.send("query-name")
    whole = b'{"return": {}}\r\n'
    pieces = [bench.client.read_bytes()]
    for _ in range(2):
        bench.machine.advance(1)
        pieces.append(bench.client.read_bytes())
    assert pieces == [whole[:1], whole[1:] + whole[:1], whole[1:]]


def test_two_messages_may_come_in_one_write(bench: Bench) -> None:
    session = bench.machine.sessions[bench.client]
    writes: list[bytes] = []
    session.on_output = lambda: writes.append(session.data_to_send())
    bench.fault("event", "join", event="STOP")
    bench.control.ask("stop")
    assert writes == [b""]
    bench.control.ask("cont")
    assert [described_bytes(data) for data in writes] == [0, 2]


def described_bytes(data: bytes) -> int:
    return data.count(b"\r\n")


def test_a_message_that_waits_for_another_comes_alone_when_its_time_is_over(bench: Bench) -> None:
    bench.fault("reply", "join", delay=2)
    assert bench.sent("query-name") == []
    assert bench.after(2) == ["return"]
    assert bench.query()["held-up"] == 0


def test_a_message_that_was_joined_waits_no_longer(bench: Bench) -> None:
    bench.fault("reply", "join", times=1)
    assert bench.sent("query-name", "query-name") == ["return", "return"]
    assert bench.query()["held-up"] == 0


@pytest.mark.parametrize(("on", "left"), [("reply", b"{"), ("message", b"{"), ("request", b"")])
def test_the_connection_may_be_closed_after_some_bytes(bench: Bench, on: str, left: bytes) -> None:
    members = {} if on == "message" else {"command": "stop"}
    bench.fault(on, "close", **members, skip=int(on == "message"), **({"bytes": 1} if left else {}))
    bench.client.send("stop")
    data = bench.client.read_bytes()
    assert data.rpartition(b"\r\n")[2] == left
    assert bench.machine.is_closed(bench.client)
    assert not bench.machine.is_closed(bench.control)
    assert bench.control.ask("query-status")["running"] is (on == "request")


def test_nobody_is_greeted_when_connections_are_closed_at_once(bench: Bench) -> None:
    bench.fault("greeting", "close", times=1)
    first, second = bench.machine.connect(), bench.machine.connect()
    assert first.read_bytes() == b""
    assert bench.machine.is_closed(first)
    assert described(second.read()) == ["greeting"]


def test_a_client_may_not_be_read_for_a_while(bench: Bench) -> None:
    bench.fault("reply", "stall", command="query-name", delay=5, times=1)
    session = bench.machine.sessions[bench.client]
    assert bench.sent("query-name", "query-name") == ["return"]
    assert not session.wants_input
    bench.control.ask("stop")
    assert bench.after(4) == ["STOP"]
    assert bench.after(1) == ["return"]
    assert session.wants_input


def test_garbage_may_be_sent_byte_by_byte(bench: Bench) -> None:
    bench.fault("reply", "insert", text="\xff\x00{")
    bench.client.send("query-name")
    assert bench.client.read_bytes() == b'\xff\x00{{"return": {}}\r\n'


@pytest.mark.parametrize(("on", "do"), [("greeting", "delay"), ("greeting", "drop"), ("message", "delay")])
def test_a_greeting_may_be_long_in_coming(bench: Bench, on: str, do: str) -> None:
    bench.fault(on, do, **({"delay": 2} if do == "delay" else {}))
    late = bench.machine.connect()
    assert late.read() == []
    bench.machine.advance(2)
    assert described(late.read()) == ([] if do == "drop" else ["greeting"])


# The end


@pytest.mark.parametrize("on", ["request", "reply"])
def test_the_machine_may_die_without_a_word(bench: Bench, on: str) -> None:
    bench.fault(on, "kill", command="query-name", signal="ABRT")
    with pytest.raises(NoReply):
        bench.client.ask("query-name")
    assert bench.machine.killed_by == "ABRT"
    assert bench.machine.status is None
    assert bench.client.events == []
    assert bench.machine.is_closed(bench.control)


def test_the_machine_may_die_of_an_event_that_nobody_hears() -> None:
    machine = Machine()
    client = machine.connect().negotiate()
    client.ask("x-qmpd-fault-add", on="event", do="kill", event="RESET")
    client.close()
    machine.vm.machine.run.reset("guest-reset", guest=True)
    assert machine.killed_by == "KILL"


# Rules


def test_a_rule_that_is_over_is_still_listed(bench: Bench) -> None:
    bench.fault("reply", "drop", command="stop", name="mine", skip=1, times=1)
    assert bench.sent("stop", "stop", "stop") == ["STOP", "return", "return"]
    expected = {"name": "mine", "on": "reply", "do": "drop", "pattern": "stop", "met": 3, "hits": 1}
    assert bench.query() == {**expected, "active": False, "held-up": 0}


@pytest.mark.parametrize(("every", "chance", "lasts"), [(1, 1, 2), (3, 1, 4), (1, 0, 2)])
def test_a_rule_is_over_after_its_last_occasion(bench: Bench, every: int, chance: float, lasts: int) -> None:
    bench.fault("reply", "drop", command="query-name", skip=1, times=2, every=every, chance=chance)
    active = []
    for _ in range(lasts + 2):
        bench.client.send("query-name")
        active.append(bench.query()["active"])
    assert active == [True] * lasts + [False] * 2
    assert bench.query()["hits"] == 2 * chance


def test_a_rule_ends_by_the_clock_and_lets_go_what_it_holds_up(bench: Bench) -> None:
    bench.fault("reply", "delay", command="stop", seconds=5)
    assert bench.sent("stop", "stop") == ["STOP"]
    assert bench.after(4) == []
    assert bench.after(1) == ["return", "return"]
    assert not bench.query()["active"]


def test_a_new_rule_of_an_old_name_has_its_own_time(bench: Bench) -> None:
    bench.fault("reply", "drop", command="stop", name="mine", seconds=5)
    bench.machine.advance(4)
    bench.control.ask("x-qmpd-fault-remove", name="mine")
    bench.fault("reply", "drop", command="stop", name="mine", seconds=5)
    bench.machine.advance(4)
    assert bench.query()["active"]
    assert bench.sent("stop") == ["STOP"]


def test_our_own_commands_are_never_disturbed() -> None:
    client = Machine().connect().negotiate()
    for on in ("request", "reply", "message"):
        client.ask("x-qmpd-fault-add", on=on, do="close")
    assert len(client.ask("x-qmpd-fault-query")) == 3
    client.ask("x-qmpd-clock-advance", seconds=1)
    with pytest.raises(NoReply):
        client.ask("query-name")


def test_a_client_that_goes_takes_along_what_waits_for_it(bench: Bench) -> None:
    bench.fault("reply", "delay", delay=1)
    bench.client.send("query-name")
    bench.client.close()
    assert bench.query()["held-up"] == 0
    bench.machine.advance(2)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"on": "reply", "do": "fail"}, "'fail' is for the occasion 'request'"),
        ({"on": "request", "do": "delay"}, "a request can only 'fail', 'close' or 'kill'; for 'delay'"),
        ({"on": "reply", "do": "drop", "event": "STOP"}, "'event' is not for the occasion 'reply'"),
        ({"on": "event", "do": "drop", "command": "stop"}, "'command' is not for the occasion 'event'"),
        ({"on": "event", "do": "drop", "delay": 1}, "'delay' is not for 'drop'"),
        ({"on": "event", "do": "insert"}, "'insert' takes either 'message' or 'text'"),
        ({"on": "event", "do": "insert", "text": "", "message": {}}, "'insert' takes either 'message' or 'text'"),
        ({"on": "event", "do": "insert", "text": "\u0100"}, "no character may be above U+00FF"),
        ({"on": "event", "do": "insert", "message": 7}, "'message' has to be an object"),
        ({"on": "event", "do": "dance"}, "Parameter 'do' does not accept value 'dance'"),
        ({"on": "event", "do": "drop", "times": 0}, "Parameter 'times' expects at least 1"),
        ({"on": "event", "do": "split", "bytes": -1}, "Parameter 'bytes' expects at least 0"),
        ({"on": "event", "do": "drop", "seconds": -1}, "Parameter 'seconds' expects at least 0"),
    ],
)
def test_what_makes_no_rule_is_told(bench: Bench, members: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CommandFailed) as failure:
        bench.control.ask("x-qmpd-fault-add", **members)
    assert complaint in failure.value.desc
    assert bench.control.ask("x-qmpd-fault-query") == []


def test_names_of_rules_are_unique_and_known(bench: Bench) -> None:
    bench.fault("event", "drop", name="one")
    with pytest.raises(CommandFailed, match="There is a rule 'one' already"):
        bench.fault("event", "drop", name="one")
    with pytest.raises(CommandFailed, match="There is no rule 'two'"):
        bench.control.ask("x-qmpd-fault-remove", name="two")


def plug(bench: Bench, name: str = "d0") -> None:
    """Plug a DIMM and wait until the guest has it; nothing of that is left to read."""
    client: Client = bench.client
    client.ask("object-add", qom_type="memory-backend-ram", id=f"m-{name}", size=256 << 20)
    client.ask("device_add", driver="pc-dimm", id=name, memdev=f"m-{name}")
    bench.machine.advance(1)
    client.read()
