"""The two sides of the contact between a machine and its guest: all that either knows of the other.

Only types are here, for those who check them; nothing needs this module to run.
"""

from __future__ import annotations

from typing import Protocol

from qmpd.guest.contact import Quirk, Seated, Slot, Work


class Guest(Protocol):
    """What the machine tells its guest. None of it answers before it returns; answers come by the clock."""

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """Which faults of QEMU the machine shall show with this guest."""

    def milliseconds(self) -> int:
        """The guest's own time, which stands still while the CPUs do."""

    def cpus_run(self) -> None:
        """The CPUs run from now on."""

    def cpus_stop(self) -> None:
        """The CPUs stand still, and the guest's time with them."""

    def machine_reset(self) -> None:
        """The machine has been reset."""

    def memory_interrupt(self) -> None:
        """A DIMM slot asks for something."""

    def cpu_interrupt(self) -> None:
        """A CPU's slot asks for something."""

    def pci_interrupt(self) -> None:
        """A slot that ACPI speaks for asks for something."""

    def slot_filled(self, slot: Slot) -> None:
        """Something was plugged into a slot that speaks for itself."""

    def slot_button(self, slot: Slot) -> None:
        """The attention button of such a slot was pressed: what is in it shall go."""

    def device_wants(self, name: str) -> None:
        """A virtio device has a wish: another size, or statistics."""

    def power_button(self) -> None:
        """Somebody pressed the power button."""


class ResizableMemory(Protocol):
    """A virtio-mem as its driver sees it. Sizes and offsets into its memory are bytes."""

    block_size: int
    requested_size: int
    size: int
    """How much is plugged."""

    @property
    def label(self) -> str:
        """The id, or the path of a device without one."""

    @property
    def start(self) -> int:
        """Where its memory begins, a guest-physical address."""

    @property
    def length(self) -> int:
        """How much memory it has at most."""

    def plug_memory(self, offset: int, size: int) -> None:
        """Plug blocks that are not; no more in all than is requested."""

    def unplug_memory(self, offset: int, size: int) -> None:
        """Unplug blocks that are plugged."""


class Balloon(Protocol):
    """A balloon as its driver sees it, in pages of 4 KiB."""

    num_pages: int
    """How many pages the guest shall give."""
    polling_interval: int
    """Seconds between two wishes for statistics, 0 for none."""

    @property
    def label(self) -> str: ...

    @property
    def deflates_on_oom(self) -> bool: ...

    def set_actual(self, pages: int) -> None:
        """Say how many pages the guest has given."""

    def receive_stats(self, stats: dict[str, int], seconds: int) -> None:
        """Keep what the guest says about its memory, at that time since the epoch."""


class ReportingBalloon(Protocol):
    """Hyper-V's balloon as its driver sees it."""

    @property
    def label(self) -> str: ...

    def receive_report(self, committed: int, available: int) -> None:
        """Keep what the guest says about its memory, in bytes."""

    def forget(self) -> None:
        """Nobody reports any more."""


class PciPlatform(Protocol):
    """What a guest can see of its machine's PCI slots, and do to them."""

    def take_interrupt(self) -> bool:
        """Whether ACPI has asked for a look at the slots since the last time."""

    def take_work(self) -> list[tuple[Slot, Work]]:
        """What those slots ask for. A removal is asked for until it is done, an insertion once."""

    def eject(self, slot: Slot, delay: float) -> None:
        """Let go of what is in a slot; the last that is heard of each device is told after ``delay`` seconds."""

    def speaking_slots(self) -> list[Slot]:
        """The slots that speak for themselves and have something in them."""

    def has_power(self, slot: Slot) -> bool: ...

    def switch(self, slot: Slot, *, power: bool, blinks: bool) -> None:
        """Switch the power and the indicator of such a slot; what is in it goes when both are off."""

    def fail_removal(self, slot: Slot) -> None:
        """As if the machine could not remove what the guest has let go of."""

    def devices_in(self, slot: Slot) -> list[str]:
        """The names of what sits in a slot, then of what sits behind that."""

    def devices(self) -> list[str]:
        """The names of all devices that were plugged."""

    def resizable_memory(self) -> list[ResizableMemory]: ...

    def balloon(self) -> Balloon | None: ...


class SlotPlatform(Protocol):
    """What a guest can see of slots of one kind that ACPI speaks for, and do to them."""

    def take_interrupt(self) -> bool:
        """Whether a slot has asked for something since the last time."""

    def take_work(self) -> list[tuple[int, Work]]:
        """What the slots ask for, in their order; of one that asks for both, only the insertion is taken."""

    def seated(self, slot: int) -> Seated | None: ...

    def report_ost(self, slot: int, source: int, status: int) -> None:
        """Say how work on a slot goes (ACPI's _OST)."""

    def eject(self, slot: int) -> None:
        """Let go of what is in a slot; it is gone at once. Of an empty slot: nothing."""

    def fail_eject(self, slot: int) -> None:
        """As ``eject``, but the machine cannot remove it."""


class Platform(Protocol):
    """What a guest can do to its machine."""

    @property
    def pci(self) -> PciPlatform: ...

    @property
    def dimms(self) -> SlotPlatform: ...

    @property
    def cpus(self) -> SlotPlatform: ...

    def os_came_up(self) -> None:
        """An operating system with ACPI has taken over; from then on the CPUs' slots can be seen as well."""

    def reporting_balloon(self) -> ReportingBalloon | None: ...

    def memory_size(self) -> int:
        """The bytes of RAM, DIMMs included."""

    def reset(self) -> None: ...

    def shutdown(self) -> None: ...

    def panicked(self) -> None:
        """Tell the machine's pvpanic device that the system has crashed."""

    def suspend(self) -> None: ...
