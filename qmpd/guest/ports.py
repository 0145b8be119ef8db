"""The two sides of the contact between a machine and its guest: all that either knows of the other."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol


class Dimm(NamedTuple):
    """A DIMM as its guest sees it. ``name`` is its id, or its path without one; ``addr`` and ``size`` are bytes."""

    name: str
    addr: int
    size: int


class Work(Enum):
    """What a slot asks of the guest."""

    INSERT = "insert"
    EJECT = "eject"


class Guest(Protocol):
    """What the machine tells its guest. None of it answers before it returns; answers come by the clock."""

    def cpus_run(self) -> None:
        """The CPUs run from now on."""

    def cpus_stop(self) -> None:
        """The CPUs stand still, and the guest's time with them."""

    def machine_reset(self) -> None:
        """The machine has been reset."""

    def memory_interrupt(self) -> None:
        """A DIMM slot asks for something."""

    def power_button(self) -> None:
        """Somebody pressed the power button."""


class Nobody:
    """The guest of a machine that has none yet."""

    def cpus_run(self) -> None: ...

    def cpus_stop(self) -> None: ...

    def machine_reset(self) -> None: ...

    def memory_interrupt(self) -> None: ...

    def power_button(self) -> None: ...


class Platform(Protocol):
    """What a guest can do to its machine."""

    def os_came_up(self) -> None:
        """An operating system with ACPI has taken over; from then on the CPUs' slots can be seen as well."""

    def take_memory_interrupt(self) -> bool:
        """Whether a slot has asked for something since the last time."""

    def take_work(self) -> list[tuple[int, Work]]:
        """What the slots ask for, in their order; of one that asks for both, only the insertion is taken."""

    def dimm(self, slot: int) -> Dimm | None: ...

    def report_ost(self, slot: int, source: int, status: int) -> None:
        """Say how work on a slot goes (ACPI's _OST)."""

    def eject(self, slot: int) -> None:
        """Let go of a DIMM; it is gone at once. Of an empty slot: nothing."""

    def fail_eject(self, slot: int) -> None:
        """As ``eject``, but the machine cannot remove the DIMM."""

    def reset(self) -> None: ...

    def shutdown(self) -> None: ...

    def panicked(self) -> None:
        """Tell the machine's pvpanic device that the system has crashed."""

    def suspend(self) -> None: ...
