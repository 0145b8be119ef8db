"""What the event loop does between two things that happen."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from selectors import EVENT_READ, DefaultSelector, SelectorKey
from typing import Any

import pytest

from qmpd.server import polling
from qmpd.server.polling import PollingSelector

Waits = list[float | None]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


@pytest.fixture
def selector(ends: tuple[socket.socket, socket.socket]) -> Iterator[PollingSelector]:
    selector = PollingSelector()
    selector.register(ends[0], EVENT_READ, "left")
    yield selector
    selector.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """How long each look was to take, in a world where a look takes 30 µs and a real wait what it is told."""
    seconds = 0.0
    waits: Waits = []
    look = DefaultSelector.select

    def select(self: DefaultSelector, timeout: float | None = None) -> list[tuple[SelectorKey, Any]]:
        nonlocal seconds
        waits.append(timeout)
        seconds += timeout or 30e-6
        return look(self, 0)

    monkeypatch.setattr(DefaultSelector, "select", select)
    monkeypatch.setattr(polling, "monotonic", lambda: seconds)
    return waits


def test_what_is_there_is_told_at_once(
    selector: PollingSelector, ends: tuple[socket.socket, socket.socket], waits: Waits
) -> None:
    ends[1].send(b"x")
    for timeout in (None, 5, 0):
        assert [(key.data, mask) for key, mask in selector.select(timeout)] == [("left", EVENT_READ)]
    assert waits == [0, 0, 0]


def test_nothing_comes(selector: PollingSelector) -> None:
    assert selector.select(0) == selector.select(0.001) == selector.select(-1) == []


def test_only_after_a_short_wait_it_stays_awake(
    selector: PollingSelector, ends: tuple[socket.socket, socket.socket], waits: Waits
) -> None:
    ends[1].send(b"x")
    selector.select(1)
    ends[0].recv(1)
    waits.clear()
    selector.select(1)
    assert waits == [0] * 7 + [1]
    waits.clear()
    selector.select(1)
    assert waits == [0, 1]
