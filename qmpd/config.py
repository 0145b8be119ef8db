"""What a virtual machine is started with, whichever command line it came from.

Values are as the user gave them, parsed but not judged: whether a size fits or a type exists is for the
model to say, in QEMU's order and words. ``origin`` is the option as QEMU quotes it in front of an error
(``-device pc-dimm,foo=1``), ``:FILE:LINE`` for a configuration file, or empty where QEMU names none.

Nothing here is a dataclass: every start of the daemon waits for this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from qmpd.errors import QemuError, StartupError
from qmpd.named import NamedTuple


class OptionArguments(NamedTuple):
    """One ``-object``, ``-device``, ``-numa`` …: its members, and how to read them.

    ``typed`` is true when the values obey their JSON type, because they came as JSON or are converted already;
    otherwise every value is a string in QEMU's option syntax. ``error`` is what is wrong with them, to be raised
    by whoever uses them, when their turn comes; then there are no values.
    """

    values: dict[str, Any]
    origin: str
    typed: bool = False
    error: QemuError | None = None

    def check(self) -> None:
        """Raise StartupError if there is an error."""
        if self.error is not None:
            raise StartupError(self.origin, self.error)


class ChardevConfig(NamedTuple):
    """One character device.

    ``backend`` is ``socket``, ``stdio``, ``null``, ``pty``, ``file``, ``mux`` or another of QEMU's, which nothing here
    reads or writes. For a socket: ``path``, or ``host`` and ``port``, or ``fd``; ``server`` and ``wait`` as QEMU's
    options of that name. For a file: ``path`` and ``append``, and ``input`` to read from. For a mux: the ``base`` that
    it shares among several. For a ring buffer: its ``size`` in bytes. Any may write what is said to a ``logfile``.
    On a terminal some keys make a ``signal``. Of a console for text: its size is ``fixed``.
    ``complaint`` is what else is said when it cannot be opened.
    """

    id: str
    backend: str
    origin: str
    path: str = ""
    host: str = ""
    port: str = ""
    fd: int | None = None
    server: bool = False
    wait: bool = True
    reconnect_ms: int = 0
    mode: int | None = None
    many: bool = False
    append: bool = False
    telnet: bool = False
    base: str = ""
    input: str = ""
    logfile: str = ""
    log_append: bool = False
    size: int = 65536
    signal: bool = True
    fixed: bool = False
    complaint: str = ""


class MonitorConfig(NamedTuple):
    """One monitor on a character device: QMP (``control``) or HMP (``readline``); or the test protocol (``qtest``)."""

    chardev: str
    origin: str
    control: bool = True
    pretty: bool = False
    qtest: bool = False


class FdConfig(NamedTuple):
    """An inherited descriptor that goes into the set ``/dev/fdset/SET``."""

    fd: int
    set: int
    opaque: str | None


class Extras(NamedTuple):
    """What QEMU does not have.

    ``guest`` is the name of a shipped behaviour, or a file; ``faults`` and ``stubs`` are files, or empty; ``identity``
    is the name of a shipped catalogue, or a file, or empty for the usual one. With ``manual_clock`` time stands still
    but for ``x-qmpd-clock-advance``; commands of that kind exist with ``control``. ``host`` says what the simulated
    host has (fields of ``Host`` in model/hostmem_host.py) where that is not the usual.
    """

    guest: str = "firmware"
    manual_clock: bool = False
    control: bool = False
    faults: str = ""
    stubs: str = ""
    identity: str = ""
    host: Mapping[str, int] = {}


class Phase(IntEnum):
    """The steps of QEMU's start, in order, at which an option can turn out to be wrong (system/vl.c, qemu_init())."""

    SETUP = 1
    """Before the machine's type is looked up."""
    BACKENDS = 2
    """The type exists; character devices are created."""
    SOUND = 3
    """Character devices, the first objects and images are there."""
    ACCELERATORS = 4
    LATE_BACKENDS = 5
    """Monitors, serial ports, network: after the accelerator."""


class Problem(NamedTuple):
    """Something wrong with the options that shows only at ``phase``."""

    phase: Phase
    failure: StartupError


