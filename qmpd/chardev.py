"""What query-chardev tells of a character device. The server keeps it up to date; others only read it."""

from __future__ import annotations


class ChardevStatus:
    """One entry. ``filename`` is QEMU's description of the other end (``disconnected:unix:/run/qmp,server=on``)."""

    __slots__ = ("filename", "frontend_open", "label")

    def __init__(self, label: str, filename: str, frontend_open: bool) -> None:
        self.label = label
        self.filename = filename
        self.frontend_open = frontend_open
