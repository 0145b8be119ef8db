"""-tpmdev: TPMs of the host, and emulated ones."""

from __future__ import annotations

from qmpd.errors import QemuError

# system/tpm.c

TYPES = """Supported TPM types (choose only one):
 passthrough   Passthrough TPM backend driver
    emulator   TPM emulator backend driver"""


def id_missing() -> QemuError:
    return QemuError("Parameter 'id' is missing")


def type_missing() -> QemuError:
    return QemuError("Parameter 'type' is missing", hint=TYPES)


def type_unknown() -> QemuError:
    return QemuError("Parameter 'type' expects a TPM backend type", hint=TYPES)


def several() -> QemuError:
    return QemuError("Only one TPM is allowed.")


# backends/tpm/tpm_passthrough.c, backends/tpm/tpm_emulator.c


def path_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"Cannot access TPM device using '{path}': {reason}")


def path_is_no_tpm(path: str) -> QemuError:
    return QemuError(f"'{path}' is not a TPM device.")


def chardev_missing() -> QemuError:
    return QemuError("tpm-emulator: parameter 'chardev' is missing")


def chardev_not_found(name: str) -> QemuError:
    return QemuError(f"tpm-emulator: tpm chardev '{name}' not found")


def emulator_not_reached(reason: str) -> QemuError:
    return QemuError(f"tpm-emulator: Failed to send CMD_SET_DATAFD: {reason}")


def emulator_not_shut_down(reason: str) -> QemuError:
    return QemuError(f"tpm-emulator: Could not cleanly shutdown the TPM: {reason}")
