"""What the qtest protocol answers behind ``FAIL``."""

from __future__ import annotations

from qmpd.errors import QemuError

# system/qtest.c


def unknown_command(word: str) -> QemuError:
    return QemuError(f"Unknown command '{word}'")


def unknown_device() -> QemuError:
    return QemuError("Unknown device")


def named_input_unsupported() -> QemuError:
    return QemuError("Interception of named in-GPIOs not yet supported")


def intercept_taken() -> QemuError:
    return QemuError("IRQ intercept already enabled")


def clock_stands() -> QemuError:
    return QemuError("could not advance time")


def no_deadline() -> QemuError:
    return QemuError("cannot advance clock to the next deadline because there is no pending deadline")


# Where QEMU asserts


def malformed(line: str) -> QemuError:
    return QemuError(f"qmpd cannot read '{line}'")


def too_long(size: int) -> QemuError:
    return QemuError(f"qmpd reads at most {size} bytes")
