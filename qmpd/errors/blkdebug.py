"""blkdebug's configuration and options."""

from __future__ import annotations

from qmpd.errors import QemuError

# block/blkdebug.c, util/qemu-config.c


def config_not_opened(reason: str) -> QemuError:
    return QemuError(f"Could not read blkdebug config file: {reason}")


def config_unreadable(reason: str) -> QemuError:
    return QemuError(f"Cannot read config file: {reason}")


def event_missing() -> QemuError:
    return QemuError("Missing event name for rule")


def limit_refused(name: str, size: int) -> QemuError:
    return QemuError(f"Cannot meet constraints with {name} {size}")
