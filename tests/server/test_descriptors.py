"""Transports over plain descriptors: waiting for readers, and files that are always ready."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from qmpd.server.descriptors import DescriptorTransport
from qmpd.server.transport import Transport


class Recorder:
    """Remembers what its transport tells it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.received = b""
        self.changed = asyncio.Event()
        self._buffer = memoryview(bytearray(10))

    def connection_made(self, transport: Transport) -> None: ...

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.changed.set()

    def get_buffer(self) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.received += self._buffer[:nbytes]
        self.changed.set()

    def pause_writing(self) -> None:
        self._note("pause")

    def resume_writing(self) -> None:
        self._note("resume")

    def connection_lost(self) -> None:
        self._note("lost")

    async def until(self, condition: str) -> None:
        while not eval(condition, {"self": self}):
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 10)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def _transport(protocol: Recorder, read: int | None, write: int, ends_with_input: bool = False) -> DescriptorTransport:
    return DescriptorTransport(asyncio.get_running_loop(), protocol, read, write, ends_with_input=ends_with_input)


async def test_a_pipe_that_nobody_reads_pauses_the_writer_and_loses_nothing(pipe: tuple[int, int]) -> None:
    protocol = Recorder()
    transport = _transport(protocol, None, pipe[1])
    transport.write(b"x" * 1_000_000)
    assert protocol.told == ["pause"]
    transport.close()
    received = await asyncio.to_thread(_read, pipe[0], 1_000_000)
    await protocol.until("'lost' in self.told")
    assert protocol.told == ["pause", "resume", "lost"]
    assert (received, transport.get_write_buffer_size()) == (1_000_000, 0)


def _read(fd: int, size: int) -> int:
    received = 0
    while received < size:
        received += len(os.read(fd, 1 << 16))
    return received


async def test_aborting_forgets_what_was_not_sent(pipe: tuple[int, int]) -> None:
    protocol = Recorder()
    transport = _transport(protocol, None, pipe[1])
    transport.write(b"x" * 1_000_000)
    transport.abort()
    await protocol.until("'lost' in self.told")
    assert transport.get_write_buffer_size() == 0


@pytest.mark.parametrize("ends_with_input", [False, True])
async def test_the_end_of_the_input_is_the_end_only_if_wanted(pipe: tuple[int, int], ends_with_input: bool) -> None:
    protocol = Recorder()
    with open(os.devnull, "r+b") as null:
        transport = _transport(protocol, null.fileno(), null.fileno(), ends_with_input)
        while transport._read_fd is not None:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert protocol.told == (["lost"] if ends_with_input else [])


async def test_a_regular_file_can_be_read_and_paused(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"0123456789" * 3)

    class Pausing(Recorder):
        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            transport.pause_reading()

    protocol = Pausing()
    with open(tmp_path / "input", "rb") as file, open(os.devnull, "wb") as null:
        transport = _transport(protocol, file.fileno(), null.fileno())
        await protocol.until("self.received")
        assert protocol.received == b"0123456789"
        for size in (20, 30):
            transport.resume_reading()
            await protocol.until(f"len(self.received) == {size}")


async def test_writing_to_nobody_ends_the_connection() -> None:
    protocol = Recorder()
    read, write = os.pipe()
    os.close(read)
    transport = _transport(protocol, None, write)
    transport.write(b"x")
    await protocol.until("'lost' in self.told")
    os.close(write)
