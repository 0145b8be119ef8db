"""Who is let in, when, and what lies around before and after; and what query-chardev is told of it."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qmpd.errors import StartupError

from .conftest import PATIENCE, House
from .dummy import GREETING

Serve = Callable[..., Any]


async def test_the_next_client_waits_until_the_first_has_left(house: House, serve_on_path: Serve) -> None:
    serve_on_path()
    first = await house.client()
    second = house.knock()
    assert await first.ask("blow", size=1) == "x"
    assert second.has_nothing()
    first.close()
    await second.negotiate()


async def test_many_clients_are_served_at_once(house: House, serve_on_path: Serve) -> None:
    serve_on_path(many=True)
    clients = [await house.client() for _ in range(20)]
    assert [await client.ask("blow", size=1) for client in clients] == ["x"] * 20


async def test_a_stale_socket_is_replaced(house: House, serve_on_path: Serve) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(house.path)
    serve_on_path(many=True)
    await house.client()


async def test_a_live_socket_is_refused_and_stays_as_it_is(house: House, serve_on_path: Serve) -> None:
    serve_on_path(many=True)
    with pytest.raises(StartupError) as refusal:
        serve_on_path(many=True)
    assert refusal.value.errors[0].desc == (
        f"{house.path} is already served by another process; stop that one or choose another path"
    )
    await house.client()


async def test_a_live_socket_with_a_full_backlog_is_refused_too(house: House, serve_on_path: Serve) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(house.path)
        busy.listen(0)
        waiting.connect(house.path)
        with pytest.raises(StartupError, match="already served"):
            serve_on_path(many=True)


async def test_a_file_that_is_no_socket_is_left_alone(house: House, serve_on_path: Serve) -> None:
    Path(house.path).write_text("precious")
    with pytest.raises(StartupError, match="exists and is not a socket; remove it or choose another path"):
        serve_on_path(many=True)
    assert Path(house.path).read_text() == "precious"


async def test_the_socket_is_removed_when_the_door_closes(house: House, serve_on_path: Serve) -> None:
    serve_on_path().close()
    assert not os.path.exists(house.path)


async def test_a_socket_that_somebody_else_has_put_there_is_not_removed(house: House, serve_on_path: Serve) -> None:
    ours, theirs = serve_on_path(), serve_on_path()  # the second takes the path over, as with QEMU
    ours.close()
    await house.client()
    theirs.close()
    assert not os.path.exists(house.path)


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o777])
async def test_the_mode_of_a_socket_can_be_set(house: House, serve_on_path: Serve, mode: int) -> None:
    umask = os.umask(0o077)
    try:
        serve_on_path(mode=mode)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(umask)
    assert stat.S_IMODE(os.stat(house.path).st_mode) == mode


async def test_a_client_may_come_over_tcp(house: House) -> None:
    door = house.open(host="127.0.0.1", port="0", many=True)
    port = int(door.status.filename.split(":")[-1].removesuffix(",server=on"))
    assert door.status.filename == f"disconnected:tcp:127.0.0.1:{port},server=on"
    client = await house.knock(("127.0.0.1", port)).negotiate()
    own = client.sock.getsockname()[1]
    assert door.status.filename == f"tcp:127.0.0.1:{port},server=on <-> 127.0.0.1:{own}"


async def test_query_chardev_follows_the_clients(house: House, serve_on_path: Serve) -> None:
    door = serve_on_path()
    assert (door.status.label, door.status.frontend_open) == ("mon0", True)
    assert door.status.filename == f"disconnected:unix:{house.path},server=on"
    client = await house.client()
    assert door.status.filename == f"unix:{house.path},server=on"
    client.close()
    await house.gone()
    assert door.status.filename == f"disconnected:unix:{house.path},server=on"


async def test_a_listening_descriptor_is_taken_over(house: House) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(house.path)
        house.open(fd=os.dup(listener.fileno()))
    await house.client()


async def test_a_descriptor_from_systemd_keeps_its_file(house: House) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(house.path)
        listener.listen()
        door = house.open(fd=os.dup(listener.fileno()), many=True)
    await house.client()
    door.close()
    assert os.path.exists(house.path)


@pytest.mark.parametrize(("server", "many"), [(False, False), (True, True)])
async def test_a_connected_descriptor_is_a_client(house: House, server: bool, many: bool) -> None:
    ours, theirs = socket.socketpair()
    house.open(fd=theirs.detach(), server=server, many=many)
    assert await (await house.welcome(ours).negotiate()).ask("blow", size=1) == "x"


async def test_a_monitor_may_connect_to_its_client(house: House) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(house.path)
        listener.listen()
        listener.setblocking(False)
        door = house.open(path=house.path, server=False)
        sock, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(listener), PATIENCE)
        client = await house.welcome(sock).negotiate()
        assert door.status.filename == f"unix:{house.path}"
        client.close()
        await house.gone()
        assert door.status.filename == f"disconnected:unix:{house.path}"


async def test_a_monitor_that_reconnects_complains_once_and_comes_again(house: House) -> None:
    loop = asyncio.get_running_loop()
    house.open(path=house.path, server=False, reconnect_ms=1)
    attempts = 0
    with socket.socket(socket.AF_UNIX) as listener:
        while not house.told.getvalue():
            await asyncio.sleep(0)
        listener.bind(house.path)
        listener.listen()
        listener.setblocking(False)
        for _ in range(2):
            sock, _ = await asyncio.wait_for(loop.sock_accept(listener), PATIENCE)
            assert await house.welcome(sock).line() == GREETING
            house.clients[-1].close()
            attempts += 1
    assert attempts == 2
    assert house.told.getvalue() == (
        "qmpd: Unable to connect character device mon0:"
        f" Failed to connect to '{house.path}': No such file or directory\n"
    )


async def test_a_file_receives_what_the_monitor_says(house: House) -> None:
    Path(house.path).write_text("old")
    house.open("file", path=house.path)
    assert Path(house.path).read_bytes() == GREETING


async def test_a_file_may_be_appended_to(house: House) -> None:
    Path(house.path).write_text("old")
    house.open("file", path=house.path, append=True)
    assert Path(house.path).read_bytes() == b"old" + GREETING


async def test_whoever_opens_a_pty_is_the_client(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    door = house.open("pty")
    path = door.status.filename.removeprefix("pty:")
    assert capsys.readouterr().out == f"char device redirected to {path} (label mon0)\n"
    for _ in range(2):  # one after the other
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        lines = await asyncio.wait_for(asyncio.to_thread(_converse, fd), PATIENCE)
        assert lines == [GREETING, b'{"return": {}}\r\n']
        await house.gone()


def _converse(fd: int) -> list[bytes]:
    with open(fd, "r+b", buffering=0) as tty:
        greeting = tty.readline()
        tty.write(b'{"execute": "qmp_capabilities"}')
        return [greeting, tty.readline()]


async def test_null_leads_nowhere(house: House) -> None:
    assert house.open("null").status.filename == "null"
    assert house.vm.sessions == []


async def test_running_out_of_descriptors_is_no_end(
    house: House, serve_on_path: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmpd.server import doors

    monkeypatch.setattr(doors, "_RETRY_SECONDS", 0.001)
    door = serve_on_path(many=True)
    refused: list[int] = []

    class Exhausted(socket.socket):
        def accept(self) -> Any:
            if not refused:
                refused.append(1)
                raise OSError(24, "Too many open files")
            return super().accept()

    listener = door._listeners[0]
    listener.sock = Exhausted(fileno=listener.sock.detach())
    door._pause()
    door._accept()
    await house.client()
    assert refused == [1]
