"""The addresses that network cards get which are not told theirs (net/net.c)."""

from __future__ import annotations

import re

_PREFIX = "52:54:00:12:34:"
_FIRST, _END = 0x56, 0xFF
_UNSET = "00:00:00:00:00:00"
_PATTERN = re.compile("[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}")


def normal_mac(text: str) -> str | None:
    """``text`` as a property reads that was set to it, None if it is no address."""
    return text.lower().replace("-", ":") if _PATTERN.fullmatch(text) else None


class Macs:
    """Which of the automatic addresses are taken, and how often."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, mac: str) -> str:
        """The address for a card that was told ``mac``, "" if nothing."""
        if mac in ("", _UNSET):
            free = (number for number in range(_FIRST, _END) if not self._taken.get(f"{_PREFIX}{number:02x}"))
            mac = f"{_PREFIX}{next(free, _END):02x}"
        if mac.startswith(_PREFIX):
            self._taken[mac] = self._taken.get(mac, 0) + 1
        return mac

    def give_back(self, mac: str) -> None:
        """The card with this address is gone."""
        if mac in self._taken:
            self._taken[mac] -= 1
