"""Descriptors that a client passes along with a request. Each test is held against the real QEMU as well."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import peers

from .emulators import COMMON, DROP_IN, Monitor, started


@pytest.fixture(name="monitor", params=["qmpd", "qemu"])
def _monitor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Monitor]:
    command = DROP_IN if request.param == "qmpd" else (peers.require_peer(peers.QEMU),)
    with started(command, *COMMON, "-qmp", "unix:monitor,server=on,wait=off", cwd=tmp_path) as emulator:
        yield emulator.connect(tmp_path / "monitor").negotiate()


def ask(monitor: Monitor, command: str, *fds: int, **arguments: Any) -> Any:
    """The reply to a request that ``fds`` come with."""
    request = json.dumps({"execute": command, "arguments": arguments}).encode()
    socket.send_fds(monitor.sock, [request], list(fds))
    return monitor.line()


def error(reply: Any) -> str:
    return str(reply["error"]["desc"])


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_descriptor_gets_a_name_and_is_closed_by_it(monitor: Monitor, pipe: tuple[int, int]) -> None:
    assert ask(monitor, "getfd", pipe[0], fdname="a") == {"return": {}}
    assert ask(monitor, "closefd", fdname="a") == {"return": {}}
    assert error(ask(monitor, "closefd", fdname="a")) == "File descriptor named 'a' not found"


def test_a_name_may_not_start_with_a_digit(monitor: Monitor, pipe: tuple[int, int]) -> None:
    assert error(ask(monitor, "getfd", pipe[0], fdname="1a")) == (
        "Parameter 'fdname' expects a name not starting with a digit"
    )
    assert error(ask(monitor, "getfd", fdname="a")) == "No file descriptor supplied via SCM_RIGHTS"


def test_of_several_descriptors_the_first_counts(monitor: Monitor, pipe: tuple[int, int]) -> None:
    assert ask(monitor, "getfd", *pipe, fdname="a") == {"return": {}}
    assert error(ask(monitor, "getfd", fdname="b")) == "No file descriptor supplied via SCM_RIGHTS"


def test_a_descriptor_waits_for_the_request_that_takes_it(monitor: Monitor, pipe: tuple[int, int]) -> None:
    assert ask(monitor, "query-status", pipe[0]).keys() == {"return"}
    assert ask(monitor, "getfd", fdname="a") == {"return": {}}


def test_sets_of_descriptors_are_numbered_and_listed(monitor: Monitor, pipe: tuple[int, int]) -> None:
    first = ask(monitor, "add-fd", pipe[0], opaque="x")["return"]
    second = ask(monitor, "add-fd", pipe[1])["return"]
    third = ask(monitor, "add-fd", pipe[1], **{"fdset-id": 1})["return"]
    assert [added["fdset-id"] for added in (first, second, third)] == [0, 1, 1]
    assert ask(monitor, "query-fdsets")["return"] == [
        {"fdset-id": 1, "fds": [{"fd": second["fd"]}, {"fd": third["fd"]}]},
        {"fdset-id": 0, "fds": [{"fd": first["fd"], "opaque": "x"}]},
    ]
    assert ask(monitor, "remove-fd", **{"fdset-id": 1, "fd": second["fd"]}) == {"return": {}}
    assert ask(monitor, "remove-fd", **{"fdset-id": 1}) == {"return": {}}
    assert [entry["fdset-id"] for entry in ask(monitor, "query-fdsets")["return"]] == [0]


def test_a_set_has_no_negative_number(monitor: Monitor, pipe: tuple[int, int]) -> None:
    assert error(ask(monitor, "add-fd", pipe[0], **{"fdset-id": -1})) == (
        "Parameter 'fdset-id' expects a non-negative value"
    )


def test_only_sockets_are_clients(monitor: Monitor, pipe: tuple[int, int]) -> None:
    ask(monitor, "getfd", pipe[0], fdname="a")
    assert error(ask(monitor, "add_client", protocol="x", fdname="a")) == "parameter @fdname must name a socket"
    one, other = socket.socketpair()
    with one, other:
        ask(monitor, "getfd", one.fileno(), fdname="b")
        assert error(ask(monitor, "add_client", protocol="x", fdname="b")) == "protocol 'x' is invalid"


def test_a_network_back_end_takes_a_named_descriptor(monitor: Monitor) -> None:
    one, other = socket.socketpair()
    with one, other:
        ask(monitor, "getfd", one.fileno(), fdname="a")
        assert ask(monitor, "netdev_add", type="socket", id="n", fd="a") == {"return": {}}
        assert error(ask(monitor, "netdev_add", type="socket", id="m", fd="a")) == (
            "File descriptor named 'a' has not been found"
        )
