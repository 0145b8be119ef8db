"""The qtest protocol as bytes in, bytes out: what QEMU's own test programs speak beside QMP (system/qtest.c).

A line is a command and its words; the answer is ``OK`` or ``FAIL``. Nothing is behind the memory and the ports: what is
written is gone, what is read is zero. The virtual clock stands until it is stepped.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from qmpd import errors
from qmpd.errors import QemuError

READ_MAX = 1 << 20
_LAST_PORT = 0xFFFF
_INT64_MAX = (1 << 63) - 1
_UINT64_MAX = (1 << 64) - 1


class QtestSession:
    """One client. ``find_device`` tells whether a QOM path leads to a device.

    ``clocked`` says that the accelerator is qtest, which is when there is a clock to step.
    """

    on_output: Callable[[], None] | None = None
    on_request: Any = None
    on_fault: Any = None
    wants_input = True
    stalled = False

    def __init__(self, find_device: Callable[[str], bool], *, clocked: bool) -> None:
        self.closing = False
        self._find_device = find_device
        self._commands = COMMANDS | CLOCK_COMMANDS if clocked else COMMANDS
        self._intercepted = ""
        self._now = 0
        self._input = b""
        self._output = bytearray()

    # As the server uses it

    def greet(self) -> None:
        """Nobody is greeted."""

    def receive_data(self, data: bytes) -> None:
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            self._output += f"{self.answer(line.decode('utf-8', 'replace'))}\n".encode()

    def receive_eof(self) -> None:
        self.closing = True

    def pause_output(self) -> None: ...

    def resume_output(self) -> None: ...

    def data_to_send(self) -> bytes:
        data, self._output = bytes(self._output), bytearray()
        return data

    # The commands

    def answer(self, line: str) -> str:
        """The answer to one line."""
        name, *words = line.split(" ")
        try:
            command = self._commands.get(name)
            if command is None:
                raise errors.qtest.unknown_command(name)
            run, least = command
            if len(words) < least:
                raise errors.qtest.malformed(line)
            try:
                result = run(self, *words[: run.__code__.co_argcount - 1])
            except ValueError:
                raise errors.qtest.malformed(line) from None
        except QemuError as error:
            return f"FAIL {error.desc}"
        return f"OK {result}" if result else "OK"

    def _endianness(self) -> str:
        return "little"

    def _intercept_out(self, path: str, name: str | None = None) -> None:
        self._intercept(path)

    def _intercept_in(self, path: str, name: str | None = None) -> None:
        self._intercept(path, name)

    def _intercept(self, path: str, input_name: str | None = None) -> None:
        self._device(path)
        if input_name is not None:
            raise errors.qtest.named_input_unsupported()
        if self._intercepted not in ("", path):
            raise errors.qtest.intercept_taken()
        self._intercepted = path

    def _device(self, path: str) -> None:
        if not self._find_device(path):
            raise errors.qtest.unknown_device()

    def _set_irq_in(self, path: str, name: str, number: str, level: str) -> None:
        self._device(path)
        _number(number), _number(level)

    def _port_out(self, port: str, value: str) -> None:
        _number(port, _LAST_PORT), _number(value)

    def _port_in(self, port: str) -> str:
        _number(port, _LAST_PORT)
        return f"0x{0:04x}"

    def _write_number(self, addr: str, value: str) -> None:
        _number(addr), _number(value)

    def _read_number(self, addr: str) -> str:
        _number(addr)
        return f"0x{0:016x}"

    def _write(self, addr: str, size: str, data: str) -> None:
        _number(addr), _number(size)

    def _read(self, addr: str, size: str) -> str:
        return f"0x{self._zeros(addr, size).hex()}"

    def _b64read(self, addr: str, size: str) -> str:
        return b64encode(self._zeros(addr, size)).decode("ascii")

    def _zeros(self, addr: str, size: str) -> bytes:
        _number(addr)
        if _number(size) > READ_MAX:
            raise errors.qtest.too_long(READ_MAX)
        return bytes(_number(size))

    def _clock_step(self, nanoseconds: str | None = None) -> str:
        if nanoseconds is None:
            raise errors.qtest.no_deadline()
        step = _number(nanoseconds, _INT64_MAX)
        if not step:
            raise errors.qtest.clock_stands()
        self._now += step
        return str(self._now)

    def _clock_set(self, nanoseconds: str) -> str:
        wanted = _number(nanoseconds, _INT64_MAX)
        if wanted < self._now:
            raise QemuError(str(self._now))
        self._now = wanted
        return str(self._now)


def _number(text: str, largest: int = _UINT64_MAX) -> int:
    """A number as C writes it. Raises ValueError."""
    octal = len(text) > 1 and text[0] == "0" and text[1].isdigit()
    number = int(text, 8 if octal else 0)
    if not 0 <= number <= largest:
        raise ValueError(text)
    return number


_Command = tuple[Callable[..., str | None], int]

COMMANDS: dict[str, _Command] = {
    "endianness": (QtestSession._endianness, 0),
    "irq_intercept_out": (QtestSession._intercept_out, 1),
    "irq_intercept_in": (QtestSession._intercept_in, 1),
    "set_irq_in": (QtestSession._set_irq_in, 4),
    **{f"out{size}": (QtestSession._port_out, 2) for size in "bwl"},
    **{f"in{size}": (QtestSession._port_in, 1) for size in "bwl"},
    **{f"write{size}": (QtestSession._write_number, 2) for size in "bwlq"},
    **{f"read{size}": (QtestSession._read_number, 1) for size in "bwlq"},
    "write": (QtestSession._write, 3),
    "b64write": (QtestSession._write, 3),
    "memset": (QtestSession._write, 3),
    "read": (QtestSession._read, 2),
    "b64read": (QtestSession._b64read, 2),
}
"""What each command does, and how many words it needs."""

CLOCK_COMMANDS: dict[str, _Command] = {
    "clock_step": (QtestSession._clock_step, 0),
    "clock_set": (QtestSession._clock_set, 1),
}
