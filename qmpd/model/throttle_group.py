"""throttle-group: limits for what several drives do together (block/throttle-groups.c, util/throttle.c).

Nothing is throttled here; the limits are held to QEMU's rules and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.qom import INT, Property
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

BUCKETS = ("bps-total", "bps-read", "bps-write", "iops-total", "iops-read", "iops-write")
_IN_SCHEMA_ORDER = (*BUCKETS[3:], *BUCKETS[:3])
_LIMITS = (*(name + part for name in _IN_SCHEMA_ORDER for part in ("", "-max", "-max-length")), "iops-size")
LARGEST_RATE = 10**15
_LARGEST_LENGTH = (1 << 32) - 1
_U64 = 1 << 64


def _single(name: str) -> Property:
    """One limit by itself: only before the group exists, because some only make sense together."""

    def set_it(group: ThrottleGroup, value: object, typed: bool) -> None:
        if group.completed:
            raise errors.user_objects.throttle_limit_fixed()
        number = INT.read(value, f"x-{name}", typed)
        if number < 0:
            raise errors.user_objects.throttle_limit_negative()
        if name.endswith("-length") and number > _LARGEST_LENGTH:
            raise errors.user_objects.throttle_option_length_out_of_range(f"x-{name}", _LARGEST_LENGTH)
        group.limits[name] = number

    return Property(f"x-{name}", "int", lambda group: group.limits[name], set_it)


def _set_limits(group: ThrottleGroup, value: object, typed: bool) -> None:
    if not isinstance(value, dict):
        raise errors.invalid_parameter_type("limits", "object")
    given = {name: INT.read(value[name], f"limits.{name}", True) for name in _LIMITS if name in value}
    for name in value:
        if name not in given:
            raise errors.unexpected_parameter(f"limits.{name}")
    for bucket in BUCKETS:
        if given.get(f"{bucket}-max-length", 0) > _LARGEST_LENGTH:
            raise errors.user_objects.throttle_length_out_of_range(f"{bucket}-max-length", _LARGEST_LENGTH)
    limits = {**group.limits, **{name: number % _U64 for name, number in given.items()}}
    for bucket in BUCKETS:
        limits[f"{bucket}-max-length"] &= _LARGEST_LENGTH
    check_limits(limits)
    group.limits = limits


def check_limits(limits: dict[str, int]) -> None:
    """Raise QEMU's text when the limits contradict each other."""
    for kind in ("bps", "iops"):
        for part in ("", "-max"):
            if limits[f"{kind}-total{part}"] and (limits[f"{kind}-read{part}"] or limits[f"{kind}-write{part}"]):
                raise errors.user_objects.throttle_total_and_parts()
    if limits["iops-size"] and not any(limits[bucket] for bucket in BUCKETS if bucket.startswith("iops")):
        raise errors.user_objects.throttle_size_without_rate()
    for bucket in BUCKETS:
        _check_bucket(limits[bucket], limits[f"{bucket}-max"], limits[f"{bucket}-max-length"])


def _check_bucket(rate: int, burst: int, length: int) -> None:
    if max(rate, burst) > LARGEST_RATE:
        raise errors.user_objects.throttle_rate_out_of_range(LARGEST_RATE)
    if not length:
        raise errors.user_objects.throttle_length_zero()
    if length > 1 and not burst:
        raise errors.user_objects.throttle_length_without_burst()
    if burst and length > LARGEST_RATE // burst:
        raise errors.user_objects.throttle_length_too_high()
    if burst and not rate:
        raise errors.user_objects.throttle_burst_without_rate()
    if burst and burst < rate:
        raise errors.user_objects.throttle_burst_below_rate()


class ThrottleGroup(UserObject):
    """Rates are bytes or operations a second, lengths of bursts are seconds. ``members`` are limited together."""

    type_name = "throttle-group"
    own_properties = (
        _single("bps-write-max-length"),
        _single("iops-total-max-length"),
        _single("iops-size"),
        Property("limits", "ThrottleLimits", lambda group: {name: group.limits[name] for name in _LIMITS}, _set_limits),
        _single("bps-total"),
        _single("iops-read-max-length"),
        _single("bps-write"),
        _single("iops-write-max-length"),
        _single("bps-read-max"),
        _single("iops-read-max"),
        _single("bps-total-max"),
        _single("bps-read-max-length"),
        _single("iops-read"),
        _single("bps-read"),
        _single("bps-write-max"),
        _single("iops-total-max"),
        _single("iops-total"),
        _single("iops-write"),
        _single("bps-total-max-length"),
        _single("iops-write-max"),
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.completed = False
        self.members: list[object] = []
        self.limits = {name: int(name.endswith("-length")) for name in _LIMITS}

    @property
    def in_use(self) -> bool:
        return bool(self.members)

    def complete(self) -> None:
        check_limits(self.limits)
        self.completed = True
