"""hw/virtio/vhost*.c, hw/scsi/vhost*.c, hw/block/vhost-user-blk.c, hw/virtio/vdpa-dev.c."""

from __future__ import annotations

from qmpd.errors import QemuError


def guest_cid_reserved() -> QemuError:
    return QemuError("guest-cid property must be greater than 2")


def guest_cid_too_large() -> QemuError:
    return QemuError("guest-cid property must be a 32-bit number")


def fd_unknown(device: str, name: str) -> QemuError:
    return QemuError(f"{device}: unable to parse vhostfd: File descriptor named '{name}' has not been found")


def fd_no_number(device: str, name: str) -> QemuError:
    return QemuError(f"{device}: unable to parse vhostfd: Invalid file descriptor number '{name}'")


def vsock_fd_bad() -> QemuError:
    return QemuError("vhost-vsock: unable to set non-blocking mode: Bad file descriptor")


def owner_not_set() -> QemuError:
    return QemuError("vhost_set_owner failed: Bad file descriptor")


def vsock_device_missing(reason: str) -> QemuError:
    return QemuError(f"vhost-vsock: failed to open vhost device: {reason}")


def scsi_device_missing(reason: str) -> QemuError:
    return QemuError(f"vhost-scsi: open vhost char device failed: {reason}")


def wwpn_missing() -> QemuError:
    return QemuError("vhost-scsi: missing wwpn")


def blk_chardev_missing() -> QemuError:
    return QemuError("chardev is mandatory")


def blk_queues_refused() -> QemuError:
    return QemuError("invalid number of IO queues")


def blk_queue_empty() -> QemuError:
    return QemuError("queue size must be non-zero")


def blk_queue_too_large(most: int) -> QemuError:
    return QemuError(f"queue size must not exceed {most}")


def chardev_missing(device: str = "") -> QemuError:
    return QemuError(f"{device}: missing chardev" if device else "missing chardev")


def tag_missing() -> QemuError:
    return QemuError("missing tag property")


def tag_empty() -> QemuError:
    return QemuError("tag property cannot be empty")


def tag_too_long(most: int) -> QemuError:
    return QemuError(f"tag property must be {most} bytes or less")


def fs_queues_missing() -> QemuError:
    return QemuError("num-request-queues property must be larger than 0")


def fs_queue_no_power() -> QemuError:
    return QemuError("queue-size property must be a power of 2")


def fs_queue_too_large(most: int) -> QemuError:
    return QemuError(f"queue-size property must be {most} or smaller")


def vdpa_device_missing() -> QemuError:
    return QemuError("vhost-vdpa-device: vhostdev are missing")


def vdpa_device_unopened(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not open '{path}': {reason}")


def backend_silent() -> QemuError:
    return QemuError("vhost_backend_init failed: Protocol error")


def memslots_decided() -> QemuError:
    return QemuError(
        "some memory device (like virtio-mem) decided how many memory slots to use based on the overall number of"
        " memory slots; this vhost backend would further restricts the overall number of memory slots",
        hint="Try plugging this vhost backend before plugging such memory devices.",
    )


def memslots_exceeded(limit: int, used: int, reserved: int) -> QemuError:
    return QemuError(
        f"vhost backend memory slots limit ({limit}) is less than current number of used ({used}) and reserved"
        f" ({reserved}) memory slots for memory devices."
    )


def backend_queues_exceeded(most: int) -> QemuError:
    return QemuError(f"The maximum number of queues supported by the backend is {most}")
