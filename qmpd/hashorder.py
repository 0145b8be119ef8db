"""The two hash orders that decide the order of names in QEMU's answers.

QEMU writes the members of a JSON object in the order of its QDict hash table, and lists properties, types
and unknown arguments in the order of a GLib hash table. Both orders are functions of the names (and, on
collisions, of the order of insertion), so they can be computed. Nothing here knows what the names mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

_QDICT_BUCKETS = 512
_U32 = 0xFFFF_FFFF


_LONGEST_CACHED_KEY = 64


def _qdict_bucket(key: str) -> int:
    data = key.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
    value = 0x238F13AF * len(data) + sum(sum(data[start::24]) << start * 5 % 24 for start in range(24))
    return (1103515243 * (value & _U32) + 12345 & _U32) % _QDICT_BUCKETS


_cached_qdict_bucket = lru_cache(maxsize=4096)(_qdict_bucket)


def qdict_bucket(key: str) -> int:
    """The bucket, 0 to 511, of ``key`` in a QDict (qobject/qdict.c)."""
    # A client may send keys of any length; those must not pile up in the cache.
    return _cached_qdict_bucket(key) if len(key) <= _LONGEST_CACHED_KEY else _qdict_bucket(key)


def qdict_order(keys: Iterable[str]) -> list[str]:
    """``keys`` (in insertion order) as a QDict iterates them: by bucket, the latest insertion first in one."""
    newest_first = list(keys)
    newest_first.reverse()
    newest_first.sort(key=qdict_bucket)
    return newest_first


# GLib picks a prime below the table's size (a power of two) as the divisor of the home slot.
_GLIB_PRIMES = (1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521)
_MIN_SHIFT = 3


@lru_cache(maxsize=16384)
def g_str_hash(key: str) -> int:
    """GLib's string hash, already adjusted as its tables store it (0 and 1 are reserved there)."""
    value = 5381
    for byte in key.encode("utf-8", "surrogatepass"):
        value = value * 33 + (byte - 256 if byte > 127 else byte) & _U32
    return max(value, 2)


class GHashOrder:
    """Names in the slots of a GLib hash table: open addressing with triangular probing.

    Only the order matters here; values live elsewhere. Iterating yields the names by slot.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._shift = _MIN_SHIFT
        self._slots: list[str | None] = [None] * (1 << _MIN_SHIFT)
        self._tombstones: set[int] = set()
        self._count = 0
        for key in keys:
            self.add(key)

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._slots if key is not None)

    def __len__(self) -> int:
        return self._count

    def _home(self, key: str) -> int:
        return (g_str_hash(key) * 11 & _U32) % _GLIB_PRIMES[self._shift]

    def add(self, key: str) -> None:
        """Insert ``key``; a name already present keeps its slot."""
        slots, tombstones = self._slots, self._tombstones
        slot, step, reuse = self._home(key), 0, -1
        mask = len(slots) - 1
        while slots[slot] is not None or slot in tombstones:
            if slots[slot] == key:
                return
            if reuse < 0 and slot in tombstones:
                reuse = slot
            step += 1
            slot = slot + step & mask
        if reuse >= 0:
            slot = reuse
            tombstones.discard(reuse)
        slots[slot] = key
        self._count += 1
        if reuse < 0:
            self.resize_if_due()

    def remove(self, key: str, *, resize: bool = True) -> None:
        """Take ``key`` out; the slot stays occupied as a tombstone until the next resize.

        What is taken out while somebody walks the table leaves the table as large as it is.
        """
        slot, step = self._home(key), 0
        mask = len(self._slots) - 1
        while self._slots[slot] != key:
            if self._slots[slot] is None and slot not in self._tombstones:
                raise KeyError(key)
            step += 1
            slot = slot + step & mask
        self._slots[slot] = None
        self._tombstones.add(slot)
        self._count -= 1
        if resize:
            self.resize_if_due()

    def resize_if_due(self) -> None:
        """What every change does but a removal by somebody who walks the table."""
        size = len(self._slots)
        occupied = self._count + len(self._tombstones)
        too_wide = size > (1 << _MIN_SHIFT) and size - 1 >= self._count * 4
        if too_wide or size <= occupied + occupied // 16:
            self._rehash(max(int(self._count * 1.333).bit_length(), _MIN_SHIFT))

    def _rehash(self, shift: int) -> None:
        """Move every name to its new home; a name that has not moved yet gives way and moves on."""
        old = self._slots
        self._shift = shift
        size = 1 << shift
        slots: list[str | None] = old + [None] * max(0, size - len(old))
        settled = bytearray(max(size, len(old)))
        for start in range(len(old)):
            if settled[start]:
                continue
            key = slots[start]
            slots[start] = None
            while key is not None:
                slot, step = self._home(key), 0
                while settled[slot]:
                    step += 1
                    slot = slot + step & size - 1
                settled[slot] = 1
                key, slots[slot] = slots[slot], key
        self._slots = slots[:size]
        self._tombstones.clear()
