"""QEMU's error texts: each stands here once, under the QEMU file that it comes from.

A text is a function that returns the error; the caller raises it. Nothing here decides when an error is due.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorClass(StrEnum):
    """The values of ``error.class`` on the wire (qapi/error.json)."""

    GENERIC = "GenericError"
    COMMAND_NOT_FOUND = "CommandNotFound"
    DEVICE_NOT_ACTIVE = "DeviceNotActive"
    DEVICE_NOT_FOUND = "DeviceNotFound"
    KVM_MISSING_CAP = "KVMMissingCap"


class QemuError(Exception):
    """What QEMU answers instead of a result: a text for people and a class for programs.

    ``hint`` is what QEMU prints below the text on a terminal; it never travels over QMP.
    """

    def __init__(self, desc: str, error_class: ErrorClass = ErrorClass.GENERIC, hint: str = "") -> None:
        super().__init__(desc)
        self.desc = desc
        self.error_class = error_class
        self.hint = hint


# include/qapi/qmp/qerror.h, qapi/qobject-input-visitor.c: values of the wrong shape


def missing_parameter(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is missing")


def unexpected_parameter(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is unexpected")


def invalid_parameter_type(name: str, expected: str) -> QemuError:
    return QemuError(f"Invalid parameter type for '{name}', expected: {expected}")


def invalid_parameter_value(name: str, expected: str) -> QemuError:
    return QemuError(f"Parameter '{name}' expects {expected}")


def enum_value_unknown(name: str, value: str) -> QemuError:
    return QemuError(f"Parameter '{name}' does not accept value '{value}'")


# qom/object.c, system/qdev-monitor.c: names that lead nowhere


def device_not_found(name: str) -> QemuError:
    return QemuError(f"Device '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


def class_not_found(name: str) -> QemuError:
    return QemuError(f"Class '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)
