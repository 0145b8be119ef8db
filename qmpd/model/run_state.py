"""Whether the virtual CPUs run, and what stops them for good (system/runstate.c, system/cpus.c)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.guest.ports import Guest


class State(StrEnum):
    """The values of ``query-status``'s ``status`` that a machine here can have (RunState in qapi/run-state.json)."""

    INMIGRATE = "inmigrate"
    PRELAUNCH = "prelaunch"
    RUNNING = "running"
    PAUSED = "paused"
    SHUTDOWN = "shutdown"
    SUSPENDED = "suspended"
    RESTORE_VM = "restore-vm"
    GUEST_PANICKED = "guest-panicked"


class Board(Protocol):
    """What the run state moves. ``emit`` takes an event's name and data, ``end`` an exit status."""

    emit: Callable[[str, dict[str, Any] | None], None]
    end: Callable[[int], None]
    guest: Guest

    def reset_devices(self) -> None: ...


class RunState:
    """The state and its transitions. Events go out before anything else happens, and so before the reply."""

    def __init__(self, board: Board, actions: dict[str, str]) -> None:
        self._board = board
        self.state = State.PRELAUNCH
        self.has_run = False
        self.actions = {"reboot": "reset", "shutdown": "poweroff", "panic": "shutdown", "watchdog": "reset"} | actions

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING

    def cont(self) -> None:
        """Let the CPUs run. Raises QEMU's text after a shutdown."""
        if self.state is State.SHUTDOWN:
            raise errors.run_state.reset_required()
        if self.state in (State.SUSPENDED, State.INMIGRATE) or self.running:
            return
        self._run("RESUME")

    def _run(self, event: str) -> None:
        self.state = State.RUNNING
        self.has_run = True
        self._board.emit(event, None)
        self._board.guest.cpus_run()

    def _halt(self, into: State, event: str) -> None:
        self.state = into
        self._board.guest.cpus_stop()
        self._board.emit(event, None)

    def stop(self, into: State = State.PAUSED) -> None:
        """Stop the CPUs; when they do not run this changes nothing and says nothing."""
        if self.running:
            self._halt(into, "STOP")

    def reset(self, reason: str, *, guest: bool = False) -> None:
        """Reset the machine, or shut it down when that is what a reboot shall do."""
        if self.actions["reboot"] == "shutdown":
            self.shutdown(reason, guest=guest)
            return
        self._board.reset_devices()
        self._board.emit("RESET", {"guest": guest, "reason": reason})
        if not self.running and self.state is not State.INMIGRATE:
            self.state = State.PRELAUNCH
        self._board.guest.machine_reset()

    def shutdown(self, reason: str, *, guest: bool = False, status: int = 0) -> None:
        """End the machine, or only stop it when that is what a shutdown shall do."""
        self._board.emit("SHUTDOWN", {"guest": guest, "reason": reason})
        if self.actions["shutdown"] == "pause" and reason not in ("host-qmp-quit", "host-signal"):
            self.stop(State.SHUTDOWN)
            self.state = State.SHUTDOWN
        else:
            self._board.guest.cpus_stop()
            self._board.end(status)

    def powerdown(self) -> None:
        """Press the power button."""
        self._board.emit("POWERDOWN", None)
        self._board.guest.power_button()

    def wakeup(self) -> None:
        """Wake a suspended guest. Raises QEMU's text when it is not suspended."""
        if self.state is not State.SUSPENDED:
            raise errors.run_state.not_suspended()
        self._run("WAKEUP")

    def suspend(self) -> None:
        """The guest goes to sleep."""
        self._halt(State.SUSPENDED, "SUSPEND")

    def panicked(self) -> None:
        """The guest has crashed and said so; do what the machine is told to do then (qemu_system_guest_panicked())."""
        action = self.actions["panic"]
        if action == "none":
            self._board.emit("GUEST_PANICKED", {"action": "run"})
        elif action == "pause" or (action == "shutdown" and self.actions["shutdown"] == "pause"):
            self._board.emit("GUEST_PANICKED", {"action": "pause"})
            self.stop(State.GUEST_PANICKED)
        else:
            self._board.emit("GUEST_PANICKED", {"action": "poweroff"})
            self.shutdown("guest-panic", guest=True, status=int(action == "exit-failure"))
