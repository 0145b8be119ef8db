"""Bytes between a client and its session: order, ends, and clients that do not read."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from qmpd import log
from qmpd.server import connection

from .conftest import PATIENCE, House
from .dummy import GREETING

Serve = Callable[..., Any]


@pytest.fixture
def logged() -> Any:
    stream = io.StringIO()
    log.configure(log.Level.WARNING, "json", stream)
    yield stream
    log.configure()


async def test_a_client_is_greeted_and_answered(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = house.knock()
    assert await client.line() == GREETING
    await client.send(b'{"execute": "qmp_capabilities", "id": 7}')
    assert await client.line() == b'{"return": {}, "id": 7}\r\n'


async def test_what_was_sent_before_the_greeting_is_answered(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = house.knock()
    await client.send(b'{"execute": "qmp_capabilities"}')
    assert [await client.line(), await client.line()] == [GREETING, b'{"return": {}}\r\n']


async def test_a_request_may_come_byte_by_byte(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    for byte in b'{"execute": "blow", "arguments": {"size": 3}}':
        await client.send(bytes([byte]))
        await asyncio.sleep(0)
    assert await client.line() == b'{"return": "xxx"}\r\n'


async def test_many_requests_in_one_go_are_answered_in_order(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    await client.send(b"".join(b'{"execute": "blow", "arguments": {"size": 0}, "id": %d}' % i for i in range(1000)))
    for i in range(1000):
        assert await client.line() == b'{"return": "", "id": %d}\r\n' % i


async def test_a_request_longer_than_a_read_is_understood(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    await client.send(b'{"execute": "blow", "arguments": {"size": 1}, "id": "%s"}' % (b"i" * 100_000))
    assert len(await client.line()) == len('{"return": "x", "id": ""}\r\n') + 100_000


async def test_a_half_closed_connection_gets_its_answers_then_the_end(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    await client.send(b'{"execute": "blow", "arguments": {"size": 1}}' * 2 + b'{"execute": "blo')
    client.sock.shutdown(socket.SHUT_WR)
    assert [await client.line() for _ in range(3)] == [b'{"return": "x"}\r\n', b'{"return": "x"}\r\n', b""]


async def test_a_half_closed_connection_with_much_to_answer_gets_all_of_it(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    await client.send(b'{"execute": "blow", "arguments": {"size": 1000000}}' * 20)
    client.sock.shutdown(socket.SHUT_WR)
    assert [len(await client.line()) for _ in range(21)] == [len('{"return": ""}\r\n') + 1_000_000] * 20 + [0]


async def test_a_message_cut_short_is_forgotten(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    first = await house.client()
    await first.send(b'{"execute": "blow", "argu')
    first.close()
    second = await house.client()
    assert await second.ask("blow", size=1) == "x"


async def test_an_event_that_another_client_causes_arrives(house: House, serve_on_path: Serve) -> None:
    serve_on_path(many=True)
    watcher, actor = await house.client(), await house.client()
    await actor.ask("tell")
    assert await watcher.line() == b'{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "TOLD"}\r\n'


async def test_an_event_comes_before_the_reply_that_it_belongs_to(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    await client.send(b'{"execute": "tell"}')
    assert [list(json.loads(await client.line()))[-1] for _ in range(2)] == ["event", "return"]


async def test_a_client_that_does_not_read_is_not_served_and_holds_up_nobody(
    house: House, serve_on_path: Serve
) -> None:
    serve_on_path(many=True)
    lazy, eager = await house.client(), await house.client()
    flood = asyncio.ensure_future(lazy.send(b'{"execute": "blow", "arguments": {"size": 100000}}' * 100_000))
    before = -1
    while house.vm.calls != before + 1:  # until nobody's requests are taken but those of the one who reads
        before = house.vm.calls
        await eager.ask("blow", size=1)
    assert house.vm.calls < 100
    assert sum(c._transport.get_write_buffer_size() for c in house.monitors.connections) < 1_000_000
    assert not flood.done()
    flood.cancel()


async def test_a_client_that_reads_again_is_served_again(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    flood = asyncio.ensure_future(client.send(b'{"execute": "blow", "arguments": {"size": 100000}}' * 500))
    total = 0
    while total < 500:
        assert len(await client.line()) == len('{"return": ""}\r\n') + 100_000
        total += 1
    await flood


async def test_a_client_that_never_reads_its_events_is_given_up(
    house: House, serve_on_path: Serve, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    monkeypatch.setattr(connection, "UNREAD_MAX", 1 << 20)
    serve_on_path(many=True)
    await house.client()
    for _ in range(3):
        house.vm.tell(size=1 << 20)
    await house.gone()
    assert json.loads(logged.getvalue())["event"] == "client does not read: closing its connection"


async def test_a_fault_inside_answers_one_request_and_is_logged(
    house: House, serve_on_path: Serve, logged: io.StringIO
) -> None:
    serve_on_path()
    client = await house.client()
    await client.send(b'{"execute": "fail", "id": 1}{"execute": "blow", "arguments": {"size": 1}}')
    refusal = json.loads(await client.line())
    assert (refusal["id"], refusal["error"]["class"]) == (1, "GenericError")
    assert await client.line() == b'{"return": "x"}\r\n'
    line = json.loads(logged.getvalue())
    assert line["request"] == {"execute": "fail", "id": 1}
    assert "ZeroDivisionError: on purpose" in line["exception"]


async def test_finishing_sends_what_there_is_and_closes(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    client = await house.client()
    house.vm.tell("SHUTDOWN")
    house.monitors.finish()
    assert b"SHUTDOWN" in await client.line()
    assert await client.line() == b""
    await asyncio.wait_for(house.gone(), PATIENCE)
    assert house.vm.sessions == []
