"""A named pipe where a command expects a file: all in-band commands wait for its other end, out-of-band ones do not.

``blkdebug`` reads its configuration like that. The real QEMU is asked the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import peers

from .emulators import COMMON, DROP_IN, Monitor, started


class Pair:
    """Two clients of one emulator, each on a monitor of its own and with out-of-band execution, and a pipe."""

    def __init__(self, one: Monitor, other: Monitor, pipe: Path) -> None:
        self.one = one
        self.other = other
        self.pipe = pipe

    def add(self, node: str) -> None:
        """Ask for a node whose configuration is to come through the pipe."""
        options = {"driver": "blkdebug", "node-name": node, "config": str(self.pipe), "image": {"driver": "null-co"}}
        send(self.one, "execute", "blockdev-add", node, **options)

    def write(self, text: str = "") -> None:
        self.pipe.write_text(text)


@pytest.fixture(params=["qmpd", "qemu"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    command = DROP_IN if request.param == "qmpd" else (peers.require_peer(peers.QEMU),)
    os.mkfifo(tmp_path / "pipe")
    paths = [tmp_path / "one", tmp_path / "other"]
    options = [word for path in paths for word in ("-qmp", f"unix:{path},server=on,wait=off")]
    with started(command, *COMMON, *options) as emulator:
        clients = [emulator.connect(path) for path in paths]
        for client in clients:
            client.line()
            client.ask("qmp_capabilities", enable=["oob"])
        yield Pair(*clients, tmp_path / "pipe")


def send(client: Monitor, how: str, command: str, name: str, **arguments: Any) -> None:
    client.sock.sendall(json.dumps({how: command, "id": name, "arguments": arguments}).encode())


def ids(client: Monitor, count: int) -> list[str]:
    return [client.line()["id"] for _ in range(count)]


def test_out_of_band_commands_overtake_the_one_that_waits(pair: Pair) -> None:
    pair.add("slow")
    send(pair.one, "execute", "query-name", "quick")
    send(pair.one, "exec-oob", "migrate-pause", "oob")
    assert ids(pair.one, 1) == ["oob"]
    pair.write()
    assert ids(pair.one, 2) == ["slow", "quick"]


def test_malformed_requests_wait_for_their_turn(pair: Pair) -> None:
    pair.add("slow")
    pair.one.sock.sendall(b'{"id": "wrong"}')
    pair.write()
    assert ids(pair.one, 2) == ["slow", "wrong"]


def test_the_clients_of_other_monitors_wait_as_well(pair: Pair) -> None:
    pair.add("slow")
    send(pair.one, "exec-oob", "migrate-pause", "begun")
    assert ids(pair.one, 1) == ["begun"]
    send(pair.other, "execute", "query-name", "quick")
    send(pair.other, "exec-oob", "migrate-pause", "oob")
    assert ids(pair.other, 1) == ["oob"]
    pair.write()
    assert ids(pair.one, 1) == ["slow"]
    assert ids(pair.other, 1) == ["quick"]


def test_what_comes_through_the_pipe_is_read(pair: Pair) -> None:
    pair.add("wrong")
    pair.write('[inject-error]\nevent = "unheard-of"\n')
    assert pair.one.line()["error"]["desc"] == "invalid parameter value: unheard-of"
    pair.add("right")
    pair.write('[inject-error]\nevent = "l2_load"\n')
    assert pair.one.line() == {"return": {}, "id": "right"}
    assert "right" in [node["node-name"] for node in pair.one.ask("query-named-block-nodes")]
