"""The accelerator: which of those on the command line is taken, and what is said on the way (system/vl.c).

None accelerates anything. Which it is shows in query-kvm, in the names of the CPUs' threads and in what CPUs can do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import ENOENT
from functools import partial
from os import strerror
from typing import Any, Final

from qmpd import errors
from qmpd.config import OptionArguments
from qmpd.errors import QemuError, StartupError
from qmpd.options import stringvisitor

NAMES: Final = {"tcg": "tcg", "kvm": "KVM", "qtest": "QTest"}
"""Accelerators by the name on the command line, and what QEMU calls them where it falls back to one."""

THREAD_NAMES: Final = {"tcg": "TCG", "kvm": "KVM", "qtest": "DUMMY"}
"""What the names of CPUs' threads end in."""

KVM_DEVICE: Final = "/dev/kvm"
Say = Callable[[str, QemuError], None]


def choose(
    accels: Sequence[OptionArguments],
    tested: bool,
    kvm_fault: Callable[[str], int],
    say: Say,
    *,
    counting: bool = False,
) -> str:
    """The name of the first accelerator that can be used; ``tcg`` if none is asked for.

    ``say`` is told what is wrong with those before it, and the option it came from. ``kvm_fault`` answers the error
    number with which the device of that path cannot be opened, 0 if it can. ``tested``: there is a qtest socket, which
    makes QEMU say less. ``counting``: the clock counts instructions, for which it takes TCG. Raises StartupError if
    none is left.
    """
    if not accels:
        return "tcg"
    # "-machine accel=" has no origin; all its names are looked at before the first is tried.
    unknown = [entry for entry in accels if not entry.origin and entry.values["accel"] not in NAMES]
    for entry in unknown:
        say("", errors.startup.accelerator_unknown(entry.values["accel"]))
    failed = bool(unknown)
    for entry in accels:
        name: str = entry.values["accel"]
        if name in NAMES:
            try:
                _check_properties(name, entry.values)
            except QemuError as error:
                raise StartupError(entry.origin, error) from None
            fault = kvm_fault(entry.values.get("device", KVM_DEVICE)) if name == "kvm" else 0
            if not fault:
                if failed and not tested:
                    say("", errors.startup.accelerator_fallback(NAMES[name]))
                if counting and name == "kvm":
                    raise StartupError("", errors.icount.needs_tcg())
                if counting and name == "tcg" and entry.values.get("thread") == "multi":
                    raise StartupError(entry.origin, errors.icount.needs_one_thread())
                return name
            say(entry.origin, errors.accelerator.kvm_inaccessible(strerror(fault)))
            if not tested or fault != ENOENT:
                say(entry.origin, errors.startup.accelerator_failed(name, strerror(fault)))
        elif entry.origin:
            say(entry.origin, errors.startup.accelerator_unknown(name))
        failed = True
    raise StartupError("")


def single_threaded(accels: Sequence[OptionArguments]) -> bool:
    """Whether TCG shall run all CPUs in one thread."""
    return any(entry.values.get("thread") == "single" for entry in accels if entry.values["accel"] == "tcg")


def _check_properties(accel: str, given: dict[str, Any]) -> None:
    names = [name for name in given if name not in ("accel", "id")]
    if not names:
        return
    from qmpd.catalogue import Catalogue  # few start-ups give properties

    type_name = f"{accel}-accel"
    properties = {entry["name"]: entry["type"] for entry in Catalogue.open().qom_properties(type_name).value}
    for name in names:
        if name not in properties:
            raise errors.property_not_found(type_name, name)
        if name == "thread" and given[name] not in ("single", "multi"):
            raise errors.startup.accelerator_thread_invalid(given[name])
        check = _PECULIAR.get(name) or _CHECKS.get(properties[name], stringvisitor.visit_str_string)
        check(given[name], name)


def _visit_ring_size(value: str, name: str) -> None:
    number = stringvisitor.visit_narrow_string(value, name, kind="uint32")
    if number & (number - 1):
        raise errors.accelerator.kvm_dirty_ring_size_odd()


_PECULIAR: Final[dict[str, Callable[[str, str], object]]] = {
    "dirty-ring-size": _visit_ring_size,
    "kvm-shadow-mem": stringvisitor.visit_int64_string,
}

# The types by which these properties go in QOM; an "int" here is a number of 32 bits.
_CHECKS: Final[dict[str, Callable[[str, str], object]]] = {
    "bool": stringvisitor.visit_bool_string,
    "int": partial(stringvisitor.visit_narrow_string, kind="uint32"),
    "uint16": partial(stringvisitor.visit_narrow_string, kind="uint16"),
    "uint32": partial(stringvisitor.visit_narrow_string, kind="uint32"),
    "on|off|split": partial(stringvisitor.visit_enum_string, members=("on", "off", "split")),
    "NotifyVMexitOption": partial(stringvisitor.visit_enum_string, members=("run", "internal-error", "disable")),
}
