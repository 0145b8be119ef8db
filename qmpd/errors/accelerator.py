"""Accelerators."""

from __future__ import annotations

from qmpd.errors import QemuError

# accel/kvm/kvm-all.c


def kvm_inaccessible(reason: str) -> QemuError:
    return QemuError(f"Could not access KVM kernel module: {reason}")


def kvm_dirty_ring_size_odd() -> QemuError:
    return QemuError("dirty-ring-size must be a power of two.")
