"""Directories that a guest may share: -fsdev, -virtfs, virtio-9p."""

from __future__ import annotations

from qmpd.errors import QemuError

# system/vl.c, fsdev/qemu-fsdev.c


def id_refused(tag: str) -> QemuError:
    return QemuError(f"duplicate or invalid fsdev id: {tag}")


def id_missing() -> QemuError:
    return QemuError("fsdev: No id specified")


def driver_missing() -> QemuError:
    return QemuError("fsdev: No fsdriver specified")


def driver_unknown(name: str) -> QemuError:
    return QemuError(f"fsdev: fsdriver {name} not found")


def option_refused(name: str, driver: str) -> QemuError:
    return QemuError(f"'{name}' is invalid for fsdriver '{driver}'")


# hw/9pfs/9p-local.c

_MODELS = "Valid options are: security_model=[passthrough|mapped-xattr|mapped-file|none]"


def security_model_missing() -> QemuError:
    return QemuError("security_model property not set", hint=_MODELS)


def security_model_unknown(name: str) -> QemuError:
    return QemuError(f"invalid security_model property '{name}'", hint=_MODELS)


def multidevs_unknown(name: str) -> QemuError:
    return QemuError(f"invalid multidevs property '{name}'", hint="Valid options are: multidevs=[remap|forbid|warn]")


def path_missing() -> QemuError:
    return QemuError("path property not set")


def throttling_refused(reason: QemuError) -> QemuError:
    return QemuError(f"invalid throttle configuration: {reason.desc}")


def mode_refused(name: str) -> QemuError:
    """``name`` is ``fmode`` or ``dmode``."""
    return QemuError(f"{name} is only valid for mapped security modes")


# hw/9pfs/9p.c, hw/9pfs/9p-local.c: the device


def directory_missing(name: str) -> QemuError:
    return QemuError(f"9pfs device couldn't find fsdev with the id = {name}")


def tag_missing(name: str) -> QemuError:
    return QemuError(f"fsdev with id {name} needs mount_tag arguments")


def tag_too_long(tag: str, size: int, most: int) -> QemuError:
    return QemuError(f"mount tag '{tag}' ({size} bytes) is longer than maximum ({most} bytes)")


def directory_not_opened(name: str, path: str, reason: str) -> QemuError:
    return QemuError(f"cannot initialize fsdev '{name}': failed to open '{path}': {reason}")
