"""New images: what ``blockdev-create`` and snapshots write, which is all that is ever written (block/qcow2.c)."""

from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.block.drive import borrow
from qmpd.model.block.drivers import DRIVERS
from qmpd.model.block.images import SECTOR, read_qcow2
from qmpd.model.block.opening import open_reference_alone
from qmpd.model.block.permissions import ALL, Permission

if TYPE_CHECKING:
    from qmpd.model.block.graph import Graph, Node

CREATABLE = frozenset({"file", "luks", "parallels", "qcow", "qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc"})

_CLUSTER_SIZE = 65536
_SMALLEST_CLUSTER, _LARGEST_CLUSTER = 512, 2 << 20
_REFCOUNT_BITS = 16
_MOST_REFCOUNT_BITS = 64
_TABLE_ENTRY = 8
_BACKING_FORMAT = 0xE2792ACA
_FEATURE_NAMES = 0x6803F857
_ROOM_FOR_NAMES = 4096
_FEATURES = (
    (0, 0, b"dirty bit"),
    (0, 1, b"corrupt bit"),
    (0, 2, b"external data file"),
    (0, 3, b"compression type"),
    (0, 4, b"extended L2 entries"),
    (1, 0, b"lazy refcounts"),
    (2, 0, b"bitmaps"),
    (2, 1, b"raw external data"),
)
"""Kind, bit and name, in the header for tools that do not know them."""


def create(graph: Graph, options: dict[str, Any]) -> None:
    """Do what a job of blockdev-create does. Raises the error that it ends in."""
    driver = options["driver"]
    if driver == "file":
        create_file(graph, options["filename"], options["size"])
        return
    node = open_reference_alone(graph, options["file"])
    try:
        if driver != "qcow2":
            raise errors.not_modelled(f"new images in the format {driver}")
        _check(options)
        negative = options["size"] >> 63
        if graph.stored_bitmaps:
            from qmpd.model.block import stored_bitmaps

            stored_bitmaps.forget(graph, node)
        _write(graph, node, qcow2(options | {"size": 0} if negative else options))
        if negative:
            raise errors.images.size_negative()
    finally:
        graph.release(node)


def create_file(graph: Graph, path: str, size: int) -> None:
    """Make an empty file. Raises QEMU's text."""
    try:
        graph.machine.host.images.create(path, size)
    except OSError as error:
        raise errors.block.image_create_failed(path, os.strerror(error.errno or errno.EIO)) from None


def create_image(graph: Graph, path: str, format_name: str, size: int, backing: tuple[str, str] | None = None) -> None:
    """Make a new image, ``backing`` is the name and the format of what lies below. Raises QEMU's text."""
    if format_name not in DRIVERS:
        raise errors.images.format_unknown(format_name)
    if format_name not in CREATABLE | {"raw"}:
        raise errors.images.format_not_created(format_name)
    if backing is not None:
        if not DRIVERS[format_name].supports_backing:
            raise errors.images.backing_unsupported(format_name)
        if backing[0] == path:
            raise errors.images.same_as_backing()
    if format_name not in ("raw", "file", "qcow2"):
        raise errors.not_modelled(f"new images in the format {format_name}")
    create_file(graph, path, 0 if format_name == "qcow2" else size)
    if format_name == "qcow2":
        below = {} if backing is None else {"backing-file": backing[0], "backing-fmt": backing[1]}
        graph.machine.host.images.write(path, qcow2({"size": size} | below))


