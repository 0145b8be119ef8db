"""What QEMU says on a terminal: errors and warnings with the program's name and the option they are about."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from qmpd.config import VmConfig
from qmpd.errors import QemuError, StartupError


class StartupExit(Exception):
    """The program ends here, with ``status``; everything is said already."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Report:
    """Writes lines as QEMU's error_report() does (util/error-report.c), in the style that ``-msg`` asked for.

    An origin is the option as written (``-m 1x``), ``:FILE:LINE`` for a place in a file, or empty.
    """

    program: str
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    timestamp: bool = False
    guest_name: str | None = None

    @classmethod
    def of(cls, config: VmConfig) -> Report:
        """In the style of a machine that is being started."""
        name = config.name if config.message_guest_name else None
        return cls(config.program, timestamp=config.message_timestamp, guest_name=name)

    def error(self, origin: str, error: QemuError) -> None:
        self._line(origin, error.desc)
        if error.hint:
            self.stream.write(f"{error.hint}\n")

    def startup_error(self, failure: StartupError) -> None:
        for error in failure.errors:
            self.error(failure.origin, error)

    def warning(self, origin: str, text: str) -> None:
        self._line(origin, f"warning: {text}")

    def plain(self, text: str) -> None:
        """A line without anything in front."""
        self.stream.write(f"{text}\n")

    def _line(self, origin: str, text: str) -> None:
        before = [datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")] if self.timestamp else []
        if self.guest_name is not None:
            before.append(self.guest_name)
        place = origin if origin.startswith(":") else f" {origin}" if origin else ""
        colon = ":" if origin else ""
        before.append(f"{self.program}:{place}{colon} {text}\n")
        self.stream.write(" ".join(before))
