"""schema/x-qmpd.json: what QEMU does not have. The guest, the clock and faults on the wire in the hands of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.guest.behaviour import load, rule_from, shipped
from qmpd.guest.contact import Quirk
from qmpd.guest.guest import SimulatedGuest
from qmpd.rules import BadRule, DuplicateRule, UnknownRule

if TYPE_CHECKING:
    from qmpd.guest.linux import Linux
    from qmpd.guest.queue import Entry

_DEEDS = {
    "boot": SimulatedGuest.finish_boot,
    "power-off": SimulatedGuest.order_power_off,
    "reboot": SimulatedGuest.order_reboot,
    "panic": SimulatedGuest.order_panic,
    "suspend": SimulatedGuest.order_suspend,
    "release": SimulatedGuest.release,
    "online": SimulatedGuest.online,
    "run-out-of-memory": SimulatedGuest.run_out_of_memory,
}

R = TypeVar("R", contravariant=True)


class Book(Protocol[R]):
    """What rules are added to."""

    def add(self, rule: R) -> str: ...

    def remove(self, name: str) -> None: ...


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
    "seconds": (0, None),
    "bytes": (0, None),
}


def x_qmpd_guest_query(context: Context) -> dict[str, Any]:
    guest = context.host.guest
    return {
        "behaviour": guest.behaviour.name,
        "life": guest.life.value,
        "running": guest.runs,
        "hot-remove": guest.behaviour.hot_remove,
        "auto-online": guest.behaviour.auto_online,
        **_system(guest.linux),
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


def _system(linux: Linux | None) -> dict[str, Any]:
    if linux is None:
        return {"stalled": False, "drivers": [], "devices": [], "queue": []}
    return {
        "stalled": linux.is_stalled,
        "drivers": linux.loaded,
        "devices": [{"device": name, "driver": driver, "state": state} for name, driver, state in linux.driven()],
        "queue": [_entry(entry) for entry in linux.queue.entries()],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    named = {"device": entry.name} if entry.name else {}
    placed = {} if entry.dimm is None else {"slot": entry.dimm}
    return {"work": entry.work.value, **placed, **named}


def x_qmpd_guest_set(
    context: Context,
    behaviour: str | None = None,
    hot_remove: bool | None = None,
    auto_online: bool | None = None,
    quirks: list[str] | None = None,
) -> None:
    guest = context.host.guest
    if behaviour is not None:
        # a client may not make this process read any file it likes
        if behaviour not in shipped():
            raise errors.invalid_parameter_value("behaviour", f"one of {', '.join(shipped())}")
        guest.become(load(behaviour))
    if hot_remove is not None:
        guest.set_hot_remove(hot_remove)
    if auto_online is not None:
        guest.set_auto_online(auto_online)
    if quirks is not None:
        guest.set_quirks(tuple(map(Quirk, quirks)))


def x_qmpd_guest_do(context: Context, action: str, driver: str | None = None) -> None:
    guest = context.host.guest
    if action in _DEEDS:
        _DEEDS[action](guest)
    elif driver is None:
        raise errors.missing_parameter("driver")
    else:
        guest.switch_driver(driver, load=action == "load-driver")


def x_qmpd_guest_rule_add(context: Context, **members: Any) -> dict[str, str]:
    _check_ranges(members)
    return _added(context.host.guest.rules, rule_from(members))


def x_qmpd_guest_rule_remove(context: Context, name: str) -> None:
    _remove(context.host.guest.rules, name)


def _check_ranges(members: dict[str, Any]) -> None:
    for name, (least, most) in _RANGES.items():
        value = members.get(name, least)
        if value < least or (most is not None and value > most):
            expected = f"at least {least}" if most is None else f"a number from {least} to {most}"
            raise errors.invalid_parameter_value(name, expected)


def _added(book: Book[R], rule: R) -> dict[str, str]:
    try:
        return {"name": book.add(rule)}
    except DuplicateRule as taken:
        raise errors.extras.rule_name_taken(str(taken)) from None


def _remove(book: Book[Any], name: str) -> None:
    try:
        book.remove(name)
    except UnknownRule:
        raise errors.extras.rule_not_found(name) from None


def x_qmpd_fault_add(context: Context, arguments: dict[str, Any]) -> dict[str, str]:
    _check_ranges(arguments)
    faults = context.host.faults
    try:
        fault = faults.rule_from(arguments, context.monitor)
    except BadRule as problem:
        raise errors.faults.bad_rule(str(problem)) from None
    return _added(faults, fault)


def x_qmpd_fault_remove(context: Context, name: str) -> None:
    _remove(context.host.faults, name)


def x_qmpd_fault_query(context: Context) -> list[dict[str, Any]]:
    faults = context.host.faults
    return [
        {
            "name": count.rule.name,
            "on": count.rule.on.value,
            "do": count.rule.do.value,
            "pattern": count.rule.pattern,
            "met": count.met,
            "hits": count.hits,
            "active": faults.is_active(count),
            "held-up": faults.held_up(count.rule.name),
        }
        for count in faults
    ]


def x_qmpd_clock_advance(context: Context, seconds: float) -> None:
    if seconds < 0:
        raise errors.invalid_parameter_value("seconds", "at least 0")
    context.host.advance_clock(seconds)
