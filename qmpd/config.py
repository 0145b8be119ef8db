"""What a virtual machine is started with, whichever command line it came from.

Values are as the user gave them, parsed but not judged: whether a size fits or a type exists is for the
model to say, in QEMU's order and words. ``origin`` is the option as QEMU quotes it in front of an error
(``-device pc-dimm,foo=1``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class OptionArguments:
    """One ``-object``, ``-device``, ``-numa`` …: its members, and how to read them.

    ``typed`` is true when they came as JSON, so that values obey their JSON type; otherwise every value is a
    string in QEMU's option syntax.
    """

    values: dict[str, Any]
    origin: str
    typed: bool = False


@dataclass(frozen=True, slots=True)
class ChardevConfig:
    """One character device that a monitor can use.

    ``backend`` is ``socket``, ``stdio``, ``null``, ``pty`` or ``file``. For a socket: ``path``, or ``host`` and
    ``port``, or ``fd``; ``server`` and ``wait`` as QEMU's options of that name.
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


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """One monitor on a character device: QMP (``control``) or HMP (``readline``)."""

    chardev: str
    origin: str
    control: bool = True
    pretty: bool = False


@dataclass(slots=True)
class VmConfig:
    """A virtual machine before it exists. Sizes are bytes; ``None`` means not given."""

    program: str = "qmpd"
    name: str | None = None
    uuid: str | None = None
    machine: str | None = None
    machine_options: dict[str, Any] = field(default_factory=dict)
    machine_origin: str = ""
    memory_size: int | None = None
    memory_slots: int | None = None
    memory_max: int | None = None
    memory_origin: str = ""
    cpu: str | None = None
    smp: dict[str, Any] = field(default_factory=dict)
    accelerators: list[str] = field(default_factory=list)
    numa: list[OptionArguments] = field(default_factory=list)
    objects: list[OptionArguments] = field(default_factory=list)
    devices: list[OptionArguments] = field(default_factory=list)
    globals: list[tuple[str, str, str]] = field(default_factory=list)
    chardevs: list[ChardevConfig] = field(default_factory=list)
    monitors: list[MonitorConfig] = field(default_factory=list)
    actions: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    preconfig: bool = False
    default_devices: bool = True
    pidfile: str | None = None
    daemonize: bool = False
