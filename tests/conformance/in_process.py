"""qmpd inside the test's own process, reached without sockets: the fast way to hold it against the recordings.

The one module here that knows how qmpd is built; it is imported only when qmpd is there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from qmpd.clock import ManualClock
from qmpd.errors import StartupError
from qmpd.options.report import Report
from qmpd.qemu_argv import parse
from qmpd.vm import Vm

from .runner import COMMON_ARGS, Endpoint, Refused, drop_in, host_args, monitor_args, section_args
from .transcript import Section


class SessionEndpoint:
    """A session of a machine; what is sent is answered before ``send`` returns."""

    def __init__(self, vm: Vm, clock: ManualClock, pretty: bool, names: dict[str, str]) -> None:
        self.names = names
        self._clock = clock
        self._session = vm.open_session(pretty=pretty)
        self._received = bytearray()
        self._session.greet()

    def send(self, data: bytes) -> None:
        self._session.receive_data(data)
        self._clock.advance(0)

    def read_line(self) -> str | None:
        self._received += self._session.data_to_send()
        while self._session.stalled:
            self._session.resume_output()
            self._received += self._session.data_to_send()
        line, end, rest = self._received.partition(b"\r\n")
        if end:
            self._received = rest
            return line.decode("ascii")
        if self._session.closing:
            return None
        raise TimeoutError("the session waits for more, and so do we")


@contextmanager
def stand_in(section: Section) -> Iterator[Endpoint]:
    """qmpd with the section's arguments; as a process if the case is about that."""
    if section.outcome or section.flag("process", False):
        with drop_in(section) as endpoint:
            yield endpoint
        return
    with tempfile.TemporaryDirectory(prefix="qmp-") as directory:
        arguments = [
            *COMMON_ARGS,
            *host_args(section),
            *section_args(section, directory),
            *monitor_args(section, directory),
        ]
        clock, said = ManualClock(), StringIO()
        report = Report("qmpd-system-x86_64", said)
        try:
            vm = Vm(parse(arguments, report), clock, report.warning, report.error)
        except StartupError as failure:
            report.startup_error(failure)
            raise Refused(said.getvalue().replace(directory, "<tmp>"), 1) from failure
        names = {f"{directory}/monitor": "<socket>", directory: "<tmp>"}
        yield SessionEndpoint(vm, clock, section.flag("pretty", False), names)
