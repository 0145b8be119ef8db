"""One virtual machine in one process: start, serve, end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from qmpd import errors, log
from qmpd.chardev import ChardevStatus
from qmpd.clock import Clock
from qmpd.config import ChardevConfig, MonitorConfig, Phase, VmConfig
from qmpd.descriptors import FdSets
from qmpd.errors import QemuError, StartupError
from qmpd.options.report import Report
from qmpd.server import process, systemd
from qmpd.server.clock import LoopClock, StandingClock
from qmpd.server.connection import Monitors
from qmpd.server.doors import Door, Hall, ListeningDoor, open_door
from qmpd.server.polling import PollingSelector

if TYPE_CHECKING:
    from qmpd.server.seams import VirtualMachine

_FAREWELL_SECONDS = 0.05  # for clients to take what they still get when the machine has ended

_PIPE_SIZE = 64 << 10

MakeVm: TypeAlias = "Callable[[VmConfig, Clock], VirtualMachine]"


def serve(config: VmConfig, make_vm: MakeVm | None = None, on_ready: Callable[[], None] | None = None) -> int:
    """Run a virtual machine until it ends and return the exit status; ``on_ready`` is called when clients may come.

    What prevents the start is told on stderr in QEMU's form. With ``daemonize`` this returns in the background only.
    """
    process.hold_signals()
    try:
        daemon = process.Daemon() if config.daemonize else None
        pidfile = process.PidFile(config.pidfile) if config.pidfile else None
        try:
            return _serve(config, make_vm or _vm, daemon, on_ready)
        finally:
            if pidfile is not None:
                pidfile.remove()
    except QemuError as error:
        Report.of(config).error("", error)
        return 1


def _vm(config: VmConfig, clock: Clock) -> VirtualMachine:
    from qmpd.host import this_host
    from qmpd.server.threads import ParkedThreads
    from qmpd.vm import Vm

    report = Report.of(config)
    host = this_host(ParkedThreads(config.names_threads))
    return Vm(config, clock, on_warning=report.warning, on_complaint=report.error, host=host)


def _serve(
    config: VmConfig, make_vm: MakeVm, daemon: process.Daemon | None, on_ready: Callable[[], None] | None
) -> int:
    doors: list[Door] = []
    loop = asyncio.SelectorEventLoop(PollingSelector())
    try:
        fd_sets = FdSets(config.fds)
        _open_doors(config, doors, fd_sets)
        vm = make_vm(config, StandingClock(loop) if config.extras.manual_clock else LoopClock(loop))
        vm.fd_sets = fd_sets
        if config.display.get("type") == "curses" and not os.isatty(1):
            Report.of(config).plain(errors.ui.NO_TERMINAL)
            return 1
        process.check_privileges(config)
        server = _Server(config, loop, vm, doors)
        loop.call_soon(server.start)
        for ready in (daemon.ready if daemon else None, on_ready, lambda: systemd.notify("READY=1")):
            if ready is not None:
                loop.call_soon(ready)
        loop.run_forever()
        return server.status
    except StartupError as failure:
        Report.of(config).startup_error(failure)  # while the doors are open: who sees one close reads what was said
        return 1
    finally:
        for door in doors:
            door.close()
        loop.close()


def _open_doors(config: VmConfig, doors: list[Door], fd_sets: FdSets) -> None:
    from qmpd.model.machine_type import find_type

    find_type(config)
    config.raise_problems(Phase.BACKENDS)
    monitors = _monitors_by_chardev(config)
    for chardev in config.chardevs:
        door = open_door(chardev, monitors.get(chardev.id), fd_sets)
        doors.append(door)
        if isinstance(door, ListeningDoor) and chardev.wait:
            process.release_signals()
            door.wait(Report.of(config))
            process.hold_signals()


def _monitors_by_chardev(config: VmConfig) -> dict[str, MonitorConfig]:
    """Which monitor a client of a character device talks to; behind a mux, the first one."""
    base_of = {chardev.id: chardev.base for chardev in config.chardevs if chardev.base}
    monitors: dict[str, MonitorConfig] = {}
    if config.qtest is not None:
        monitors[config.qtest] = MonitorConfig(config.qtest, "", control=False, qtest=True)
    for monitor in config.monitors:
        monitors.setdefault(monitor.chardev, monitor)
        monitors.setdefault(base_of.get(monitor.chardev, monitor.chardev), monitor)
    return monitors


class _Server:
    """What goes on between the start and the end."""

    def __init__(
        self, config: VmConfig, loop: asyncio.AbstractEventLoop, vm: VirtualMachine, doors: list[Door]
    ) -> None:
        self._report = Report.of(config)
        self._tested = config.qtest is not None
        self._loop = loop
        self._vm = vm
        self._doors = doors
        self._monitors = Monitors(vm, config.name or config.program)
        self._ending = False
        self.status = 0
        self._hall = Hall(loop, self._monitors, self._report)
        vm.chardevs = [door.status for door in doors]
        vm.open_door = self._open_door
        vm.close_door = self._close_door
        vm.await_pipe = self._await_pipe
        vm.on_exit = self._end
        vm.on_death = self._die
        loop.set_exception_handler(_report_fault)

    def start(self) -> None:
        process.watch_signals(lambda *who: self._loop.call_soon_threadsafe(self._signalled, *who))
        for door in self._doors:
            door.start(self._hall)

    def _open_door(self, config: ChardevConfig) -> ChardevStatus:
        try:
            door = open_door(config, None, self._vm.fd_sets)
        except StartupError as failure:
            raise failure.errors[0] from None
        self._doors.append(door)
        door.start(self._hall)
        return door.status

    def _close_door(self, label: str) -> None:
        for door in [door for door in self._doors if door.status.label == label]:
            self._doors.remove(door)
            door.close()

    def _await_pipe(self, path: str, done: Callable[[bytes], None]) -> None:
        """Read a named pipe until its writers have come and gone; ``done`` gets what they wrote. Raises OSError."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        pieces: list[bytes] = []

        def readable() -> None:
            piece = os.read(descriptor, _PIPE_SIZE)
            if piece:
                pieces.append(piece)
                return
            self._loop.remove_reader(descriptor)
            os.close(descriptor)
            done(b"".join(pieces))

        self._loop.add_reader(descriptor, readable)

    def _signalled(self, number: int, pid: int) -> None:
        if self._ending:
            return
        if not self._tested:
            self._report.error("", process.terminated_by(number, pid))
        self._vm.request_shutdown("host-signal")
        self._end(0)  # whatever the machine is told to do when its guest powers off, a signal ends the process

    def _end(self, status: int) -> None:
        if not self._ending:
            self._ending = True
            self.status = status
            # not now: this may be the middle of a request whose reply is still to come
            self._loop.call_soon(self._close)

    def _die(self, signal: str) -> None:
        for connection in self._monitors.connections:
            connection.push()
        process.die(signal)

    def _close(self) -> None:
        systemd.notify("STOPPING=1")
        for door in self._doors:
            door.close()
        self._monitors.on_empty = self._loop.stop
        if self._monitors.connections:
            self._loop.call_later(_FAREWELL_SECONDS, self._loop.stop)
            self._monitors.finish()
        else:
            self._loop.stop()


def _report_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("internal fault", detail=context.get("message"), exc_info=context.get("exception"))
