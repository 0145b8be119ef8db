"""What a command may touch: the machine, and the session that asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from qmpd.chardev import ChardevStatus
from qmpd.config import ChardevConfig
from qmpd.descriptors import FdSets, NamedDescriptors
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qmpd.clock import Clock
    from qmpd.faults.faults import Faults
    from qmpd.guest.guest import SimulatedGuest
    from qmpd.model.machine import Machine
    from qmpd.stubs import Stub


class Monitor(Protocol):
    """The session that asked, as far as commands know it."""

    descriptors: NamedDescriptors

    def negotiate(self, enable: list[str]) -> None: ...


class Host(Protocol):
    """The process around the machine.

    ``control`` says whether the guest and the clock may be controlled; ``advance_clock`` raises QemuError with a clock
    that goes by itself.
    """

    chardevs: list[ChardevStatus]
    fd_sets: FdSets
    clock: Clock
    guest: SimulatedGuest
    control: bool
    stubs: Mapping[str, Stub]

    @property
    def faults(self) -> Faults: ...

    def open_chardev(self, chardev: ChardevConfig) -> ChardevStatus: ...

    def close_chardev(self, label: str) -> None: ...

    def advance_clock(self, seconds: float) -> None: ...

    def exit_preconfig(self) -> None: ...


class Context(NamedTuple):
    """Handed to every command."""

    machine: Machine
    monitor: Monitor
    host: Host
