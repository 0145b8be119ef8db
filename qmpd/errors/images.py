"""New images that cannot be made."""

from __future__ import annotations

from qmpd.errors import QemuError

# block/qcow2.c


def size_unaligned(sector: int) -> QemuError:
    return QemuError(f"Image size must be a multiple of {sector} bytes")


def size_negative() -> QemuError:
    return QemuError("Could not resize image: Image size cannot be negative")


def needs_newer_version(what: str) -> QemuError:
    return QemuError(f"{what} compatibility level 1.1 and above (use version=v3 or greater)")


def cluster_size_refused(smallest: int, largest_kib: int) -> QemuError:
    return QemuError(f"Cluster size must be a power of two between {smallest} and {largest_kib}k")


def backing_with_preallocation() -> QemuError:
    return QemuError("Backing file and preallocation can only be used at the same time if extended_l2 is on")


def backing_format_alone() -> QemuError:
    return QemuError("Backing format cannot be used without backing file")


def refcount_bits_refused(most: int) -> QemuError:
    return QemuError(f"Refcount width must be a power of two and may not exceed {most} bits")


def refcount_bits_need_newer_version() -> QemuError:
    return QemuError(
        "Different refcount widths than 16 bits require compatibility level 1.1 or above (use version=v3 or greater)"
    )


# block.c: images for snapshots and copies


def format_unknown(name: str) -> QemuError:
    return QemuError(f"Unknown file format '{name}'")


def format_not_created(name: str) -> QemuError:
    return QemuError(f"Format driver '{name}' does not support image creation")


def backing_unsupported(name: str) -> QemuError:
    return QemuError(f"Backing file not supported for file format '{name}'")


def same_as_backing() -> QemuError:
    return QemuError("Error: Trying to create an image with the same filename as the backing file")
