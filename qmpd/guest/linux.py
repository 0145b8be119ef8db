"""A Linux that is up: the drivers it has loaded, and what somebody may do in it. Loaded when one comes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from qmpd.guest.balloon import BalloonDriver
from qmpd.guest.conduct import Conduct
from qmpd.guest.contact import Slot
from qmpd.guest.hyperv import ReportDriver
from qmpd.guest.kernel import Kernel
from qmpd.guest.pace import GuestTime
from qmpd.guest.pci import PciDriver
from qmpd.guest.queue import HotplugQueue
from qmpd.guest.resize import MemoryDriver
from qmpd.guest.slots import SlotDriver

if TYPE_CHECKING:
    from qmpd.guest.ports import Platform

DRIVERS = ("virtio-mem", "virtio-balloon", "hv-balloon")
Driver: TypeAlias = MemoryDriver | BalloonDriver | ReportDriver


class Linux:
    """``crash`` is called when a rule makes the system go down."""

    def __init__(self, platform: Platform, time: GuestTime, conduct: Conduct, crash: Callable[[], None]) -> None:
        self._conduct = conduct
        self.queue = HotplugQueue(time)
        kernel = Kernel(platform, time, self.queue, conduct, crash)
        self.dimms = SlotDriver(kernel, platform.dimms, for_memory=True)
        self.cpus = SlotDriver(kernel, platform.cpus, for_memory=False)
        self.pci = PciDriver(kernel)
        self.memory = MemoryDriver(kernel)
        self.balloon = BalloonDriver(kernel)
        self.report = ReportDriver(kernel)
        drivers: tuple[Driver, ...] = (self.memory, self.balloon, self.report)
        self._drivers = dict(zip(DRIVERS, drivers, strict=True))
        self.loaded = [name for name in DRIVERS if name in conduct.behaviour.drivers]
        self.pci.appeared, self.pci.vanishing = self._appeared, self._vanishing
        conduct.switch_driver = self.switch_driver
        reporting = platform.reporting_balloon()
        self._always_there = [reporting.label] if reporting is not None else []
        self.pci.start()
        for name in self._always_there:
            self._appeared(name)

    # What the machine tells

    def memory_interrupt(self) -> None:
        if self._conduct.behaviour.acpi:
            self.dimms.interrupt()

    def cpu_interrupt(self) -> None:
        if self._conduct.behaviour.acpi:
            self.cpus.interrupt()

    def pci_interrupt(self) -> None:
        self.pci.interrupt()

    def slot_filled(self, slot: Slot) -> None:
        self.pci.slot_filled(slot)

    def slot_button(self, slot: Slot) -> None:
        self.pci.slot_button(slot)

    def device_wants(self, name: str) -> None:
        for driver in self._at_work():
            driver.wants(name)

    # Drivers

    def _at_work(self) -> Iterator[Driver]:
        """The loaded drivers; what one does may make a rule load or unload another."""
        for name in DRIVERS:
            if name in self.loaded:
                yield self._drivers[name]

    def _appeared(self, name: str) -> None:
        for driver in self._at_work():
            driver.add(name)

    def _vanishing(self, name: str) -> None:
        for driver in self._at_work():
            driver.remove(name)

    def switch_driver(self, driver: str, load: bool) -> None:
        """Load a driver, or unload it."""
        if load == (driver in self.loaded):
            return
        (self.loaded.append if load else self.loaded.remove)(driver)
        act = self._drivers[driver].add if load else self._drivers[driver].remove
        for name in (*self.pci.known, *self._always_there):
            if load == (driver in self.loaded):
                act(name)

    def driven(self) -> list[tuple[str, str, str]]:
        """The devices that drivers have to do with: name, driver, and what it is about."""
        driven = [(name, "virtio-mem", device.state) for name, device in self.memory.followed.items()]
        if self.balloon.balloon is not None:
            driven.append((self.balloon.balloon.label, "virtio-balloon", self.balloon.state))
        if self.report.balloon is not None:
            driven.append((self.report.balloon.label, "hv-balloon", "working"))
        return driven

    # What somebody does inside

    def online(self) -> None:
        """Put all added memory to use."""
        self.memory.online()

    def run_out_of_memory(self) -> None:
        self.balloon.run_out_of_memory()

    @property
    def is_stalled(self) -> bool:
        return self.queue.stalled is not None or any(part.is_stalled for part in (self.pci, self.memory, self.balloon))

    def release(self) -> None:
        """Go on with all that rules have stalled."""
        self.queue.release()
        self.pci.release()
        self.memory.release()
        self.balloon.release()
