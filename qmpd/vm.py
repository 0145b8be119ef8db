"""A virtual machine: one machine, its monitors' sessions and its clock. A process may hold one or thousands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.chardev import ChardevStatus
from qmpd.clock import Clock, ManualClock
from qmpd.commands.context import Context
from qmpd.commands.dispatch import dispatch
from qmpd.config import ChardevConfig, OptionArguments, Phase, VmConfig
from qmpd.descriptors import FdSets, NamedDescriptors, inherited
from qmpd.errors import NotYet, QemuError, StartupError
from qmpd.event import Event
from qmpd.guest.behaviour import BadBehaviour, Behaviour, load
from qmpd.guest.guest import SimulatedGuest
from qmpd.host import this_host
from qmpd.model import machine_init, ram
from qmpd.model.guest_side import GuestSide
from qmpd.model.hostmem_host import Host
from qmpd.model.machine import Machine
from qmpd.model.objects import object_add
from qmpd.model.qdev import device_add
from qmpd.rules import DuplicateRule
from qmpd.schemas.documents import BadDocument
from qmpd.wire.session import Session
from qmpd.wire.throttle import Throttle

if TYPE_CHECKING:
    from qmpd.faults.faults import Faults
    from qmpd.stubs import Stub
    from qmpd.wire.human import HumanMonitor, HumanSession
    from qmpd.wire.mux import Mux
    from qmpd.wire.qtest import QtestSession


class Vm:
    """Building one raises StartupError where QEMU would not start.

    ``on_exit`` is called with the exit status when the machine has ended, ``on_death`` with the signal that kills it;
    ``on_warning`` with the option that a warning is about (empty if none) and its text, ``on_complaint`` with an option
    and what is wrong with it although the machine starts.
    ``await_pipe`` reads a named pipe to its end and then calls back; without it a command that needs one waits for it.
    ``host`` has the memory: without one it is plenty, and the files are those of the disk. ``open_door`` and
    ``close_door`` open and close what is behind a character device; by themselves they do nothing.
    """

    def __init__(
        self,
        config: VmConfig,
        clock: Clock,
        on_warning: Callable[[str, str], None] = lambda origin, text: None,
        on_complaint: Callable[[str, QemuError], None] = lambda origin, error: None,
        host: Host | None = None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.on_exit: Callable[[int], None] | None = None
        self.chardevs: list[ChardevStatus] = [
            ChardevStatus(chardev.id, chardev.backend, frontend_open=False) for chardev in config.chardevs
        ]
        self.open_door: Callable[[ChardevConfig], ChardevStatus] = lambda chardev: ChardevStatus(
            chardev.id, chardev.backend, frontend_open=False
        )
        self.close_door: Callable[[str], None] = lambda label: None
        self.await_pipe: Callable[[str, Callable[[bytes], None]], None] | None = None
        self.fd_sets = FdSets()
        self.on_death: Callable[[str], None] | None = None
        self._sessions: list[Session] = []
        self._humans: list[HumanSession] = []
        self._human_monitors: dict[str, HumanMonitor] = {}
        self._faults: Faults | None = None
        self._throttle = Throttle(clock, self._deliver)
        self._ended = False
        self._arrived: dict[str, bytes] = {}
        self._waits = False
        self._origin = ""
        self._complain = on_complaint
        self.stubs = _stubs(config.extras.stubs) if config.extras.stubs else {}
        self.machine = Machine(
            config,
            emit=self._emit,
            end=self._end,
            warn=lambda text: on_warning(self._origin, text),
            say=lambda origin, error: on_complaint(origin or self._origin, error),
            host=_simulated(host or this_host(), config),
        )
        self.guest = SimulatedGuest(GuestSide(self.machine, clock.call_later), clock, _behaviour(config.extras.guest))
        self.machine.guest = self.guest
        self.control = config.extras.control
        if config.extras.faults:
            self._faults = _faults(config.extras.faults, clock, self.die)
        self.machine.die = self.die
        self.machine.give_up = self.give_up
        self.machine.later = partial(clock.call_later, 0.0)
        self.machine.after = clock.call_later
        self.machine.wall_clock = self._wall_clock(clock)
        self.machine.read_file = self._read_file
        self.machine.chardev_filename = self._chardev_filename
        self.machine.close_chardev = self.close_chardev
        if "window-close" in config.display:
            self._complain("", errors.ui.window_not_closed())
        self._create_objects(config.early_objects)
        if config.fsdevs:
            from qmpd.model import sharing

            self._give(config.fsdevs, sharing.add)
        self._open_images()
        config.raise_problems(Phase.SOUND)
        machine_init.configure(self.machine)
        self._connect_network()
        self._create_objects(config.objects)
        if config.memory_backend is not None:
            self._blame("", ram.use_backend, self.machine, config.memory_backend)
        if config.tpmdevs:
            from qmpd.model import tpm

            tpm.add(self.machine, config.tpmdevs)
        config.raise_problems(Phase.LATE_BACKENDS)
        self._blame("", machine_init.take_cpu_options, self.machine)
        for numa in config.numa:
            numa.check()
            self._blame(numa.origin, self.machine.numa.set_node, self.machine, numa.values)
        if not config.preconfig:
            self.leave_preconfig()

    def _wall_clock(self, clock: Clock) -> Callable[[], int]:
        """What the guest's clock on the wall shows, in seconds since 1970."""
        base = self.config.rtc.get("base", "utc")
        if base == "utc":
            return lambda: clock.now()[0]
        from qmpd.model import rtc

        return rtc.wall_clock(base, lambda: clock.now()[0])

    def _chardev_filename(self, label: str) -> str:
        return next(status.filename for status in self.chardevs if status.label == label)

    def _open_images(self) -> None:
        """Block nodes and drives; most machines have none."""
        if self.config.blockdevs:
            from qmpd.model.block.opening import add_node

            for arguments in self.config.blockdevs:
                self._blame(arguments.origin, add_node, self.machine.block, arguments.values)
        if self.config.drives:
            from qmpd.model.block.legacy import add_drive

            for arguments in self.config.drives:
                self._blame(arguments.origin, self._add_drive, add_drive, arguments)
        if self.machine.board is not None:
            self.machine.board.add_default_drives()

    def _add_drive(self, add: Callable[..., dict[str, Any] | None], arguments: OptionArguments) -> None:
        device = add(self.machine.block, arguments.values, self.machine.default_interface, arguments.origin)
        if device is not None:
            self.config.devices.append(OptionArguments(device, arguments.origin))

    def _connect_network(self) -> None:
        for arguments in self.config.netdevs:
            arguments.check()
            self._blame(arguments.origin, self.machine.network.add, arguments.values, inherited)
        if self.config.nics or self.config.nets:
            from qmpd.model.nics import add_net, add_nic

            for arguments in self.config.nics:
                arguments.check()
                self._blame(arguments.origin, add_nic, self.machine, *arguments.values.values(), inherited)
            for arguments in self.config.nets:
                arguments.check()
                self._blame(arguments.origin, add_net, self.machine, arguments.values, inherited)

    def _create_objects(self, objects: list[OptionArguments]) -> None:
        for arguments in objects:
            arguments.check()
            self._blame("", object_add, self.machine, arguments.values)

    def _blame(self, origin: str, step: Callable[..., object], *arguments: Any) -> None:
        """Do one step of the start; what goes wrong is the option's fault."""
        self._origin = origin
        try:
            step(*arguments)
        except QemuError as error:
            raise StartupError(origin, error) from None
        self._origin = ""

    def _give(self, options: list[OptionArguments], take: Callable[[Machine, dict[str, Any]], None]) -> None:
        for given in options:
            self._blame(given.origin, take, self.machine, given.values)

    def _build(self) -> None:
        machine = self.machine
        machine_init.initialize(machine)
        if machine.board is not None:
            self._blame("", machine.board.make)
            if self.config.sound_card is not None:
                self._blame("", machine.board.plug_sound_card, *self.config.sound_card)
        if self.config.firmware_files:
            from qmpd.model import fw_cfg

            self._give(self.config.firmware_files, fw_cfg.add)
        if machine.board is not None:
            for name, origin in self.config.usb_devices:
                self._blame(origin, machine.board.plug_usb, name)
        for arguments in self.config.devices:
            arguments.check()
            self._blame(arguments.origin, device_add, machine, arguments.values, arguments.typed)
        if machine.board is not None:
            self._check_orphans(machine.board.orphans())
        if "network" in vars(machine) and not self.config.default_network:
            for text in machine.network.lonely():
                machine.warn(text)
        unused = machine.board.unused_display() if machine.board is not None else None
        if unused is not None:
            machine.warn(unused)
        for display in self.config.vnc:
            if not _is_usual(display.values, self.config.audiodevs):
                from qmpd.model import vnc

                self._blame(display.origin, vnc.check, machine, display.values)
        machine_init.become_ready(machine)

    def _check_orphans(self, orphans: list[StartupError]) -> None:
        """Raise the last one after all others have been told."""
        for orphan in orphans[:-1]:
            self._complain(orphan.origin, orphan.errors[0])
        if orphans:
            raise orphans[-1]

    def leave_preconfig(self) -> None:
        """Build the machine, and let it run unless it shall wait, for ``cont`` or to come. Raises StartupError."""
        self._build()
        if not self.config.stopped:
            self.machine.run.cont()

    def exit_preconfig(self) -> None:
        """The same because a client said so, who gets no answer if the machine cannot be built: that is the end."""
        try:
            self.leave_preconfig()
        except StartupError as failure:
            for error in failure.errors[:-1]:
                self._complain(failure.origin, error)
            self.give_up(failure.errors[-1], failure.origin)

    # Sessions

    def open_session(self, pretty: bool = False) -> Session:
        """A session for a client that has just come; the caller greets it."""

        def run(name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
            return dispatch(context, name, arguments, out_of_band)

        session = Session(run, self.machine.catalogue.version, pretty=pretty)
        session.descriptors = NamedDescriptors()
        context = Context(self.machine, session, self)
        self._sessions.append(session)
        if self._waits:
            session.block()
        if self._faults is not None:
            self._faults.attach(session)
        return session

    def open_human(self, chardev: str) -> HumanSession:
        """A session for a client of the human monitor on that character device."""
        from qmpd.commands import hmp
        from qmpd.commands.hmp import completion
        from qmpd.wire.human import HumanMonitor, HumanSession
        from qmpd.wire.lineedit import Completions

        monitor = self._human_monitors.get(chardev) or HumanMonitor(_mux(self.config, chardev))
        self._human_monitors[chardev] = monitor

        def run(line: str) -> str:
            return hmp.run(context, line, monitor.cpu, monitor.choose_cpu)

        def complete(start: bytes) -> Completions:
            typed, words = completion.complete(context, start.decode(errors="surrogateescape"))
            return Completions(typed, [word.encode() for word in words])

        session = HumanSession(run, complete, self.machine.catalogue.version_number, monitor)
        session.descriptors = NamedDescriptors()
        context = Context(self.machine, session, self)
        self._humans.append(session)
        if self._waits:
            session.block()
        return session

    def open_qtest(self) -> QtestSession:
        """A session for a client of the test protocol."""
        from qmpd.commands.qom import has_device  # no other start needs these
        from qmpd.wire.qtest import QtestSession

        return QtestSession(partial(has_device, self.machine), clocked=self.machine.accelerator == "qtest")

    def close_session(self, session: Session | HumanSession | QtestSession) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
            session.descriptors.close_all()
            if self._faults is not None:
                self._faults.detach(session)
        elif session in self._humans:
            self._humans.remove(session)
            session.descriptors.close_all()

    @property
    def faults(self) -> Faults:
        """What goes wrong on the wire; until somebody asks for it nothing does, and nobody looks."""
        if self._faults is None:
            from qmpd.faults.faults import Faults

            self._faults = Faults(self.clock, self.die)
            for session in self._sessions:
                self._faults.attach(session)
        return self._faults

    def open_chardev(self, chardev: ChardevConfig) -> ChardevStatus:
        """Open a character device while the machine is there. Raises QemuError."""
        status = self.open_door(chardev)
        self.chardevs.append(status)
        return status

    def close_chardev(self, label: str) -> None:
        self.chardevs = [status for status in self.chardevs if status.label != label]
        self.close_door(label)

    def advance_clock(self, seconds: float) -> None:
        """Let ``seconds`` pass at once; what is due in them has happened then. Raises QemuError."""
        if not isinstance(self.clock, ManualClock):
            raise errors.extras.clock_goes_by_itself()
        self.clock.advance(seconds)

    # Waiting for somebody outside, as QEMU does with its main loop

    def _read_file(self, path: str) -> bytes:
        """What a file holds. Raises OSError, and NotYet while no monitor shall be answered but out of band."""
        images = self.machine.host.images
        if path in self._arrived:
            return self._arrived[path]
        if self.await_pipe is None or not images.is_pipe(path):
            return images.read(path)
        self.await_pipe(path, partial(self._arrive, path))
        self._waits = True
        for session in self._sessions:
            session.block()
        for human in self._humans:
            human.block()
        raise NotYet

    def _arrive(self, path: str, data: bytes) -> None:
        self._arrived[path] = data
        self._waits = False
        for session in sorted(self._sessions, key=lambda session: not session.interrupted):
            session.unblock()
            self._arrived.clear()
        for human in list(self._humans):
            human.unblock()

    # Events and the end

    def _emit(self, name: str, data: dict[str, Any] | None) -> None:
        self._throttle.send(Event(name, data, *self.clock.now()))

    def _deliver(self, event: Event) -> None:
        if self._faults is not None:
            self._faults.deliver(event)
            return
        for session in self._sessions:
            session.emit(event)

    def request_shutdown(self, reason: str) -> None:
        """End the machine from outside."""
        if not self._ended:
            self.machine.run.shutdown(reason)

    def _end(self, status: int) -> None:
        if self._ended:
            return
        self._ended = True
        for session in self._sessions:
            session.close_after_reply()
        for human in self._humans:
            human.abandon()
        if self.on_exit is not None:
            self.on_exit(status)

    def give_up(self, failure: QemuError, origin: str = "") -> None:
        """Say what is wrong and exit; clients get no answer. A start without clients fails by itself."""
        if not self._sessions and not self._humans:
            return
        self._complain(origin, failure)
        for session in self._sessions:
            session.abandon()
        self._end(1)

    def die(self, signal: str) -> None:
        """End as a process that gets this signal: nobody is told, nothing is cleaned up."""
        if self._ended:
            return
        self._ended = True
        if self.on_death is not None:
            self.on_death(signal)
        for session in self._sessions:
            session.abandon()
        for human in self._humans:
            human.abandon()


def _is_usual(vnc: Mapping[str, Any], sounds: list[OptionArguments]) -> bool:
    """Whether nothing can be wrong with VNC options, as with those that libvirt usually gives."""
    _, colon, display = vnc.get("vnc", "").rpartition(":")
    if not (colon and display.isdecimal() and len(display) < 5 and vnc.keys() <= {"id", "vnc", "password", "audiodev"}):
        return False
    return "audiodev" not in vnc or any(sound.values.get("id") == vnc["audiodev"] for sound in sounds)


def _stubs(path: str) -> Mapping[str, Stub]:
    from qmpd import stubs

    try:
        return stubs.load(path)
    except BadDocument as problem:
        raise StartupError("", errors.extras.bad_stubs(str(problem))) from None


def _mux(config: VmConfig, chardev: str) -> Mux | None:
    """What stands in front of a monitor on that character device, if others may use it as well."""
    from qmpd.wire.mux import Mux

    chardevs = {one.id: one for one in config.chardevs}
    device = chardevs.get(chardev)
    if device is None or device.backend != "mux":
        return None
    base = chardevs[device.base]
    ports = [] if config.machine == "none" else [*config.serials, *config.parallels]
    return Mux(ports.count(chardev), early=base.backend == "socket" and base.server and not base.wait)


def _faults(path: str, clock: Clock, kill: Callable[[str], None]) -> Faults:
    from qmpd.faults.fault import load
    from qmpd.faults.faults import Faults

    try:
        return Faults(clock, kill, load(path))
    except BadDocument as problem:
        raise StartupError("", errors.faults.bad_document(str(problem))) from None
    except DuplicateRule as rule:
        raise StartupError("", errors.extras.rule_name_taken(str(rule))) from None


def _simulated(host: Host, config: VmConfig) -> Host:
    """``host`` with what the options say of it; one with a number of memslots has KVM, whatever is underneath."""
    changes: dict[str, Any] = dict(config.extras.host)
    if "kvm_memslots" in changes or changes.get("synic"):
        changes["kvm_fault"] = lambda path: 0
    return host._replace(**changes)


def _behaviour(name: str) -> Behaviour:
    try:
        return load(name)
    except BadBehaviour as problem:
        raise StartupError("", errors.extras.bad_behaviour(str(problem))) from None
