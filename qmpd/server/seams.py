"""What the server asks of a virtual machine and of a client's session, so that a test can put a dummy in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from qmpd.chardev import ChardevStatus


class Session(Protocol):
    """One client of one monitor, as ``qmpd.wire.session.Session``: bytes in, bytes out."""

    on_output: Callable[[], None] | None

    @property
    def wants_input(self) -> bool:
        """False while requests are waiting and no more may be read."""

    def greet(self) -> None: ...

    def receive_data(self, data: bytes) -> None: ...

    def receive_eof(self) -> None: ...

    def pause_output(self) -> None: ...

    def resume_output(self) -> None: ...

    def data_to_send(self) -> bytes: ...


class VirtualMachine(Protocol):
    """A virtual machine, as ``qmpd.vm.Vm``."""

    on_exit: Callable[[int], None] | None
    chardevs: list[ChardevStatus]

    def open_session(self, pretty: bool) -> Any:
        """A session for a client that has just come."""

    def close_session(self, session: Any) -> None: ...

    def request_shutdown(self, reason: str) -> None:
        """Announce the end (SHUTDOWN with ``reason``) and end."""
