"""Doors opened on sockets in a temporary directory, and clients that wait for lines instead of time."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from qmpd.config import ChardevConfig, MonitorConfig
from qmpd.descriptors import FdSets
from qmpd.options.report import Report
from qmpd.server.connection import Monitors
from qmpd.server.doors import Door, Hall, open_door

from .dummy import GREETING, DummyVm

PATIENCE = 10.0  # seconds after which something that ought to happen counts as not happening


class Client:
    """One client of a monitor."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.data = b""

    async def line(self) -> bytes:
        """The next line, or ``b""`` when the other side has closed."""
        loop = asyncio.get_running_loop()
        while b"\n" not in self.data:
            more = await asyncio.wait_for(loop.sock_recv(self.sock, 1 << 16), PATIENCE)
            if not more:
                break
            self.data += more
        line, end, self.data = self.data.partition(b"\n")
        return line + end

    async def send(self, data: bytes) -> None:
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(self.sock, data), PATIENCE)

    async def ask(self, command: str, **arguments: Any) -> Any:
        """What a command returns; events before it are skipped."""
        await self.send(json.dumps({"execute": command, "arguments": arguments}).encode())
        while "event" in (answer := json.loads(await self.line())):
            pass
        return answer["return"]

    async def negotiate(self) -> Client:
        assert await self.line() == GREETING
        assert await self.ask("qmp_capabilities") == {}
        return self

    def has_nothing(self) -> bool:
        """Whether not a single byte has come, nor the end."""
        try:
            return not (self.data or self.sock.recv(1, socket.MSG_PEEK) is not None)
        except BlockingIOError:
            return True

    def close(self) -> None:
        self.sock.close()


class House:
    """A dummy machine with doors. ``told`` is what was written on the terminal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.vm = DummyVm()
        self.told = io.StringIO()
        self.monitors = Monitors(self.vm, "dummy")
        self.hall = Hall(asyncio.get_running_loop(), self.monitors, Report("qmpd", self.told))
        self.doors: list[Door] = []
        self.clients: list[Client] = []

    @property
    def path(self) -> str:
        return str(self.directory / "monitor")

    def open(self, backend: str = "socket", **config: Any) -> Door:
        config = {"server": True, "wait": False, **config}
        door = open_door(ChardevConfig("mon0", backend, "-test", **config), MonitorConfig("mon0", "-test"), FdSets())
        self.doors.append(door)
        door.start(self.hall)
        return door

    def knock(self, path: str | tuple[str, int] | None = None) -> Client:
        """A client that has connected; whether anybody serves it is another question."""
        sock = socket.socket(socket.AF_INET if isinstance(path, tuple) else socket.AF_UNIX)
        sock.connect(path or self.path)
        return self.welcome(sock)

    def welcome(self, sock: socket.socket) -> Client:
        self.clients.append(Client(sock))
        return self.clients[-1]

    async def client(self) -> Client:
        return await self.knock().negotiate()

    async def gone(self) -> None:
        """Until the server has noticed that everybody has left."""
        empty = asyncio.get_running_loop().create_future()
        self.monitors.on_empty = lambda: empty.done() or empty.set_result(None)
        if self.monitors.connections:
            await asyncio.wait_for(empty, PATIENCE)

    async def close(self) -> None:
        for door in self.doors:
            door.close()
        for client in self.clients:
            client.close()
        self.monitors.finish()
        await self.gone()


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.close()


@pytest.fixture
def serve_on_path(house: House) -> Callable[..., Door]:
    """A Unix socket at ``house.path``."""
    return lambda **config: house.open(path=house.path, **config)
