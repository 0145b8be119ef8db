from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from qmpd.errors import NotYet, QemuError
from qmpd.event import Event
from qmpd.frozen import Frozen
from qmpd.wire import session as module
from qmpd.wire.session import QUEUE_MAX, Phase, Session

from .monitor import VERSION, Monitor

OK = b'{"return": {}}\r\n'
NAME = b'{"execute":"query-name"}'
YANK = b'{"exec-oob":"yank","id":"oob"}'
YANKED = b'{"return": {}, "id": "oob"}\r\n'
STOP = Event("STOP", None, 12, 34)
STOPPED = b'{"timestamp": {"seconds": 12, "microseconds": 34}, "event": "STOP"}\r\n'


class Script(Monitor):
    """A monitor whose command ``act`` does what the test says."""

    act: Callable[[], Any]

    def dispatch(self, name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
        if name == "act":
            self.log.append(name)
            return self.act() or {}
        return super().dispatch(name, arguments, out_of_band)


ACT = b'{"execute":"act","id":"act"}'
ACTED = b'{"return": {}, "id": "act"}\r\n'


def holding(enable: list[str]) -> Script:
    """A session that is busy: the reply to ``act`` is being held back."""
    script = Script(enable)
    script.act = script.session.hold
    assert script.send(ACT) == []
    return script


# Greeting and negotiation


def test_the_greeting_tells_version_and_capabilities() -> None:
    monitor = Monitor()
    monitor.session.greet()
    assert monitor.replies() == [
        b'{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": "test"}, '
        b'"capabilities": ["oob"]}}\r\n'
    ]


def test_input_before_the_greeting_is_not_lost() -> None:
    monitor = Monitor()
    monitor.session.receive_data(b'{"execute":"qmp_cap')
    monitor.session.greet()
    assert len(monitor.replies()) == 1
    assert monitor.send(b'abilities"}') == [OK]


def test_before_negotiation_no_command_but_one_reaches_the_machine() -> None:
    monitor = Monitor()
    monitor.send(NAME + b'{"execute":"quit"}')
    assert monitor.log == []


def test_a_failed_negotiation_may_be_repeated() -> None:
    monitor = Monitor()
    assert b"does not accept" in monitor.send(b'{"execute":"qmp_capabilities","arguments":{"enable":["x"]}}')[0]
    assert not monitor.session.negotiated
    assert monitor.send(b'{"execute":"qmp_capabilities"}') == [OK]
    assert monitor.session.negotiated


def test_a_second_negotiation_is_refused_and_changes_nothing() -> None:
    monitor = Monitor(["oob"])
    assert monitor.send(b'{"execute":"qmp_capabilities"}') == [
        b'{"error": {"class": "CommandNotFound", '
        b'"desc": "Capabilities negotiation is already complete, command ignored"}}\r\n'
    ]
    assert monitor.session.oob_enabled


def test_a_capability_is_in_force_for_the_next_request() -> None:
    sent = b'{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}' + YANK
    assert Monitor().send(sent) == [OK, YANKED]


# Replies


def test_the_id_comes_back_whatever_it_is() -> None:
    sent = b'{"execute":"nope","id":{"b":[1.5,null],"a":"x"}}'
    assert Monitor([]).send(sent) == [
        b'{"id": {"a": "x", "b": [1.5, null]}, "error": '
        b'{"class": "CommandNotFound", "desc": "The command nope has not been found"}}\r\n'
    ]


def test_replies_come_in_the_order_of_the_requests() -> None:
    requests = [b'{"execute":"query-name","id":%d}' % number for number in range(100)]
    replies = Monitor([]).send(b"".join(requests))
    assert replies == [b'{"return": {}, "id": %d}\r\n' % number for number in range(100)]


def test_the_pretty_form_is_used_for_everything() -> None:
    monitor = Monitor(pretty=True)
    monitor.session.greet()
    monitor.send(b'{"execute":"qmp_capabilities"}')
    monitor.session.emit(STOP)
    assert b"".join(monitor.send(b"}")).decode().split("\r\n") == [
        "{",
        '    "timestamp": {',
        '        "seconds": 12,',
        '        "microseconds": 34',
        "    },",
        '    "event": "STOP"',
        "}",
        "{",
        '    "error": {',
        '        "class": "GenericError",',
        '        "desc": "JSON parse error, expecting value"',
        "    }",
        "}",
        "",
    ]


def test_a_frozen_value_can_be_returned() -> None:
    script = Script([])
    script.act = lambda: Frozen(["x"])
    assert script.send(ACT) == [b'{"return": ["x"], "id": "act"}\r\n']


def test_output_is_returned_once() -> None:
    monitor = Monitor([])
    monitor.session.receive_data(NAME)
    assert monitor.session.data_to_send() == OK
    assert monitor.session.data_to_send() == b""


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"[]", "QMP input must be a JSON object"),
        (b'{"execute":"nope","arguments":[]}', "QMP input member 'arguments' must be an object"),
        (b'{"execute":1,"exec-oob":"yank"}', "QMP input member 'execute' must be a string"),
        (b'{"execute":"yank","exec-oob":"yank"}', "QMP input member 'execute' clashes with 'exec-oob'"),
        (b'{"execute":"yank","x":1}', "QMP input member 'x' is unexpected"),
        (b'{"id":1,"arguments":{}}', "QMP input lacks member 'execute'"),
    ],
)
def test_the_first_complaint_about_the_members_is_reported(sent: bytes, complaint: str) -> None:
    [reply] = Monitor(["oob"]).send(sent)
    assert json.loads(reply)["error"] == {"class": "GenericError", "desc": complaint}


