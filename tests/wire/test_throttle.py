from __future__ import annotations

from collections.abc import Callable

import pytest

from qmpd.event import Event
from qmpd.wire.throttle import LIMITED, Throttle


class Timers:
    """Time that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, callback: Callable[[], None], /) -> None:
        self.due.append((self.now + delay, callback))

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self.due and self.due[0][0] <= end:
            self.now, callback = self.due.pop(0)
            callback()
        self.now = end


class Guest:
    """Reports its size through a throttle; ``sent`` has what came out, and when."""

    def __init__(self) -> None:
        self.timers = Timers()
        self.sent: list[tuple[float, str, object]] = []
        self.throttle = Throttle(self.timers, self.receive)

    def receive(self, event: Event) -> None:
        self.sent.append((self.timers.now, event.name, event.data))

    def report(self, name: str, **data: object) -> None:
        members = {key.replace("_", "-"): value for key, value in data.items()}
        self.throttle.send(Event(name, members or None, int(self.timers.now), 0))

    def sizes(self) -> list[tuple[float, object]]:
        return [(when, data["actual"]) for when, _, data in self.sent if isinstance(data, dict)]


@pytest.fixture
def guest() -> Guest:
    return Guest()


# monitor/monitor.c, monitor_qapi_event_conf and qapi_event_throttle_equal
def test_qemus_list_of_limited_events() -> None:
    assert {name for name, member in LIMITED.items() if member is None} == {
        "RTC_CHANGE",
        "WATCHDOG",
        "BALLOON_CHANGE",
        "QUORUM_FAILURE",
        "HV_BALLOON_STATUS_REPORT",
    }
    assert {name: member for name, member in LIMITED.items() if member} == {
        "BLOCK_IO_ERROR": "qom-path",
        "MEMORY_DEVICE_SIZE_CHANGE": "qom-path",
        "QUORUM_REPORT_BAD": "node-name",
        "VSERPORT_CHANGE": "id",
    }


def test_other_events_pass_at_once(guest: Guest) -> None:
    for _ in range(3):
        guest.report("STOP")
    assert guest.sent == [(0.0, "STOP", None)] * 3
    assert guest.timers.due == []


def test_the_first_event_passes_and_the_last_of_the_window_follows(guest: Guest) -> None:
    for actual in (1, 2, 3):
        guest.report("BALLOON_CHANGE", actual=actual)
        guest.timers.advance(0.25)
    guest.timers.advance(10)
    assert guest.sizes() == [(0.0, 1), (1.0, 3)]


def test_a_kept_event_opens_the_next_window(guest: Guest) -> None:
    for actual in range(10):
        guest.report("BALLOON_CHANGE", actual=actual)
        guest.timers.advance(0.3)
    guest.timers.advance(10)
    assert guest.sizes() == [(0.0, 0), (1.0, 3), (2.0, 6), (3.0, 9)]


def test_a_window_that_ends_empty_ends_the_limiting(guest: Guest) -> None:
    guest.report("BALLOON_CHANGE", actual=1)
    guest.timers.advance(1.5)
    guest.report("BALLOON_CHANGE", actual=2)
    assert guest.sizes() == [(0.0, 1), (1.5, 2)]
    guest.timers.advance(10)
    assert guest.timers.due == []


def test_a_kept_event_is_sent_even_if_it_says_nothing_new(guest: Guest) -> None:
    guest.report("BALLOON_CHANGE", actual=1)
    guest.report("BALLOON_CHANGE", actual=1)
    guest.timers.advance(1)
    assert guest.sizes() == [(0.0, 1), (1.0, 1)]


def test_an_event_tells_when_it_happened_not_when_it_is_sent() -> None:
    timers = Timers()
    sent: list[object] = []
    throttle = Throttle(timers, sent.append)
    first, second = Event("WATCHDOG", None, 100, 1), Event("WATCHDOG", None, 100, 2)
    throttle.send(first)
    throttle.send(second)
    timers.advance(1)
    assert sent == [first, second]


@pytest.mark.parametrize(("name", "member"), [(name, member) for name, member in LIMITED.items() if member])
def test_each_value_of_the_member_has_a_window_of_its_own(guest: Guest, name: str, member: str) -> None:
    for value in ("a", "b", "a", "b"):
        guest.report(name, **{member: value})
    guest.timers.advance(1)
    data = [{member: "a"}, {member: "b"}]
    assert guest.sent == [(when, name, item) for when in (0.0, 1.0) for item in data]


def test_different_events_do_not_limit_each_other(guest: Guest) -> None:
    guest.report("WATCHDOG", action="none")
    guest.report("RTC_CHANGE", offset=1)
    assert [name for _, name, _ in guest.sent] == ["WATCHDOG", "RTC_CHANGE"]


def test_an_event_that_causes_another_of_its_kind_keeps_that_one() -> None:
    timers = Timers()
    sent: list[object] = []

    def emit(event: Event) -> None:
        sent.append(event.seconds)
        if event.seconds < 3:
            throttle.send(Event("WATCHDOG", None, event.seconds + 1, 0))

    throttle = Throttle(timers, emit)
    throttle.send(Event("WATCHDOG", None, 1, 0))
    assert sent == [1]
    timers.advance(5)
    assert sent == [1, 2, 3]
