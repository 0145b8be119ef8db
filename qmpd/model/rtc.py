"""Clocks on the wall that do not show UTC: -rtc base=… (system/rtc.c)."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime

_TIME = 3  # numbers of a time of day
_MARCH = 3
_HALF = 1 << 31


def wall_clock(base: str, utc: Callable[[], int]) -> Callable[[], int]:
    """The clock of a machine that starts now, at ``base``: a date and time, or ``localtime``."""
    if base == "localtime":
        return lambda: timegm(datetime.fromtimestamp(utc(), UTC).astimezone().timetuple())
    year, month, day, *time = map(int, re.findall(r"[0-9]+", base))
    hour, minute, second = time if len(time) == _TIME else (0, 0, 0)
    ahead = _seconds(year, month, day) + hour * 3600 + minute * 60 + second - utc()
    ahead = (ahead + _HALF) % (2 * _HALF) - _HALF  # QEMU counts them in 32 bits
    return lambda: utc() + ahead


def _seconds(year: int, month: int, day: int) -> int:
    """Since 1970, also of days and months that there are not (util/cutils.c, mktimegm())."""
    if month < _MARCH:
        year, month = year - 1, month + 12
    days = day + (153 * month - 457) // 5 + 365 * year + int(year / 4) - int(year / 100) + int(year / 400) - 719469
    return days * 86400
