"""A virtual machine without a machine: enough commands to see what a server does with bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qmpd.chardev import ChardevStatus
from qmpd.config import ChardevConfig
from qmpd.descriptors import FdSets
from qmpd.event import Event
from qmpd.wire.session import Session

VERSION = {"qemu": {"major": 10, "minor": 0, "micro": 2}, "package": "dummy"}
GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": "dummy"},'
    b' "capabilities": ["oob"]}}\r\n'
)


class DummyVm:
    """``count`` counts, ``blow`` returns a string of ``size`` bytes, ``tell`` reports events to everybody."""

    def __init__(self) -> None:
        self.on_exit: Callable[[int], None] | None = None
        self.chardevs: list[ChardevStatus] = []
        self.open_door: Callable[[ChardevConfig], ChardevStatus]
        self.close_door: Callable[[str], None]
        self.fd_sets = FdSets()
        self.sessions: list[Session] = []
        self.calls = 0

    def open_session(self, pretty: bool) -> Session:
        def dispatch(name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
            self.calls += 1
            if name == "qmp_capabilities":
                session.negotiate([])
                return {}
            return getattr(self, name)(**arguments or {})

        session = Session(dispatch, VERSION, pretty=pretty)
        self.sessions.append(session)
        return session

    def close_session(self, session: Session) -> None:
        self.sessions.remove(session)

    def request_shutdown(self, reason: str) -> None:
        self.tell("SHUTDOWN")

    def count(self) -> int:
        return self.calls

    def blow(self, size: int) -> str:
        return "x" * size

    def fail(self) -> None:
        raise ZeroDivisionError("on purpose")

    def tell(self, name: str = "TOLD", size: int = 0, times: int = 1) -> dict[str, Any]:
        event = Event(name, {"text": "x" * size} if size else None, 1, 2)
        for _ in range(times):
            for session in self.sessions:
                session.emit(event)
        return {}
