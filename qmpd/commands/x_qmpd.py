"""schema/x-qmpd.json: what QEMU does not have. The guest and the clock in the hands of a client."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.guest.behaviour import load, rule_from, shipped
from qmpd.guest.dimms import Entry
from qmpd.guest.guest import SimulatedGuest
from qmpd.rules import DuplicateRule, UnknownRule

_DEEDS = {
    "boot": SimulatedGuest.finish_boot,
    "power-off": SimulatedGuest.order_power_off,
    "reboot": SimulatedGuest.order_reboot,
    "panic": SimulatedGuest.order_panic,
    "suspend": SimulatedGuest.order_suspend,
    "release": SimulatedGuest.release,
}

# The least that a number in a rule may be, and the most where there is one.
_RANGES = {
    "skip": (0, None),
    "times": (1, None),
    "every": (1, None),
    "chance": (0, 1),
    "percent": (0, 100),
    "delay": (0, None),
    "jitter": (0, None),
    "rate": (1, None),
}


def x_qmpd_guest_query(context: Context) -> dict[str, Any]:
    guest = context.host.guest
    dimms = guest.dimms
    entries = (*((dimms.current,) if dimms.current else ()), *dimms.waiting)
    return {
        "behaviour": guest.behaviour.name,
        "life": guest.life.value,
        "running": guest.runs,
        "hot-remove": guest.behaviour.hot_remove,
        "stalled": dimms.stalled is not None,
        "queue": [_entry(context, entry) for entry in entries],
        "rules": [
            {
                "name": rule.name,
                "on": rule.on.value,
                "do": rule.do.value,
                "device": rule.device,
                "met": met,
                "hits": hits,
            }
            for rule, met, hits in guest.rules
        ],
    }


def _entry(context: Context, entry: Entry) -> dict[str, Any]:
    device = context.machine.memory_hotplug.slots[entry.slot].device
    named = {} if device is None or device.device_id is None else {"device": device.device_id}
    return {"slot": entry.slot, "work": entry.work.value, **named}


def x_qmpd_guest_set(context: Context, behaviour: str | None = None, hot_remove: bool | None = None) -> None:
    guest = context.host.guest
    if behaviour is not None:
        # a client may not make this process read any file it likes
        if behaviour not in shipped():
            raise errors.invalid_parameter_value("behaviour", f"one of {', '.join(shipped())}")
        guest.become(load(behaviour))
    if hot_remove is not None:
        guest.set_hot_remove(hot_remove)


def x_qmpd_guest_do(context: Context, action: str) -> None:
    _DEEDS[action](context.host.guest)


def x_qmpd_guest_rule_add(context: Context, **members: Any) -> dict[str, str]:
    for name, (least, most) in _RANGES.items():
        value = members.get(name, least)
        if value < least or (most is not None and value > most):
            expected = f"at least {least}" if most is None else f"a number from {least} to {most}"
            raise errors.invalid_parameter_value(name, expected)
    try:
        return {"name": context.host.guest.rules.add(rule_from(members))}
    except DuplicateRule as rule:
        raise errors.rule_name_taken(str(rule)) from None


def x_qmpd_guest_rule_remove(context: Context, name: str) -> None:
    try:
        context.host.guest.rules.remove(name)
    except UnknownRule:
        raise errors.rule_not_found(name) from None


def x_qmpd_clock_advance(context: Context, seconds: float) -> None:
    if seconds < 0:
        raise errors.invalid_parameter_value("seconds", "at least 0")
    context.host.advance_clock(seconds)