class VmConfig:
    """A virtual machine before it exists. Sizes are bytes; ``None`` means not given.

    ``machine_order`` is in which order the machine is told of its properties, those with a place of their own included.
    ``machine_options`` are the machine's properties as strings, or as dicts and lists of them (``sgx-epc.0.node=0``),
    without those that have a place of their own here. ``machine_errors`` is what is wrong with one of them.
    ``early_objects``, which come before those are set, ``objects`` and ``devices`` stand in the order in which QEMU
    creates them. ``accels`` are the accelerators to try, with their properties. ``serials`` and ``parallels`` name the
    character device of each port, None for a port left out; ``qtest`` names that of the test protocol. ``ignored``
    lists the options that exist in QEMU and mean nothing here.
    """

    def __init__(self, program: str = "qmpd") -> None:
        self.program = program
        self.name: str | None = None
        self.names_threads = False
        self.uuid: str | None = None
        self.machine: str | None = None
        self.machine_options: dict[str, Any] = {}
        self.machine_order: list[str] = []
        self.machine_origin = ""
        self.memory_size: int | None = None
        self.memory_slots: int | None = None
        self.memory_max: int | None = None
        self.memory_origin = ""
        self.memory_backend: str | None = None
        self.mem_path: str | None = None
        self.mem_prealloc = False
        self.cpu: str | None = None
        self.smp: dict[str, Any] = {}
        self.boot: dict[str, Any] = {}
        self.accels: list[OptionArguments] = []
        self.numa: list[OptionArguments] = []
        self.early_objects: list[OptionArguments] = []
        self.objects: list[OptionArguments] = []
        self.devices: list[OptionArguments] = []
        self.globals: list[tuple[str, str, str]] = []
        self.drives: list[OptionArguments] = []
        self.blockdevs: list[OptionArguments] = []
        self.netdevs: list[OptionArguments] = []
        self.nics: list[OptionArguments] = []
        self.nets: list[OptionArguments] = []
        self.default_network = False
        self.usb_devices: list[tuple[str, str]] = []
        self.audiodevs: list[OptionArguments] = []
        self.default_audiodev = ""
        self.sound_card: tuple[str, str] | None = None
        self.fsdevs: list[OptionArguments] = []
        self.tpmdevs: list[OptionArguments] = []
        self.firmware_files: list[OptionArguments] = []
        self.counts_instructions = False
        self.user: int | None = None
        self.chroot: str | None = None
        self.vnc: list[OptionArguments] = []
        self.display: dict[str, Any] = {}
        self.vga: str | None = None
        self.chardevs: list[ChardevConfig] = []
        self.monitors: list[MonitorConfig] = []
        self.serials: list[str | None] = []
        self.parallels: list[str | None] = []
        self.fds: list[FdConfig] = []
        self.actions: dict[str, str] = {}
        self.rtc: dict[str, str] = {}
        self.compat: dict[str, str] = {}
        self.incoming: str | None = None
        self.qtest: str | None = None
        self.qtest_log: str | None = None
        self.stopped = False
        self.preconfig = False
        self.default_devices = True
        self.pidfile: str | None = None
        self.daemonize = False
        self.message_timestamp = False
        self.message_guest_name = False
        self.extras = Extras()
        self.ignored: list[str] = []
        self.problems: list[Problem] = []
        self.machine_errors: dict[str, QemuError] = {}

    @property
    def asks_board(self) -> bool:
        """Whether the board may have to make devices by itself."""
        return bool(
            self.default_devices
            or self.drives
            or self.serials
            or self.parallels
            or self.vga
            or self.nics
            or self.nets
            or self.sound_card
            or self.machine_options.get("usb") not in (None, "off", "no", "false", "n")
        )

    def add_problem(self, phase: Phase, origin: str, *reasons: QemuError) -> None:
        """Keep a mistake until ``phase``."""
        self.problems.append(Problem(phase, StartupError(origin, *reasons)))

    def raise_problems(self, phase: Phase) -> None:
        """Raise the first StartupError that QEMU would have met by the end of ``phase``, if there is one."""
        met = [problem for problem in self.problems if problem.phase <= phase]
        if met:
            raise min(met, key=lambda problem: problem.phase).failure