# Events


def test_an_event_is_sent_with_its_time_and_data() -> None:
    monitor = Monitor([])
    monitor.session.emit(Event("RESET", {"reason": "guest", "guest": True}, 1, 2))
    assert monitor.replies() == [
        b'{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESET", '
        b'"data": {"guest": true, "reason": "guest"}}\r\n'
    ]


def test_before_negotiation_events_are_lost() -> None:
    monitor = Monitor()
    monitor.session.emit(STOP)
    monitor.send(b'{"execute":"qmp_capabilities"}')
    assert monitor.replies() == []


def test_the_event_of_a_command_precedes_its_reply() -> None:
    script = Script([])
    script.act = partial(script.session.emit, STOP)
    assert script.send(ACT) == [STOPPED, ACTED]


# What the owner did not ask for


def test_the_owner_is_told_of_events_released_replies_and_the_end() -> None:
    script = holding([])
    told: list[bytes] = []
    script.session.on_output = lambda: told.append(script.session.data_to_send())
    script.session.emit(STOP)
    script.session.release()
    assert told == [STOPPED, ACTED]
    script.session.close_after_reply()
    assert told == [STOPPED, ACTED, b""]


def test_the_owner_is_not_told_of_what_its_own_call_causes() -> None:
    script = Script([])
    told: list[None] = []
    script.session.on_output = lambda: told.append(None)

    def act() -> None:
        script.session.emit(STOP)
        script.session.close_after_reply()

    script.act = act
    assert script.send(ACT) == [STOPPED, ACTED]
    assert told == []


# Faults


