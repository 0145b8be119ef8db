"""What QEMU says on a terminal: errors and warnings with the program's name and the option they are about."""

from __future__ import annotations

import sys
from typing import TextIO

from qmpd.config import VmConfig
from qmpd.errors import QemuError, StartupError


class StartupExit(Exception):
    """The program ends here, with ``status``; everything is said already."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Report:
    """Writes lines as QEMU's error_report() does (util/error-report.c), in the style that ``-msg`` asked for.

    An origin is the option as written (``-m 1x``), ``:FILE:LINE`` for a place in a file, or empty.
    """

    def __init__(
        self,
        program: str,
        stream: TextIO | None = None,
        timestamp: bool = False,
        shows_guest_name: bool = False,
        guest_name: str | None = None,
    ) -> None:
        self.program = program
        self.stream = stream or sys.stderr
        self.timestamp = timestamp
        self.shows_guest_name = shows_guest_name
        self.guest_name = guest_name

    @classmethod
    def of(cls, config: VmConfig) -> Report:
        """In the style of a machine that is being started."""
        return cls(
            config.program,
            timestamp=config.message_timestamp,
            shows_guest_name=config.message_guest_name,
            guest_name=config.name,
        )

    def error(self, origin: str, error: QemuError) -> None:
        if error.plain:
            self.plain(error.desc)
        else:
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
        before = [_now()] if self.timestamp else []
        if self.shows_guest_name and self.guest_name is not None:
            before.append(self.guest_name)
        place = origin if origin.startswith(":") else f": {origin}" if origin else ""
        before.append(f"{self.program}{place}: {text}\n")
        self.stream.write(" ".join(before))


def _now() -> str:
    from datetime import UTC, datetime  # few starts have anything to say

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
