"""What query-chardev tells of a character device. The server keeps it up to date; the model and commands only read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ChardevStatus:
    """One entry. ``filename`` is QEMU's description of the other end (``disconnected:unix:/run/qmp,server=on``)."""

    label: str
    filename: str
    frontend_open: bool
