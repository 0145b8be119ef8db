"""``-x-qmpd``, which QEMU does not have."""

from __future__ import annotations

from qmpd.errors import QemuError


def unknown(name: str, known: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is unexpected", hint=f"There are: {known}")


def asked_for_help(known: str) -> QemuError:
    return QemuError(f"There are: {known}", hint="See docs/guest.md and docs/faults.md")
