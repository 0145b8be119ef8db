"""Character devices at run time, and descriptors that clients hand over."""

from __future__ import annotations

from qmpd.errors import QemuError

# monitor/fds.c, monitor/qmp-cmds.c: descriptors


def no_fd_supplied() -> QemuError:
    return QemuError("No file descriptor supplied via SCM_RIGHTS")


def fd_name_not_found(name: str) -> QemuError:
    return QemuError(f"File descriptor named '{name}' not found")


def fd_name_missing(name: str) -> QemuError:
    return QemuError(f"File descriptor named '{name}' has not been found")


def fd_number_invalid(text: str) -> QemuError:
    return QemuError(f"Invalid file descriptor number '{text}'")


def add_client_needs_socket() -> QemuError:
    return QemuError("parameter @fdname must name a socket")


def add_client_protocol_unknown(name: str) -> QemuError:
    return QemuError(f"protocol '{name}' is invalid")


def fdset_not_found(number: int, fd: int | None) -> QemuError:
    which = f"fdset-id:{number}" if fd is None else f"fdset-id:{number}, fd:{fd}"
    return fd_name_not_found(which)


def fdset_parse_failed(path: str) -> QemuError:
    return QemuError(f"Could not parse fdset {path}")


def fdset_missing(path: str) -> QemuError:
    return QemuError(f"Failed to find fdset {path}")


def fdset_flags_mismatch(flags: int) -> QemuError:
    return QemuError(f"Failed to find file descriptor with matching flags={flags:#x}")


# chardev/char.c, chardev/char-ringbuf.c, chardev/char-*.c: character devices at run time


def chardev_exists(name: str) -> QemuError:
    return QemuError(f"Chardev with id '{name}' already exists")


def chardev_missing(name: str) -> QemuError:
    return QemuError(f"Chardev '{name}' not found")


def chardev_does_not_exist(name: str) -> QemuError:
    return QemuError(f"Chardev '{name}' does not exist")


def chardev_busy(name: str) -> QemuError:
    return QemuError(f"Chardev '{name}' is busy")


def chardev_add_failed(name: str, reason: QemuError) -> QemuError:
    return QemuError(f"Failed to add chardev '{name}': {reason.desc}")


def chardev_id_unexpected() -> QemuError:
    return QemuError("Unexpected 'id' parameter")


def chardev_driver_invalid(name: str) -> QemuError:
    return QemuError(f"'{name}' is not a valid char driver name")


def chardev_hotswap_unsupported() -> QemuError:
    return QemuError("Chardev user does not support chardev hotswap")


def chardev_mux_hotswap() -> QemuError:
    return QemuError("For mux or hub device hotswap is not supported yet")


def mux_full(name: str, users: int) -> QemuError:
    return QemuError(f"too many uses of multiplexed chardev '{name}' (maximum is {users})")


def chardev_mux_base_missing(name: str) -> QemuError:
    return QemuError(f"mux: base chardev {name} not found")


def chardev_hub_member_missing(name: str) -> QemuError:
    return QemuError(f"hub: chardev can't be found by id '{name}'")


def chardev_hub_empty() -> QemuError:
    return QemuError("hub: 'chardevs' list is not defined")


def chardev_dgram_unsupported() -> QemuError:
    return QemuError("socket type unsupported for datagram")


def chardev_braille_missing() -> QemuError:
    return QemuError("brlapi__openConnection: connect: No such file or directory")


def ringbuf_device_missing(name: str) -> QemuError:
    return QemuError(f"Device '{name}' not found")


def not_a_ringbuf(name: str) -> QemuError:
    return QemuError(f"{name} is not a ringbuf device")


def ringbuf_size_zero() -> QemuError:
    return QemuError("size must be greater than zero")


def pty_link_failed(reason: str) -> QemuError:
    return QemuError(f"Failed to create PTY symlink: {reason}")


def file_create_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not create '{path}': {reason}")


# chardev/char-file.c, chardev/char-socket.c, util/oslib-posix.c


def file_open_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not open '{path}': {reason}")


def waiting_for_connection(where: str) -> QemuError:
    """No error: it goes to the terminal by the same way."""
    return QemuError(f"info: QEMU waiting for connection on: {where}")


def terminating_on_signal(number: int, sender: str) -> QemuError:
    """No error either (system/runstate.c). ``sender`` is `` from pid N (NAME)``, or empty if it was the kernel."""
    return QemuError(f"terminating on signal {number}{sender}")


def chardev_connect_failed(label: str, reason: str) -> QemuError:
    return QemuError(f"Unable to connect character device {label}: {reason}")


def pidfile_not_created(reason: str) -> QemuError:
    return QemuError(f"cannot create PID file: {reason}")


def pidfile_open_failed(path: str, reason: str) -> QemuError:
    return pidfile_not_created(f"Could not create '{path}': {reason}")


def pidfile_lock_failed(reason: str) -> QemuError:
    return pidfile_not_created(f"Cannot lock pid file: {reason}")


def alignment_exceeds_expected(align: int) -> str:
    """A warning, not an error (hw/mem/memory-device.c)."""
    return (
        f"the alignment (0x{align:x}) exceeds the expected maximum alignment,"
        " memory will get fragmented and not all 'maxmem' might be usable for memory devices."
    )
