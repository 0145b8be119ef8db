"""``-x-qmpd``, which QEMU does not have."""

from __future__ import annotations

from qmpd.errors import QemuError


def unknown(name: str, known: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is unexpected", hint=f"There are: {known}")


def asked_for_help(known: str) -> QemuError:
    return QemuError(f"There are: {known}", hint="See docs/guest.md and docs/faults.md")


# What only qmpd has: the simulated guest and the clock


def bad_stubs(problem: str) -> QemuError:
    return QemuError(f"cannot use these stubs: {problem}")


def bad_identity(problem: str) -> QemuError:
    return QemuError(f"cannot be that QEMU: {problem}")


def bad_behaviour(problem: str) -> QemuError:
    return QemuError(f"cannot simulate this guest: {problem}")


def clock_goes_by_itself() -> QemuError:
    return QemuError("The clock goes by itself; start with a manual clock to advance it")


def rule_name_taken(name: str) -> QemuError:
    return QemuError(f"There is a rule '{name}' already")


def rule_not_found(name: str) -> QemuError:
    return QemuError(f"There is no rule '{name}'")
