"""How fast the guest writes to memory: measured for a while, and found to be nothing (migration/dirtyrate.c)."""

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.clock import Clock

_PER_UNIT: Final = {"second": 1000, "millisecond": 1}
_SHORTEST, _LONGEST = 50, 60000
_FEWEST, _MOST = 128, 16384
_DEFAULT_SAMPLES: Final = 512


class DirtyRate:
    """The latest measurement. Times are milliseconds, ``start`` is in seconds."""

    def __init__(self) -> None:
        self.status = "unstarted"
        self._mode = "page-sampling"
        self._start = 0
        self._time = 0
        self._samples = 0

    def measure(self, clock: Clock, calc_time: int, unit: str, samples: int | None, mode: str) -> None:
        """Start to measure. Raises QemuError."""
        if self.status == "measuring":
            raise errors.migration.dirty_rate_running()
        time = calc_time * _PER_UNIT[unit]
        if not _SHORTEST <= time <= _LONGEST:
            raise errors.migration.calc_time_out_of_range()
        if samples is not None and mode != "page-sampling":
            raise errors.migration.sample_pages_unused()
        if samples is not None and not _FEWEST <= samples <= _MOST:
            raise errors.migration.sample_pages_out_of_range()
        if mode == "dirty-ring":
            raise errors.migration.dirty_rate_mode_disabled(mode)
        self.status = "measuring"
        self._mode, self._time = mode, time
        self._samples = _DEFAULT_SAMPLES if samples is None else samples
        self._start = clock.now()[0]
        clock.call_later(time / 1000, self._finish)

    def _finish(self) -> None:
        self.status = "measured"

    def info(self, unit: str) -> dict[str, Any]:
        """What ``query-dirty-rate`` answers."""
        answer = {
            "status": self.status,
            "start-time": self._start,
            "calc-time": self._time // _PER_UNIT[unit],
            "calc-time-unit": unit,
            "sample-pages": self._samples,
            "mode": self._mode,
        }
        if self.status == "measured":
            answer["dirty-rate"] = 0
            if self._mode == "dirty-bitmap":
                answer["sample-pages"] = 0
        return answer
