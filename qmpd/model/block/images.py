"""Files that hold disks: what the host tells of one, and what stands in its first bytes. Nothing else is ever read."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, Protocol

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.named import NamedTuple

SECTOR = 512


class Image(NamedTuple):
    """An open file. ``size`` and ``allocated`` are bytes; ``head`` is how it begins.

    ``identity`` is equal for two paths of the same file. ``regular`` and ``device`` say what kind of file it is.
    """

    size: int
    allocated: int
    identity: object
    head: bytes
    regular: bool = True
    device: bool = False


class Images(Protocol):
    """The files of the host. Every method raises OSError as the operating system would."""

    def open(self, path: str, *, writable: bool) -> Image: ...

    def create(self, path: str, size: int) -> None:
        """Make an empty file of ``size`` bytes; one that is there is cut down first."""

    def write(self, path: str, data: bytes) -> None:
        """Let a file begin with ``data``."""

    def is_pipe(self, path: str) -> bool: ...

    def read(self, path: str) -> bytes:
        """All that a file holds; of a pipe, all that comes until its other end is closed."""


class NoImages:
    """A host without a single file."""

    def open(self, path: str, *, writable: bool) -> Image:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    def create(self, path: str, size: int) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    def write(self, path: str, data: bytes) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    def is_pipe(self, path: str) -> bool:
        return False

    def read(self, path: str) -> bytes:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)


class Qcow2(NamedTuple):
    """The header of a qcow2 image."""

    size: int
    cluster_size: int
    backing_file: str
    backing_format: str
    specific: dict[str, Any]
    dirty: bool


_QCOW2_MAGIC = b"QFI\xfb"
_BACKING_FORMAT = 0xE2792ACA
_VERSION_3 = 3
_COMPRESSION_TYPES = ("zlib", "zstd")


def _number(head: bytes, start: int, length: int) -> int:
    return int.from_bytes(head[start : start + length], "big")


def read_qcow2(head: bytes) -> Qcow2:
    """Raises QEMU's text when it is something else (block/qcow2.c)."""
    if not head.startswith(_QCOW2_MAGIC):
        raise errors.image.image_not_in_format("qcow2")
    version = _number(head, 4, 4)
    if version not in (2, _VERSION_3):
        raise errors.image.qcow2_version_unsupported(version)
    cluster_bits = _number(head, 20, 4)
    if not 9 <= cluster_bits <= 21:  # the format's own limits
        raise errors.image.qcow2_cluster_size_unsupported(cluster_bits)
    incompatible = _number(head, 72, 8) if version == _VERSION_3 else 0
    compatible = _number(head, 80, 8) if version == _VERSION_3 else 0
    header_length = _number(head, 100, 4) if version == _VERSION_3 else 72
    backing_offset, backing_length = _number(head, 8, 8), _number(head, 16, 4)
    specific: dict[str, Any] = {"compat": "0.10" if version == 2 else "1.1"}
    compression = head[104] if incompatible & 8 and header_length > 104 else 0
    if version == _VERSION_3:
        specific |= {
            "lazy-refcounts": bool(compatible & 1),
            "corrupt": bool(incompatible & 2),
            "extended-l2": bool(incompatible & 16),
        }
    specific |= {
        "refcount-bits": 1 << _number(head, 96, 4) if version == _VERSION_3 else 16,
        "compression-type": _COMPRESSION_TYPES[compression],
    }
    return Qcow2(
        _number(head, 24, 8),
        1 << cluster_bits,
        head[backing_offset : backing_offset + backing_length].decode("utf-8", "replace") if backing_offset else "",
        _extensions(head, header_length).get(_BACKING_FORMAT, b"").decode("utf-8", "replace"),
        specific,
        bool(incompatible & 1),
    )


def _extensions(head: bytes, start: int) -> dict[int, bytes]:
    found = {}
    while start + 8 <= len(head):
        kind, length = _number(head, start, 4), _number(head, start + 4, 4)
        if kind == 0:
            break
        found[kind] = head[start + 8 : start + 8 + length]
        start += 8 + (length + 7) // 8 * 8
    return found


def probe(head: bytes) -> str:
    """The format that an image seems to have (bdrv_probe)."""
    for name, magic in _MAGIC.items():
        if head.startswith(magic):
            return name
    return "raw"


_MAGIC = {
    "qcow2": _QCOW2_MAGIC + b"\0\0\0\x03",
    "qcow": _QCOW2_MAGIC + b"\0\0\0\x01",
    "qed": b"QED\0",
    "vmdk": b"KDMV",
    "vhdx": b"vhdxfile",
    "luks": b"LUKS\xba\xbe",
    "parallels": b"WithoutFreeSpace",
}

# What QEMU says of an image that begins with zeroes; the texts are read when one is due.
NOT_IN_FORMAT: dict[str, Callable[[], QemuError]] = {
    "qcow": lambda: errors.image.image_not_in("qcow"),
    "qed": lambda: errors.image.image_not_in("QED"),
    "vdi": lambda: errors.image.image_not_vdi(),
    "vpc": lambda: errors.image.image_not_vpc(),
    "vhdx": lambda: errors.image.image_not_vhdx(),
    "vmdk": lambda: errors.image.image_not_vmdk(),
    "parallels": lambda: errors.image.image_not_in("Parallels"),
}