def faulty(*, told: list[Any] | None = None) -> Session:
    def dispatch(name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
        if name == "fail":
            raise ZeroDivisionError("secret")
        return {1, 2} if name == "set" else {}

    on_fault = None if told is None else lambda fault, request: told.append((repr(fault), request))
    session = Session(dispatch, VERSION, on_fault=on_fault)
    session.negotiate([])
    return session


@pytest.mark.parametrize("told", [None, []])
def test_a_fault_inside_is_answered_and_the_session_lives_on(told: list[Any] | None) -> None:
    session = faulty(told=told)
    session.receive_data(b'{"execute":"fail","id":7}{"execute":"good"}')
    assert session.data_to_send() == (
        b'{"id": 7, "error": {"class": "GenericError", '
        b'"desc": "An internal error prevented this command from completing"}}\r\n' + OK
    )


def test_a_fault_is_reported_with_its_request() -> None:
    told: list[Any] = []
    faulty(told=told).receive_data(b'{"execute":"fail","id":7}')
    assert told == [("ZeroDivisionError('secret')", {"execute": "fail", "id": 7})]


def test_a_result_that_is_no_json_is_a_fault() -> None:
    told: list[Any] = []
    session = faulty(told=told)
    session.receive_data(b'{"execute":"set"}')
    assert session.data_to_send().startswith(b'{"error": {"class": "GenericError", "desc": "An internal error')
    assert told[0][0] == "TypeError('set is not a JSON value')"


def test_each_request_and_its_outcome_can_be_watched() -> None:
    seen: list[object] = []

    def watch(request: dict[str, Any]) -> Any:
        seen.append(request)
        return lambda error: seen.append(error.desc if isinstance(error, QemuError) else error)

    monitor = Monitor([])
    monitor.session.on_request = watch
    monitor.send(b'{"execute":"query-name"} {"execute":1} [] {"execute":"nope"}')
    assert seen == [
        {"execute": "query-name"},
        None,
        {"execute": 1},
        "QMP input member 'execute' must be a string",
        {"execute": "nope"},
        "The command nope has not been found",
    ]


# Out of band


def test_an_out_of_band_request_overtakes_those_that_wait() -> None:
    script = holding(["oob"])
    assert script.send(NAME + YANK) == [YANKED]
    script.session.release()
    assert script.replies() == [ACTED, OK]


def test_errors_of_out_of_band_requests_overtake_too_but_garbage_does_not() -> None:
    script = holding(["oob"])
    assert [reply[:30] for reply in script.send(b'}{"exec-oob":1}{"exec-oob":"nope","id":1}')] == [
        b'{"error": {"class": "GenericEr',
        b'{"id": 1, "error": {"class": "',
    ]
    script.session.release()
    assert [reply[-20:] for reply in script.replies()] == [ACTED[-20:], b'expecting value"}}\r\n']


@pytest.mark.parametrize("request_", [b"{}", b'{"execute":"query-name","exec-oob":"yank"}'])
def test_a_request_with_both_members_or_neither_waits(request_: bytes) -> None:
    script = holding(["oob"])
    assert script.send(request_) == []
    script.session.release()
    assert len(script.replies()) == 2


def test_the_eighth_waiting_request_suspends_the_session() -> None:
    assert QUEUE_MAX == 8
    script = holding(["oob"])
    script.send(NAME * 7)
    assert script.session.wants_input
    assert script.send(YANK) == [YANKED]
    assert script.send(NAME + YANK) == []
    assert not script.session.wants_input
    script.session.release()
    assert script.replies() == [ACTED, *[OK] * 8, YANKED]
    assert script.session.wants_input


def test_a_suspended_session_reads_on_when_a_request_is_taken_off() -> None:
    script = holding(["oob"])
    script.send(ACT + NAME * 7 + YANK)
    assert not script.session.wants_input
    script.session.release()
    assert script.replies() == [ACTED, YANKED]
    assert script.session.wants_input
    script.session.release()
    assert script.replies() == [ACTED, *[OK] * 7]


def test_without_out_of_band_nothing_is_read_while_busy() -> None:
    script = holding([])
    assert not script.session.wants_input
    assert script.send(NAME + YANK) == []
    assert script.log == ["act"]
    script.session.release()
    assert [reply[:12] for reply in script.replies()] == [ACTED[:12], OK[:12], b'{"id": "oob"']
    assert script.session.wants_input


# Holding replies back


def test_events_do_not_wait_for_a_reply_that_is_held_back() -> None:
    script = holding([])
    script.session.emit(STOP)
    assert script.replies() == [STOPPED]


def test_an_error_can_be_held_back() -> None:
    script = Script([])

    def act() -> None:
        script.session.hold()
        raise QemuError("no")

    script.act = act
    assert script.send(ACT) == []
    script.session.release()
    assert script.replies() == [b'{"id": "act", "error": {"class": "GenericError", "desc": "no"}}\r\n']


def test_only_a_request_being_executed_can_be_held_back() -> None:
    with pytest.raises(RuntimeError, match="only the reply"):
        Monitor([]).session.hold()


def test_an_out_of_band_request_cannot_be_held_back() -> None:
    script = Script(["oob"])
    script.act = script.session.hold
    faults: list[Exception] = []
    script.session.on_fault = lambda fault, _: faults.append(fault)
    script.send(b'{"exec-oob":"act"}')
    assert [type(fault) for fault in faults] == [RuntimeError]
    assert script.session.wants_input


def test_only_a_reply_held_back_can_be_released() -> None:
    with pytest.raises(RuntimeError, match="no reply"):
        Monitor([]).session.release()


# A client that does not read


def test_while_output_is_paused_nothing_is_executed_or_read() -> None:
    monitor = Monitor([])
    monitor.session.pause_output()
    assert not monitor.session.wants_input
    assert monitor.send(NAME * 3) == []
    assert monitor.log == []
    monitor.session.resume_output()
    assert monitor.replies() == [OK] * 3
    assert monitor.session.wants_input


def test_events_are_collected_while_output_is_paused() -> None:
    monitor = Monitor([])
    monitor.session.pause_output()
    monitor.session.emit(STOP)
    assert monitor.replies() == [STOPPED]


def test_a_pause_within_a_command_stops_after_it() -> None:
    script = Script([])
    script.act = script.session.pause_output
    assert script.send(ACT + NAME) == [ACTED]
    script.session.resume_output()
    assert script.replies() == [OK]


def test_a_resumption_within_a_command_does_not_run_ahead_of_its_reply() -> None:
    script = Script([])
    script.act = script.session.resume_output
    assert script.send(ACT + NAME) == [ACTED, OK]


def test_output_collected_in_one_go_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTPUT_MAX", 2 * len(OK))
    session = Monitor([]).session
    session.receive_data(NAME * 5)
    for replies in (2, 2):
        assert session.stalled
        assert not session.wants_input
        assert session.data_to_send() == OK * replies
        assert session.stalled
        session.resume_output()
    assert session.data_to_send() == OK
    assert not session.stalled
    assert session.wants_input


def test_a_paused_session_does_not_count_as_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTPUT_MAX", len(OK))
    session = Monitor([]).session
    session.receive_data(NAME * 2)
    session.pause_output()
    assert not session.stalled
    session.resume_output()
    assert session.stalled


# The end


def test_at_end_of_input_a_session_has_answered_everything() -> None:
    monitor = Monitor([])
    monitor.session.receive_data(NAME * 2 + b'{"execute":"qu')
    monitor.session.receive_eof()
    assert monitor.replies() == [OK, OK]
    assert monitor.session.closing
    assert not monitor.session.wants_input


def test_requests_received_before_end_of_input_are_executed_when_it_is_their_turn() -> None:
    script = holding([])
    script.session.receive_data(NAME)
    script.session.receive_eof()
    assert not script.session.closing
    script.session.release()
    assert script.replies() == [ACTED, OK]
    assert script.session.closing


def test_with_out_of_band_end_of_input_drops_what_waits() -> None:
    script = holding(["oob"])
    script.session.receive_data(NAME)
    script.session.receive_eof()
    assert script.session.closing
    assert script.replies() == []
    assert script.log == ["act"]


def test_a_paused_session_ends_after_it_has_answered() -> None:
    monitor = Monitor([])
    monitor.session.pause_output()
    monitor.session.receive_data(NAME)
    monitor.session.receive_eof()
    assert not monitor.session.closing
    monitor.session.resume_output()
    assert monitor.replies() == [OK]
    assert monitor.session.closing


def test_after_quit_comes_its_reply_and_nothing_else() -> None:
    script = Script([])

    def quit_() -> dict[str, Any]:
        script.session.emit(Event("SHUTDOWN", {"guest": False, "reason": "host-qmp-quit"}, 1, 2))
        script.session.close_after_reply()
        return {}

    script.act = quit_
    assert script.send(ACT + NAME) == [
        b'{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN", '
        b'"data": {"guest": false, "reason": "host-qmp-quit"}}\r\n',
        ACTED,
    ]
    assert script.session.closing
    assert script.send(NAME) == []
    assert script.log == ["act"]


def test_the_end_of_the_machine_ends_an_idle_session_at_once() -> None:
    monitor = Monitor([])
    monitor.session.emit(STOP)
    monitor.session.close_after_reply()
    assert monitor.session.closing
    assert monitor.replies() == [STOPPED]
    monitor.session.emit(STOP)
    assert monitor.send(NAME) == []


def test_the_end_of_the_machine_drops_a_reply_that_is_held_back() -> None:
    script = holding(["oob"])
    script.send(NAME)
    script.session.close_after_reply()
    assert script.session.closing
    assert script.replies() == []


def test_a_reply_held_back_by_the_last_command_is_still_sent() -> None:
    script = Script([])

    def act() -> dict[str, Any]:
        script.session.hold()
        script.session.close_after_reply()
        return {}

    script.act = act
    assert script.send(ACT + NAME) == []
    assert not script.session.closing
    script.session.release()
    assert script.replies() == [ACTED]
    assert script.session.closing


def test_every_phase_has_its_rules() -> None:
    assert set(module._PHASES) == set(Phase)


# Commands that wait for something outside


def waiting(enable: list[str]) -> Script:
    """A session whose command ``act`` cannot be carried out yet."""
    script = Script(enable)

    def wait() -> None:
        script.session.block()
        raise NotYet

    script.act = wait
    assert script.send(ACT) == []
    assert script.session.interrupted
    return script


def test_a_command_that_waited_is_run_again_and_answered_before_all_others() -> None:
    script = waiting(["oob"])
    assert script.send(NAME + YANK) == [YANKED]
    script.act = dict
    script.session.unblock()
    replies = script.replies()
    assert replies[0] == ACTED
    assert len(replies) == 2
    assert not script.session.interrupted


def test_without_out_of_band_execution_nothing_is_read_while_a_command_waits() -> None:
    assert not waiting([]).session.wants_input


def test_a_command_may_wait_twice() -> None:
    script = waiting([])
    script.session.unblock()
    assert script.session.interrupted
    assert script.replies() == []


def test_a_session_that_is_blocked_by_another_one_goes_on_where_it_was() -> None:
    script = Script([])
    script.session.block()
    assert script.send(NAME) == []
    script.session.unblock()
    assert len(script.replies()) == 1
