"""One client of the human monitor, without I/O: banner, prompt, lines, and what the commands print (monitor/hmp.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qmpd.errors import QemuError
from qmpd.wire.lineedit import Complete, LineEditor
from qmpd.wire.mux import Mux

PROMPT = b"(qemu) "

Run = Callable[[str], str]
"""From a command line to what is printed, lines ending in CR LF."""


class HumanMonitor:
    """What outlives the clients of a human monitor: the history of its lines, and the ``cpu`` that one has chosen.

    ``mux`` stands in front of it, if others use the same character device.
    """

    def __init__(self, mux: Mux | None = None) -> None:
        self.editor = LineEditor(PROMPT)
        self.cpu: int | None = None
        self.mux = mux

    def choose_cpu(self, index: int) -> None:
        self.cpu = index


class HumanSession:
    """As ``qmpd.wire.session.Session``, for its owner."""

    stalled = False

    def __init__(self, run: Run, complete: Complete, version: str, monitor: HumanMonitor) -> None:
        self.on_output: Callable[[], None] | None = None
        self.on_request: Any = None
        self.on_fault: Callable[[Exception, dict[str, Any]], None] | None = None
        self.closing = False
        self.descriptors: Any = None  # luggage of the owner's, which commands may look into
        self._run = run
        self._version = version
        self._editor = monitor.editor
        self._mux = monitor.mux
        self._output = bytearray()
        self._input = bytearray()
        self._paused = False
        self._blocked = False
        self._editor.show = self.write
        self._editor.complete = complete

    @property
    def wants_input(self) -> bool:
        return not self._paused and not self._blocked

    def greet(self) -> None:
        if self._mux is None:
            self.enter(banners=1)
        else:
            self._mux.opened(self)

    def enter(self, banners: int) -> None:
        """Show so many banners, and ask for a line."""
        self.write(f"QEMU {self._version} monitor - type 'help' for more information\r\n".encode() * banners)
        self._editor.start()

    def write(self, data: bytes) -> None:
        self._output += data

    def quit(self) -> None:
        """End the machine."""
        self._run("quit")

    def receive_data(self, data: bytes) -> None:
        self._input += data
        self._proceed()

    def _proceed(self) -> None:
        while self._input and self.wants_input and not self.closing:
            key = self._input.pop(0)
            if self._mux is not None and self._mux.takes(key, self):
                continue
            line = self._editor.feed(key)
            if line is not None:
                self._output += self._answer(line)
                if not self.closing:
                    self._editor.start()

    def _answer(self, line: bytes) -> bytes:
        text = line.decode(errors="surrogateescape")
        try:
            return self._run(text).encode(errors="surrogateescape")
        except QemuError as error:
            return f"Error: {error.desc}\r\n".encode()
        except Exception as fault:  # whatever went wrong inside, it concerns this one command only
            if self.on_fault is not None:
                self.on_fault(fault, {"execute": text})
            return b""

    def receive_eof(self) -> None:
        self.closing = True

    def data_to_send(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data

    def pause_output(self) -> None:
        self._paused = True

    def resume_output(self) -> None:
        self._paused = False
        self._proceed()

    # For the machine

    def block(self) -> None:
        """Take no line until ``unblock``."""
        self._blocked = True

    def unblock(self) -> None:
        self._blocked = False
        self._proceed()
        if self.on_output is not None:
            self.on_output()

    def negotiate(self, enable: list[str]) -> None:
        """There is nothing to negotiate."""

    def abandon(self) -> None:
        """The machine has ended."""
        self.closing = True
        if self.on_output is not None:
            self.on_output()
