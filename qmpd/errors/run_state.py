"""The run state."""

from __future__ import annotations

from qmpd.errors import ErrorClass, QemuError

# system/runstate.c, system/cpus.c, system/balloon.c


def reset_required() -> QemuError:
    return QemuError("Resetting the Virtual Machine is required")


def not_suspended() -> QemuError:
    return QemuError("Unable to wake up: guest is not in suspended state")


def wakeup_unsupported() -> QemuError:
    return QemuError("wake-up from suspend is not supported by this guest")


def no_balloon() -> QemuError:
    return QemuError("No balloon device has been activated", ErrorClass.DEVICE_NOT_ACTIVE)


def machine_phase_too_late() -> QemuError:
    return QemuError("The command is permitted only before the machine has been created")


def command_not_found(name: str) -> QemuError:
    return QemuError(f"The command {name} has not been found", ErrorClass.COMMAND_NOT_FOUND)


def command_not_oob(name: str) -> QemuError:
    return QemuError(f"The command {name} does not support OOB")


def command_before_machine(name: str) -> QemuError:
    return QemuError(f"The command '{name}' is permitted only after machine initialization has completed")


def preconfig_is_over() -> QemuError:
    return QemuError("The command is permitted only before machine initialization")
