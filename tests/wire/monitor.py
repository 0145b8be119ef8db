"""A monitor with hardly a machine behind it: a session whose few commands answer as those of a nameless QEMU."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.errors import ErrorClass, QemuError
from qmpd.schemas import check_arguments
from qmpd.wire.session import Session

VERSION = {"qemu": {"major": 10, "minor": 0, "micro": 2}, "package": "test"}
_COMMANDS: dict[str, Any] = {
    "query-name": {},
    "query-status": {"status": "prelaunch", "running": False},
    "query-version": VERSION,
    "yank": {},
    "migrate-pause": "is currently only supported during postcopy-active or postcopy-recover state",
}
_ARGUMENTS = {"yank": {"instances"}}
_OUT_OF_BAND = {"yank", "migrate-pause"}


class Monitor:
    """``session`` and what it said. ``log`` has the commands that were executed."""

    def __init__(self, enable: list[str] | None = None, *, pretty: bool = False) -> None:
        """:param enable: the capabilities to negotiate first; ``None`` to leave that to the test."""
        self.log: list[str] = []
        self.session = Session(self.dispatch, VERSION, pretty=pretty)
        if enable is not None:
            self.session.negotiate(enable)

    def dispatch(self, name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
        self.log.append(name)
        if name == "qmp_capabilities":
            self.session.negotiate(check_arguments(name, arguments).get("enable", []))
            return {}
        if name not in _COMMANDS:
            raise QemuError(f"The command {name} has not been found", ErrorClass.COMMAND_NOT_FOUND)
        if out_of_band and name not in _OUT_OF_BAND:
            raise QemuError(f"The command {name} does not support OOB")
        for argument in set(arguments or ()) - _ARGUMENTS.get(name, set()):
            raise errors.unexpected_parameter(argument)
        if name == "migrate-pause":
            raise QemuError(f"{name} {_COMMANDS[name]}")
        return _COMMANDS[name]

    def send(self, data: bytes) -> list[bytes]:
        """What the session answers to ``data``, as lines."""
        self.session.receive_data(data)
        return self.replies()

    def replies(self) -> list[bytes]:
        """What the session has to send, until there is no more."""
        data = self.session.data_to_send()
        while self.session.stalled:
            self.session.resume_output()
            data += self.session.data_to_send()
        return data.splitlines(keepends=True)
