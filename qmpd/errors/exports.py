"""Exports of block nodes, and the NBD server."""

from __future__ import annotations

from qmpd.errors import QemuError

# block/export/, blockdev-nbd.c


def export_id_malformed() -> QemuError:
    return QemuError("Invalid block export id")


def export_not_found(name: str) -> QemuError:
    return QemuError(f"Export '{name}' is not found")


def export_read_only() -> QemuError:
    return QemuError("Cannot export read-only node as writable")


def export_iothread_not_found(name: str) -> QemuError:
    return QemuError(f'iothread "{name}" not found')


def nbd_server_not_running() -> QemuError:
    return QemuError("NBD server not running")


def export_id_taken(name: str) -> QemuError:
    return QemuError(f"Block export id '{name}' is already in use")


def nbd_server_running() -> QemuError:
    return QemuError("NBD server already running")


def nbd_export_taken(name: str) -> QemuError:
    return QemuError(f"NBD server already has export named '{name}'")


def nbd_text_too_long(what: str, text: str) -> QemuError:
    return QemuError(f"{what} '{text}' too long")


def bitmap_missing(name: str) -> QemuError:
    return QemuError(f"Bitmap '{name}' is not found")


def bitmap_enabled(name: str) -> QemuError:
    return QemuError(f"Enabled bitmap '{name}' incompatible with readonly export")
