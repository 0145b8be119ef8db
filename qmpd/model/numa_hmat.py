"""What ``-numa hmat-lb`` and ``hmat-cache`` say of memory's speed: checked as in hw/core/numa.c, told to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.model.numa import Node

_LEVELS = 3
_LARGEST_ENTRY = 0xFFFF
_MIB = 1 << 20
_U64_MAX = (1 << 64) - 1


class _Table:
    """The entries of one hierarchy and one data type, and the unit in which 16 bits hold each of them."""

    def __init__(self) -> None:
        self.pairs: set[tuple[int, int]] = set()
        self.base = 0
        self.range = 0


class Hmat:
    """The Heterogeneous Memory Attribute Table of one machine."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], _Table] = {}
        self._told: set[tuple[int, str]] = set()
        self._caches: dict[tuple[int, int], int] = {}

    def set_latency_or_bandwidth(
        self, nodes: Mapping[int, Node], generic_initiators: set[int], options: Mapping[str, Any]
    ) -> None:
        """One ``hmat-lb`` (NumaHmatLBOptions). Raises QEMU's text."""
        initiator, target = options["initiator"], options["target"]
        for name in ("initiator", "target"):
            if options[name] > len(nodes):
                raise errors.numa.hmat_node_too_large(name, options[name], len(nodes))
        has_cpu = initiator in nodes and nodes[initiator].has_cpu
        if not has_cpu and initiator not in generic_initiators:
            raise errors.numa.hmat_no_initiator(initiator)
        if target not in nodes:
            raise errors.numa.hmat_target_missing(target)
        what, other = ("latency", "bandwidth") if options["data-type"].endswith("latency") else ("bandwidth", "latency")
        table = self._tables.setdefault((options["hierarchy"], options["data-type"]), _Table())
        if what not in options:
            raise errors.numa.hmat_option_missing(what)
        if other in options:
            raise errors.numa.hmat_option_invalid(other, what)
        value = options[what]
        if what == "bandwidth" and value % _MIB:
            raise errors.numa.hmat_bandwidth_unaligned(value, initiator, target)
        if (initiator, target) in table.pairs:
            raise errors.numa.hmat_duplicate(what, initiator, target)
        fit = _fit_latency if what == "latency" else _fit_bandwidth
        if value and not fit(table, value):
            raise errors.numa.hmat_out_of_range(what, value, initiator, target, _LARGEST_ENTRY - 1)
        if value:
            self._told.add((target, what))
        table.pairs.add((initiator, target))

    def add_cache(self, nodes: Mapping[int, Node], options: Mapping[str, Any]) -> None:
        """One ``hmat-cache`` (NumaHmatCacheOptions). Raises QEMU's text."""
        node, level, size = options["node-id"], options["level"], options["size"]
        if node >= len(nodes):
            raise errors.numa.hmat_node_too_large("node-id", node, len(nodes))
        if not {(node, "latency"), (node, "bandwidth")} <= self._told:
            raise errors.numa.hmat_cache_too_early(node)
        if not 1 <= level <= _LEVELS:
            raise errors.numa.hmat_cache_level(level, _LEVELS)
        if (node, level) in self._caches:
            raise errors.numa.hmat_cache_duplicate(node, level)
        if level > 1:
            if (node, level - 1) not in self._caches:
                raise errors.numa.hmat_cache_level_missing(level - 1)
            if size <= self._caches[node, level - 1]:
                raise errors.numa.hmat_cache_size(size, level, "larger", self._caches[node, level - 1], level - 1)
        self._caches[node, level] = size


def _fit_latency(table: _Table, value: int) -> bool:
    """Take ``value`` into account if it still fits into 16 bits in a unit that all entries share."""
    base = table.base or _U64_MAX
    unit, rest = 1, value
    while rest % 10 == 0:
        rest //= 10
        unit *= 10
    largest = max(table.range, value // base)
    if largest >= _LARGEST_ENTRY:
        return False
    table.base, table.range = min(base, unit), largest
    return True


def _fit_bandwidth(table: _Table, value: int) -> bool:
    bits = table.range | value
    first = (bits & -bits).bit_length() - 1
    if bits.bit_length() - first > 16 or value >> first >= _LARGEST_ENTRY:
        return False
    table.base, table.range = 1 << first, bits
    return True
