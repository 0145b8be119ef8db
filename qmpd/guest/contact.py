"""What passes between a machine and its guest. What each can ask of the other is in ``ports.py``."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum, StrEnum

from qmpd.named import NamedTuple


class Work(Enum):
    """What a slot asks of the guest."""

    INSERT = "insert"
    EJECT = "eject"


class Seated(NamedTuple):
    """What is in a slot as its guest sees it. ``name`` is its id, or its path without one.

    ``addr`` and ``size`` of a DIMM are bytes; a CPU has neither.
    """

    name: str
    addr: int = 0
    size: int = 0


class Slot(NamedTuple):
    """A PCI slot: ``number`` on what the machine knows as ``bus``."""

    bus: Hashable
    number: int


class Quirk(StrEnum):
    """Faults of QEMU 10.0.2 that the machine shows only if its guest's behaviour names them.

    ABORT_ON_RESET: it dies of a system reset while ACPI waits for the removal of a virtio-mem or a balloon.
    ABORT_ON_SIZE: it dies of a memory-backend-ram whose size rounds up to 2⁶⁴.
    """

    ABORT_ON_RESET = "abort-on-reset"
    ABORT_ON_SIZE = "abort-on-size"


class Nobody:
    """The guest of a machine that has none yet."""

    quirks: tuple[Quirk, ...] = ()

    def milliseconds(self) -> int:
        return 0

    def cpus_run(self) -> None: ...

    def cpus_stop(self) -> None: ...

    def machine_reset(self) -> None: ...

    def memory_interrupt(self) -> None: ...

    def cpu_interrupt(self) -> None: ...

    def pci_interrupt(self) -> None: ...

    def slot_filled(self, slot: Slot) -> None: ...

    def slot_button(self, slot: Slot) -> None: ...

    def device_wants(self, name: str) -> None: ...

    def power_button(self) -> None: ...
