"""Clocks on the wall that do not show UTC: -rtc base=… (system/rtc.c)."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime

from qmpd import errors


def wall_clock(base: str, utc: Callable[[], int]) -> Callable[[], int]:
    """The clock of a machine that starts now, at ``base``: a date and time, or ``localtime``."""
    if base == "localtime":
        return lambda: timegm(datetime.fromtimestamp(utc(), UTC).astimezone().timetuple())
    try:
        ahead = timegm((*map(int, re.findall(r"[0-9]+", base)), 0, 0, 0)[:6]) - utc()
    except ValueError:
        raise errors.not_modelled(f"a clock that starts at {base}") from None
    return lambda: utc() + ahead
