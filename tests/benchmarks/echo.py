"""The bare limit: asyncio servers that answer each line with the same bytes and look at nothing.

``plain`` is the protocol that asyncio's documentation shows first. ``buffered`` reads into a buffer of its own, as
``qmpd.server.connection`` does; that is the least that asyncio can do.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

_READ_SIZE = 4096
_GREETING = b'{"QMP": {}}\r\n'


class _Echo(asyncio.BaseProtocol):
    """Greets, and says ``reply`` once for each LF received."""

    def __init__(self, reply: bytes) -> None:
        self.reply = reply
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(_GREETING)


class PlainEcho(_Echo, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self.transport.write(self.reply * data.count(b"\n"))


class BufferedEcho(_Echo, asyncio.BufferedProtocol):
    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self._buffer = bytearray(_READ_SIZE)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.transport.write(self.reply * self._buffer.count(b"\n", 0, nbytes))


_KINDS = {"plain": PlainEcho, "buffered": BufferedEcho}


async def _serve(kind: str, path: str, reply: bytes) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: _KINDS[kind](reply), path)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_bytes()))
