"""Sockets that cannot be had."""

from __future__ import annotations

from qmpd.errors import QemuError

# util/qemu-sockets.c, io/channel-socket.c: sockets that cannot be had


def socket_bind_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Failed to bind socket to {path}: {reason}")


def socket_unlink_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Failed to unlink socket {path}: {reason}")


def socket_path_too_long(path: str) -> QemuError:
    return QemuError(f"UNIX socket path '{path}' is too long", hint="Path must be less than 108 bytes")


def socket_connect_failed(address: str, reason: str) -> QemuError:
    """``address`` is a path or ``host:port``."""
    return QemuError(f"Failed to connect to '{address}': {reason}")


def inet_resolution_failed(host: str, port: str, reason: str) -> QemuError:
    return QemuError(f"address resolution failed for {host}:{port}: {reason}")


def inet_bind_failed(reason: str) -> QemuError:
    return QemuError(f"Failed to bind socket: {reason}")


def inet_port_unavailable(reason: str) -> QemuError:
    return QemuError(f"Failed to find an available port: {reason}")


def fd_is_not_a_socket(fd: int) -> QemuError:
    return QemuError(f"File descriptor '{fd}' is not a socket")


def fd_listen_failed(reason: str) -> QemuError:
    return QemuError(f"Failed to listen on fd socket: {reason}")


def channel_unreadable(reason: str) -> QemuError:
    return QemuError(f"Unable to read from socket: {reason}")


def channel_ended() -> QemuError:
    return QemuError("Unexpected end-of-file before all data were read")
