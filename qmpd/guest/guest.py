"""The guest's life: firmware, boot, work, sleep, crash and end, and the orders that can be given to it from outside."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from qmpd.guest.behaviour import Behaviour, Deed, Occasion, Rule, System
from qmpd.guest.conduct import Conduct
from qmpd.guest.pace import GuestTime

if TYPE_CHECKING:
    from qmpd.clock import Clock
    from qmpd.guest.contact import Quirk, Slot
    from qmpd.guest.linux import Linux
    from qmpd.guest.ports import Platform
    from qmpd.rules import RuleBook


class Life(StrEnum):
    """Where a guest is. Whether its CPUs run is another matter."""

    ABSENT = "absent"
    FIRMWARE = "firmware"
    BOOTING = "booting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    SHUT_DOWN = "shut-down"
    CRASHED = "crashed"


class SimulatedGuest:
    """``qmpd.guest.ports.Guest`` as a ``Behaviour`` describes it. It is switched on but stands still at first."""

    def __init__(self, platform: Platform, clock: Clock, behaviour: Behaviour) -> None:
        self._platform = platform
        self._time = GuestTime(clock)
        self._has_run = False
        self._restarts = False
        self.conduct = Conduct(behaviour)
        self.linux: Linux | None = None
        self.life = Life.ABSENT
        self._power_on(restart=False)

    @property
    def runs(self) -> bool:
        """Whether the guest's time goes on."""
        return self._time.runs

    @property
    def behaviour(self) -> Behaviour:
        return self.conduct.behaviour

    @property
    def rules(self) -> RuleBook[Rule]:
        return self.conduct.rules

    def become(self, behaviour: Behaviour) -> None:
        """Behave otherwise from now on, with new rules. Another system has to boot first; the same one just goes on."""
        changed = (behaviour.system, behaviour.acpi) != (self.behaviour.system, self.behaviour.acpi)
        self.conduct.adopt(behaviour)
        if changed:
            self._forget()
            self._power_on(restart=False)

    def set_hot_remove(self, enabled: bool) -> None:
        """Whether the system lets memory go at all, as its administrator may choose."""
        self.conduct.behaviour = self.behaviour._replace(hot_remove=enabled)

    def set_auto_online(self, enabled: bool) -> None:
        """Whether the system uses memory that is added; if so from now on, then also what was added before."""
        self.conduct.behaviour = self.behaviour._replace(auto_online=enabled)
        if enabled:
            self.online()

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        return self.behaviour.quirks

    def set_quirks(self, quirks: tuple[Quirk, ...]) -> None:
        """Which faults of QEMU the machine shall show from now on."""
        self.conduct.behaviour = self.behaviour._replace(quirks=quirks)

    # What the machine tells

    def milliseconds(self) -> int:
        return self._time.milliseconds()

    def cpus_run(self) -> None:
        self._has_run = True
        if self.life is Life.SUSPENDED:
            self.life = Life.RUNNING
        self._time.resume()

    def cpus_stop(self) -> None:
        self._time.pause()

    def machine_reset(self) -> None:
        self._forget()
        self._power_on(restart=self._has_run and not self._restarts)

    def memory_interrupt(self) -> None:
        if self.linux is not None:
            self.linux.memory_interrupt()

    def cpu_interrupt(self) -> None:
        if self.linux is not None:
            self.linux.cpu_interrupt()

    def pci_interrupt(self) -> None:
        if self.linux is not None:
            self.linux.pci_interrupt()

    def slot_filled(self, slot: Slot) -> None:
        if self.linux is not None:
            self.linux.slot_filled(slot)

    def slot_button(self, slot: Slot) -> None:
        if self.linux is not None:
            self.linux.slot_button(slot)

    def device_wants(self, name: str) -> None:
        if self.linux is not None:
            self.linux.device_wants(name)

    def power_button(self) -> None:
        if self.life is not Life.RUNNING or not self.behaviour.acpi:
            return
        usual = Rule(Occasion.POWER_BUTTON, Deed.OBEY if self.behaviour.power_button else Deed.IGNORE)
        rule = self.rules.find(Occasion.POWER_BUTTON, "") or usual
        deeds = {Deed.OBEY: self._power_off, Deed.CRASH: self._panic}
        if rule.do in deeds:
            delay = self.behaviour.timing.power if rule.delay is None else rule.delay
            self._time.call_later(delay + self.rules.jitter(rule), deeds[rule.do])

    # Orders from outside: what somebody does inside the guest

    def order_power_off(self) -> None:
        self._order(self._power_off)

    def order_reboot(self) -> None:
        self._order(self._platform.reset)

    def order_panic(self) -> None:
        self._order(self._panic)

    def order_suspend(self) -> None:
        self._order(self._suspend)

    def finish_boot(self) -> None:
        """Be up at once, if it is booting."""
        if self.life is Life.BOOTING:
            self._time.clear()
            self._come_up()

    def release(self) -> None:
        """Go on with what a rule has stalled."""
        if self.linux is not None:
            self.linux.release()

    def online(self) -> None:
        """Put all memory to use that was added."""
        if self.linux is not None:
            self.linux.online()

    def run_out_of_memory(self) -> None:
        if self.linux is not None:
            self.linux.run_out_of_memory()

    def switch_driver(self, driver: str, load: bool) -> None:
        """Load a driver, or unload it; in a system that is up."""
        if self.linux is not None:
            self.linux.switch_driver(driver, load)

    def _order(self, act: Callable[[], None]) -> None:
        if self.life is Life.RUNNING:
            self._time.call_later(self.behaviour.timing.power, act)

    # Stations

    def _forget(self) -> None:
        self._time.clear()
        self.linux = None

    def _power_on(self, restart: bool) -> None:
        if self.behaviour.system is System.ABSENT:
            self.life = Life.ABSENT
            return
        self.life = Life.FIRMWARE
        if restart:
            self._time.call_later(self.behaviour.timing.restart, self._restart)
        elif self.behaviour.system is System.LINUX:
            self.life = Life.BOOTING
            self._time.call_later(self.behaviour.timing.boot, self._come_up)

    def _restart(self) -> None:
        """After a reset the firmware resets the machine once more, and only then goes on (SeaBIOS)."""
        self._restarts = True
        try:
            self._platform.reset()
        finally:
            self._restarts = False

    def _come_up(self) -> None:
        self.life = Life.RUNNING
        if self.behaviour.acpi:
            self._platform.os_came_up()
        from qmpd.guest.linux import Linux  # many a guest never comes so far

        self.linux = Linux(self._platform, self._time, self.conduct, self._panic)

    def _power_off(self) -> None:
        self._forget()
        self.life = Life.SHUT_DOWN
        self._platform.shutdown()

    def _suspend(self) -> None:
        self.life = Life.SUSPENDED
        self._platform.suspend()

    def _panic(self) -> None:
        self._forget()
        self.life = Life.CRASHED
        if self.behaviour.reboots_on_panic:
            self._time.call_later(0, self._platform.reset)
        if self.behaviour.pvpanic:
            self._platform.panicked()
