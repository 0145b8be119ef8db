"""What qmpd writes about itself, and what it costs when it does not."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from qmpd import errors, log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    log.configure()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    log.configure(log.Level.WARNING, "json", stream)
    log.debug("no")
    log.info("no")
    log.warning("yes", size=1)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["size"]) == ("yes", "warning", 1)


def test_a_terminal_gets_text_and_colour_and_anything_else_json() -> None:
    terminal, file = Terminal(), io.StringIO()
    log.configure(log.Level.INFO, "auto", terminal)
    log.info("hello", vm="vm1")
    log.configure(log.Level.INFO, "auto", file)
    log.info("hello", vm="vm1")
    assert "hello" in terminal.getvalue()
    assert "\033[" in terminal.getvalue()
    assert json.loads(file.getvalue())["vm"] == "vm1"


def test_text_can_be_had_without_a_terminal_and_then_has_no_colour() -> None:
    stream = io.StringIO()
    log.configure(log.Level.INFO, "console", stream)
    log.info("hello", vm="vm1")
    assert "vm=vm1" in stream.getvalue()
    assert "\033[" not in stream.getvalue()


def test_an_exception_belongs_to_its_line() -> None:
    stream = io.StringIO()
    log.configure(log.Level.ERROR, "json", stream)
    log.error("internal fault", exc_info=ValueError("why"))
    assert json.loads(stream.getvalue())["exception"].endswith("ValueError: why")


def test_each_request_is_one_line_at_debug_level() -> None:
    stream = io.StringIO()
    log.configure(log.Level.DEBUG, "json", stream)
    tracer = log.request_tracer("vm1", 3)
    assert tracer is not None
    tracer({"execute": "stop", "id": {"a": 1}})(None)
    tracer({"exec-oob": "yank"})(errors.missing_parameter("instances"))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["vm"], first["session"], first["command"], first["id"]) == ("vm1", 3, "stop", {"a": 1})
    assert (second["command"], second["error"]) == ("yank", "Parameter 'instances' is missing")
    assert "id" not in second


def test_requests_are_not_traced_below_debug_level() -> None:
    log.configure(log.Level.INFO, "json", io.StringIO())
    assert log.request_tracer("vm1", 1) is None


def test_the_logger_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from qmpd import log; log.configure(); log.info('no'); print('structlog' in sys.modules);"
        "log.configure(log.Level.INFO); print('structlog' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\nTrue\n"
