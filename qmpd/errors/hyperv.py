"""hw/hyperv/vmbus.c, hw/hyperv/hv-balloon.c."""

from __future__ import annotations

from qmpd.errors import QemuError


def bridge_exists() -> QemuError:
    return QemuError("there can be at most one vmbus-bridge in the system")


def synic_missing() -> QemuError:
    return QemuError("VMBus requires usable Hyper-V SynIC and VP_INDEX")


def features_recommended() -> str:
    return (
        "VMBus enabled without the recommended set of Hyper-V features: hv-stimer, hv-vapic and hv-runtime."
        " Some Windows versions might not boot or enable the VMBus device"
    )


def balloon_exists() -> QemuError:
    return QemuError("Only one balloon device is supported")


def memdev_busy(name: str) -> QemuError:
    return QemuError(f"'memdev' property specifies a busy memdev: {name}")


def memdev_unaligned(page: int) -> QemuError:
    return QemuError(f"'memdev' property memdev size has to be a multiple of 0x{page:x}")


def address_without_memdev() -> QemuError:
    return QemuError("'memdev' property must not be set without a memdev")


def balloon_missing() -> QemuError:
    return QemuError("no hv-balloon device present")


def reporting_disabled() -> QemuError:
    return QemuError("guest memory status reporting not enabled")


def report_missing() -> QemuError:
    return QemuError("no guest memory status report received yet")
