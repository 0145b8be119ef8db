"""What qmpd writes about itself on stderr: readable lines on a terminal, JSON lines anywhere else.

structlog takes longer to import than a virtual machine takes to start, so it is loaded with the first line that is
really written, or at once when somebody asks to see more than warnings. Below the level nothing costs more than a
comparison. Messages that imitate QEMU's own do not come this way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum
from time import perf_counter_ns
from typing import Any, TextIO

from qmpd.errors import QemuError


class Level(IntEnum):
    """As in the standard library, which structlog shares."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


FORMATS = ("auto", "console", "json")

_level = Level.WARNING
_format = "auto"
_stream: TextIO | None = None
_logger: Any = None


def configure(level: Level = Level.WARNING, format: str = "auto", stream: TextIO | None = None) -> None:
    """Say what is to be written, how (one of ``FORMATS``) and where (stderr as it is then)."""
    global _level, _format, _stream, _logger
    _level, _format, _stream, _logger = level, format, stream, None
    if level < Level.WARNING:
        _logger = _build()  # now, rather than in the middle of the first request


def enabled(level: Level) -> bool:
    return level >= _level


def write(level: Level, event: str, **fields: Any) -> None:
    """One line. ``exc_info`` may be an exception, whose traceback then belongs to the line."""
    global _logger
    if level < _level:
        return
    if _logger is None:
        _logger = _build()
    getattr(_logger, level.name.lower())(event, **fields)


def debug(event: str, **fields: Any) -> None:
    write(Level.DEBUG, event, **fields)


def info(event: str, **fields: Any) -> None:
    write(Level.INFO, event, **fields)


def warning(event: str, **fields: Any) -> None:
    write(Level.WARNING, event, **fields)


def error(event: str, **fields: Any) -> None:
    write(Level.ERROR, event, **fields)


def _build() -> Any:
    import structlog

    stream = _stream or sys.stderr
    terminal = stream.isatty()
    console = _format == "console" or (_format == "auto" and terminal)
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if console else "iso", utc=not console),
    ]
    if console:
        processors.append(
            structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)
        )
    else:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    return structlog.wrap_logger(
        structlog.WriteLogger(stream), processors=processors, wrapper_class=structlog.BoundLogger
    )


def request_tracer(vm: str, session: int) -> Callable[[dict[str, Any]], Callable[[QemuError | None], None]] | None:
    """What a session's ``on_request`` should be: one debug line for each request when it is done, or ``None``."""
    if not enabled(Level.DEBUG):
        return None

    def begin(request: dict[str, Any]) -> Callable[[QemuError | None], None]:
        start = perf_counter_ns()

        def finish(error: QemuError | None) -> None:
            fields: dict[str, Any] = {"command": request.get("execute", request.get("exec-oob"))}
            if "id" in request:
                fields["id"] = request["id"]
            if error is not None:
                fields["error"] = error.desc
            microseconds = (perf_counter_ns() - start) // 1000
            debug("request", vm=vm, session=session, microseconds=microseconds, **fields)

        return finish

    return begin
