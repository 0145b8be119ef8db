"""One client for all servers: plain blocking sockets, replies counted by their line ends and not parsed."""

from __future__ import annotations

import json
import socket
from typing import Any

_PATIENCE = 30.0  # seconds without an answer after which a server counts as hung
_CHUNK = 1 << 20


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
        self.receive(1)
        self.exchange(request("qmp_capabilities"))

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, lines: int) -> bytes:
        """Everything up to the end of that many lines."""
        data = self._socket.recv(_CHUNK)
        missing = lines - data.count(b"\n")
        if not missing and data:
            return data
        pieces = [data]
        while missing > 0:
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionError("the server closed the connection")
            pieces.append(data)
            missing -= data.count(b"\n")
        return b"".join(pieces)

    def exchange(self, data: bytes) -> bytes:
        """Send one request and wait for its reply."""
        self._socket.sendall(data)
        return self.receive(1)
