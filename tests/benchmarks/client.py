"""One client for all servers: plain blocking sockets, replies counted by their line ends and not parsed."""

from __future__ import annotations

import json
import socket
from typing import Any

_PATIENCE = 30.0  # seconds without an answer after which a server counts as hung
_CHUNK = 1 << 18


def request(command: str, **arguments: Any) -> bytes:
    """A request as bytes; underscores in names of arguments become hyphens."""
    message: dict[str, Any] = {"execute": command}
    if arguments:
        message["arguments"] = {name.replace("_", "-"): value for name, value in arguments.items()}
    return json.dumps(message).encode() + b"\n"


class Client:
    """A negotiated connection to the monitor at ``path``. Raises OSError while nobody listens there."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._buffer = bytearray(_CHUNK)
        self.wait()
        self.ask(request("qmp_capabilities"))

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def wait(self, lines: int = 1) -> None:
        """Take that many lines and forget them."""
        buffer = self._buffer
        while lines > 0:
            lines -= buffer.count(b"\n", 0, self._read())

    def _read(self) -> int:
        size = self._socket.recv_into(self._buffer)
        if not size:
            raise ConnectionError("the server closed the connection")
        return size

    def ask(self, data: bytes) -> bytes:
        """Send one request; its reply."""
        self.send(data)
        reply = b""
        while not reply.endswith(b"\n"):
            reply += self._buffer[: self._read()]
        return reply
