"""Linux's driver for Hyper-V's balloon, as far as the machine hears of it: a report on memory each second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd.guest.kernel import Kernel
from qmpd.guest.pace import Timer

if TYPE_CHECKING:
    from qmpd.guest.ports import ReportingBalloon

FIRST, INTERVAL = 45.0, 1.0
"""Seconds until the driver's first report and from one to the next, as Linux has them."""
_PAGE = 4096


class ReportDriver:
    """It reports to the one device of its kind, which is there from the start or not at all."""

    def __init__(self, kernel: Kernel) -> None:
        self._platform, self._time, *_ = kernel
        self._timer: Timer | None = None
        self.balloon: ReportingBalloon | None = None

    def add(self, name: str) -> None:
        balloon = self._platform.reporting_balloon()
        if balloon is not None and balloon.label == name:
            self.balloon = balloon
            self._timer = self._time.call_later(FIRST, self._report)

    def remove(self, name: str) -> None:
        if self.balloon is not None and self.balloon.label == name:
            self._time.cancel(self._timer)
            self.balloon.forget()
            self.balloon = None

    def wants(self, name: str) -> None:
        """Nothing of what the device may want is modelled."""

    def _report(self) -> None:
        assert self.balloon is not None
        total = self._platform.memory_size()
        self.balloon.receive_report(committed=total // 8 // _PAGE * _PAGE, available=total // 4 * 3 // _PAGE * _PAGE)
        self._timer = self._time.call_later(INTERVAL, self._report)
