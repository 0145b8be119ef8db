"""What systemd and a service tell each other, without its library: readiness, and sockets opened in advance."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Tell systemd (``READY=1``, ``STOPPING=1``), if it has asked to be told. See sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address[0] == "@":
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), address)
    except OSError:
        pass  # nobody listens any more, and it was only news


def inherited_sockets() -> list[int]:
    """The descriptors that systemd has opened for this process. See sd_listen_fds(3)."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return list(range(3, 3 + int(os.environ.get("LISTEN_FDS", "0"))))