def _write(graph: Graph, node: Node, data: bytes) -> None:
    borrow(node, (Permission.WRITE | Permission.RESIZE, ALL))
    if node.driver.name in ("null-co", "null-aio"):
        read_qcow2(b"")
    if node.image is None or "filename" not in node.options:
        raise errors.not_modelled(f"writing to block nodes of driver '{node.driver.name}'")
    images = graph.machine.host.images
    images.write(node.options["filename"], data)
    node.image = images.open(node.options["filename"], writable=False)
    node.size = -(-node.image.size // SECTOR) * SECTOR
    node.highest_write = len(data)


def _check(options: dict[str, Any]) -> None:
    """Raise what is wrong with the options of a qcow2 image, as QEMU says it."""
    old = options.get("version") == "v2"
    if options["size"] % SECTOR:
        raise errors.images.size_unaligned(SECTOR)
    extended = options.get("extended-l2", False)
    if extended and old:
        raise errors.images.needs_newer_version("Extended L2 entries are only supported with")
    cluster = options.get("cluster-size", _CLUSTER_SIZE)
    if not _SMALLEST_CLUSTER <= cluster <= _LARGEST_CLUSTER or cluster & (cluster - 1):
        raise errors.images.cluster_size_refused(_SMALLEST_CLUSTER, _LARGEST_CLUSTER >> 10)
    preallocated = options.get("preallocation", "off") != "off"
    if "backing-file" in options and preallocated and not extended:
        raise errors.images.backing_with_preallocation()
    if "backing-fmt" in options and "backing-file" not in options:
        raise errors.images.backing_format_alone()
    if old and options.get("lazy-refcounts", False):
        raise errors.images.needs_newer_version("Lazy refcounts only supported with")
    bits = options.get("refcount-bits", _REFCOUNT_BITS)
    if bits > _MOST_REFCOUNT_BITS or bits <= 0 or bits & (bits - 1):
        raise errors.images.refcount_bits_refused(_MOST_REFCOUNT_BITS)
    if old and bits != _REFCOUNT_BITS:
        raise errors.images.refcount_bits_need_newer_version()
    rare = {"data-file", "encrypt"} & options.keys()
    if rare or extended or preallocated or bits != _REFCOUNT_BITS or options.get("compression-type") == "zstd":
        raise errors.not_modelled("such qcow2 images")


def qcow2(options: dict[str, Any]) -> bytes:
    """An empty qcow2 image: the header, a refcount table, one refcount block and an L1 table, each in new clusters."""
    cluster, size = options.get("cluster-size", _CLUSTER_SIZE), options["size"]
    version = 2 if options.get("version") == "v2" else 3
    entries = -(-size // (cluster * cluster // _TABLE_ENTRY))
    used = 3 + -(-entries * _TABLE_ENTRY // cluster)
    if used > cluster * 8 // _REFCOUNT_BITS:
        raise errors.not_modelled("qcow2 images of this size")
    length, extensions = 112 if version > 2 else 72, b""
    if "backing-fmt" in options:
        extensions += _extension(_BACKING_FORMAT, options["backing-fmt"].encode())
    if version > 2 and cluster - length - len(extensions) >= _ROOM_FOR_NAMES:
        extensions += _extension(_FEATURE_NAMES, b"".join(struct.pack(">BB46s", *entry) for entry in _FEATURES))
    extensions += bytes(8)
    backing = options.get("backing-file", "").encode()
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        *(b"QFI\xfb", version, length + len(extensions) if backing else 0, len(backing)),
        *(cluster.bit_length() - 1, size, 0, entries, 3 * cluster if entries else 0, cluster, 1, 0, 0),
    )
    if version > 2:
        compatible = int(options.get("lazy-refcounts", False))
        header += struct.pack(">QQQIIQ", 0, compatible, 0, _REFCOUNT_BITS.bit_length() - 1, length, 0)
    image: bytes = (
        (header + extensions + backing).ljust(cluster, b"\0")
        + struct.pack(">Q", 2 * cluster).ljust(cluster, b"\0")
        + struct.pack(f">{used}H", *[1] * used).ljust(cluster, b"\0")
        + bytes(entries * _TABLE_ENTRY)
    )
    return image


def _extension(kind: int, data: bytes) -> bytes:
    header: bytes = struct.pack(">II", kind, len(data))
    return header + data.ljust(-(-len(data) // 8) * 8, b"\0")
