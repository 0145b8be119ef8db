"""The event loop: what is due is done in order, once, and nothing else is."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from qmpd.server.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    loop.call_later(10, pytest.fail, "nobody stopped the loop")
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_callbacks_run_in_order_of_request(loop: Loop) -> None:
    ran: list[int] = []
    for number in range(3):
        loop.call_soon(ran.append, number)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert ran == [0, 1, 2]


def test_what_is_asked_for_by_a_callback_comes_in_the_next_round(loop: Loop) -> None:
    ran: list[str] = []
    loop.call_soon(lambda: loop.call_soon(ran.append, "later"))
    loop.call_soon(loop.stop)
    loop.call_soon(ran.append, "now")
    loop.run_forever()
    assert ran == ["now"]


def test_timers_run_in_order_of_time_then_of_request(loop: Loop) -> None:
    ran: list[str] = []
    for delay, name in ((0.02, "c"), (0.01, "a"), (0.01, "b")):
        loop.call_later(delay, ran.append, name)
    loop.call_later(0.02, loop.stop)
    loop.run_forever()
    assert ran == ["a", "b", "c"]


def test_what_is_cancelled_does_not_run(loop: Loop) -> None:
    ran: list[str] = []
    for handle in (loop.call_soon(ran.append, "soon"), loop.call_later(0, ran.append, "later")):
        handle.cancel()
    loop.call_later(0.001, loop.stop)
    loop.run_forever()
    assert ran == []


def test_another_thread_wakes_it_up(loop: Loop) -> None:
    loop.call_soon(threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,)).start)
    loop.run_forever()


def test_nobody_is_called_after_the_end() -> None:
    loop = Loop()
    loop.close()
    loop.call_soon_threadsafe(pytest.fail, "called")


def test_one_descriptor_can_be_read_and_written(loop: Loop, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    done: list[str] = []
    loop.add_reader(ours, lambda: (done.append(ours.recv(9).decode()), loop.stop()))
    loop.add_writer(ours, lambda: (done.append("writable"), loop.remove_writer(ours), theirs.send(b"readable")))
    loop.run_forever()
    assert done == ["writable", "readable"]


def test_who_is_removed_by_another_that_is_ready_as_well_does_not_run(
    loop: Loop, pair: tuple[socket.socket, socket.socket]
) -> None:
    ran: list[str] = []

    def run(name: str) -> None:
        ran.append(name)
        for end in pair:
            loop.remove_reader(end)
        loop.stop()

    for end, other in (pair, pair[::-1]):
        other.send(b"x")
        loop.add_reader(end, run, str(end.fileno()))
    loop.run_forever()
    assert len(ran) == 1


def test_the_end_of_the_other_side_makes_it_readable(loop: Loop, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.close()
    loop.add_reader(ours, lambda: (loop.remove_reader(ours), loop.stop()))
    loop.run_forever()


def test_a_regular_file_is_refused_and_not_remembered(loop: Loop) -> None:
    with open(os.devnull, "rb") as null:
        with pytest.raises(PermissionError):
            loop.add_reader(null, loop.stop)
        with pytest.raises(PermissionError):
            loop.add_reader(null, loop.stop)


def test_a_fault_is_reported_and_the_others_run(loop: Loop) -> None:
    faults: list[Exception] = []
    loop.on_fault = faults.append
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert [type(fault) for fault in faults] == [ZeroDivisionError]
