"""Whether the virtual CPUs run, and what stops them for good (system/runstate.c, system/cpus.c)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from qmpd import errors


class State(StrEnum):
    """The values of ``query-status``'s ``status`` that a machine here can have (RunState in qapi/run-state.json)."""

    PRELAUNCH = "prelaunch"
    RUNNING = "running"
    PAUSED = "paused"
    SHUTDOWN = "shutdown"
    SUSPENDED = "suspended"
    GUEST_PANICKED = "guest-panicked"


class RunState:
    """The state and its transitions. ``emit`` takes an event's name and data; ``end`` an exit status."""

    def __init__(
        self,
        emit: Callable[[str, dict[str, Any] | None], None],
        end: Callable[[int], None],
        on_reset: Callable[[], None],
        actions: dict[str, str],
    ) -> None:
        self.state = State.PRELAUNCH
        self.actions = {"reboot": "reset", "shutdown": "poweroff", "panic": "shutdown", "watchdog": "reset"} | actions
        self._emit = emit
        self._end = end
        self._on_reset = on_reset

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING

    def cont(self) -> None:
        """Let the CPUs run. Raises QEMU's text after a shutdown."""
        if self.state is State.SHUTDOWN:
            raise errors.reset_required()
        if self.state is State.SUSPENDED or self.running:
            return
        self.state = State.RUNNING
        self._emit("RESUME", None)

    def stop(self, into: State = State.PAUSED) -> None:
        """Stop the CPUs; when they do not run this changes nothing and says nothing."""
        if self.running:
            self.state = into
            self._emit("STOP", None)

    def reset(self, reason: str, *, guest: bool = False) -> None:
        """Reset the machine, or shut it down when that is what a reboot shall do."""
        if self.actions["reboot"] == "shutdown":
            self.shutdown(reason, guest=guest)
            return
        self._on_reset()
        self._emit("RESET", {"guest": guest, "reason": reason})
        if not self.running:
            self.state = State.PRELAUNCH

    def shutdown(self, reason: str, *, guest: bool = False, status: int = 0) -> None:
        """End the machine, or only stop it when that is what a shutdown shall do."""
        self._emit("SHUTDOWN", {"guest": guest, "reason": reason})
        if self.actions["shutdown"] == "pause" and reason not in ("host-qmp-quit", "host-signal"):
            self.stop(State.SHUTDOWN)
            self.state = State.SHUTDOWN
        else:
            self._end(status)

    def powerdown(self) -> None:
        """Press the power button."""
        self._emit("POWERDOWN", None)

    def wakeup(self) -> None:
        """Wake a suspended guest. Raises QEMU's text when it is not suspended."""
        if self.state is not State.SUSPENDED:
            raise errors.not_suspended()
        self.state = State.RUNNING
        self._emit("WAKEUP", None)
