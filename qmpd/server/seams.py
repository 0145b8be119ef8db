"""What the server asks of a virtual machine and of a session, so that a test can put a dummy in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from qmpd.chardev import ChardevStatus
from qmpd.config import ChardevConfig
from qmpd.descriptors import FdSets


class Session(Protocol):
    """One client of one monitor, as ``qmpd.wire.session.Session``: bytes in, bytes out.

    ``on_output`` is called when there is output for another reason than a call of the server's, such as an event that
    somebody else's request has caused.
    """

    on_output: Callable[[], None] | None
    on_request: Any
    on_fault: Any

    @property
    def wants_input(self) -> bool: ...

    @property
    def stalled(self) -> bool: ...

    @property
    def closing(self) -> bool: ...

    def greet(self) -> None: ...

    def receive_data(self, data: bytes) -> None: ...

    def receive_eof(self) -> None: ...

    def pause_output(self) -> None: ...

    def resume_output(self) -> None: ...

    def data_to_send(self) -> bytes: ...


class VirtualMachine(Protocol):
    """A virtual machine, as ``qmpd.vm.Vm``.

    ``on_exit`` is called with an exit status when it has ended, ``on_death`` with the name of a signal that shall end
    the process at once. ``chardevs`` is what ``query-chardev`` reports. ``open_door`` and ``close_door`` are called to
    open and close character devices while it runs; ``fd_sets`` has the descriptors that may stand for a file.
    ``await_pipe`` is called to read a named pipe to its end, and to tell then.
    """

    on_exit: Callable[[int], None] | None
    on_death: Callable[[str], None] | None
    chardevs: list[ChardevStatus]
    open_door: Callable[[ChardevConfig], ChardevStatus]
    close_door: Callable[[str], None]
    fd_sets: FdSets
    await_pipe: Callable[[str, Callable[[bytes], None]], None] | None

    def open_session(self, pretty: bool) -> Any:
        """A session for a client that has just come."""

    def open_human(self, chardev: str) -> Any:
        """A session for a client of the human monitor on a character device."""

    def open_qtest(self) -> Any:
        """A session for a client of the test protocol."""

    def close_session(self, session: Any) -> None: ...

    def request_shutdown(self, reason: str) -> None:
        """Announce the end (SHUTDOWN with ``reason``) and end."""
