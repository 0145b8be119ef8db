"""-icount: a clock that counts instructions."""

from __future__ import annotations

from qmpd.errors import QemuError

# accel/tcg/icount-common.c, system/vl.c, accel/tcg/tcg-all.c


def align_without_shift() -> QemuError:
    return QemuError("Please specify shift option when using align")


def align_without_sleep() -> QemuError:
    return QemuError("align=on and sleep=off are incompatible")


def shift_invalid() -> QemuError:
    return QemuError("icount: Invalid shift value")


def needs_tcg() -> QemuError:
    return QemuError("-icount is not allowed with hardware virtualization")


def needs_one_thread() -> QemuError:
    return QemuError("No MTTCG when icount is enabled")


# replay/replay.c


def replay_mode_invalid(name: str) -> QemuError:
    return QemuError(f"Invalid icount rr option: {name}")


def replay_file_missing() -> QemuError:
    return QemuError("File name not specified for replay")
