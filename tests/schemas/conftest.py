"""Fixtures of this room."""

from .qemu import qemu_fixture

__all__ = ["qemu_fixture"]
