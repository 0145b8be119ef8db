"""Faults on the wire, which QEMU does not have."""

from __future__ import annotations

from qmpd.errors import QemuError


def bad_document(problem: str) -> QemuError:
    return QemuError(f"cannot use these faults: {problem}")


def bad_rule(problem: str) -> QemuError:
    return QemuError(f"This is no fault: {problem}")


def not_executed() -> QemuError:
    return QemuError("not executed: the connection ends here")
