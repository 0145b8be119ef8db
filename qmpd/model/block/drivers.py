"""Block drivers: what each needs to open a node, and what it asks of its children (block/*.c)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.block import images
from qmpd.model.block.permissions import (
    ALL,
    CHANGE,
    IMAGE,
    NONE,
    Demand,
    Permission,
    Role,
    child_demand,
)
from qmpd.model.objects_security import check_credentials
from qmpd.model.throttle_group import ThrottleGroup
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.block.graph import Node
    from qmpd.model.block.opening import Opening

DEFAULT_NULL_SIZE = 1 << 30


def _default_demand(node: Node, role: Role, demand: Demand) -> Demand:
    return child_demand(role, demand, writable=not node.read_only)


class Driver(NamedTuple):
    """One driver. ``open`` finishes a node that has its name; it raises QEMU's text.

    ``is_protocol`` drivers sit at the bottom, ``is_filter`` ones show their child. ``strong`` options change what a
    guest sees, and so appear in file names.
    """

    name: str
    open: Callable[[Opening, Node], None]
    is_protocol: bool = False
    is_filter: bool = False
    is_format: bool = False
    supports_backing: bool = False
    needs_filename: bool = False
    strong: tuple[str, ...] = ()
    demand: Callable[[Node, Role, Demand], Demand] = _default_demand


# Nothing, files


def _open_null(opening: Opening, node: Node) -> None:
    if node.options.get("latency-ns", 0) >> 63:
        raise errors.image.null_latency_invalid()
    node.size = node.options.get("size", DEFAULT_NULL_SIZE)
    if node.size >> 63:
        raise errors.image.null_size_refused()


def _open_file(opening: Opening, node: Node) -> None:
    path: str = node.options["filename"]
    manager = node.options.get("pr-manager")
    if manager is not None:
        found = opening.graph.machine.objects.child(manager)
        if found is None:
            raise errors.image.pr_manager_not_found(manager)
        if found.type != "pr-manager-helper":
            raise errors.image.not_a_pr_manager(manager)
    writable = not node.read_only and not node.auto_read_only
    try:
        image = opening.graph.machine.host.images.open(path, writable=writable)
    except OSError as error:
        number = errno.EACCES if error.errno == errno.EROFS else error.errno or errno.EIO
        raise errors.image.image_open_failed(path, os.strerror(number)) from None
    if node.options.get("aio") == "native" and not node.direct:
        raise errors.image.aio_native_needs_direct()
    if node.driver.name == "file" and not image.regular:
        raise errors.image.image_not_regular("file", path)
    if node.driver.name != "file" and not image.device:
        raise errors.image.image_not_a_device(node.driver.name, path)
    node.image = image
    node.size = image.size


def _open_nbd(opening: Opening, node: Node) -> None:
    options = node.options
    for name, shown in (("export", "export name"), ("x-dirty-bitmap", "x-dirty-bitmap query")):
        if len(options.get(name, "")) > _NBD_STRING:
            raise errors.image.nbd_name_too_long(shown)
    if "tls-creds" in options:
        check_credentials(opening.graph.machine, options["tls-creds"], listens=False)
    server = options["server"]
    if server["type"] == "unix":
        raise errors.sockets.socket_connect_failed(server["path"], os.strerror(errno.ENOENT))
    if server["type"] == "inet":
        raise errors.sockets.socket_connect_failed(
            f"{server['host']}:{server['port']}", os.strerror(errno.ECONNREFUSED)
        )
    raise errors.not_modelled(f"NBD over {server['type']}")


# Formats


def _open_raw(opening: Opening, node: Node) -> None:
    offset, size = node.options.get("offset", 0), node.options.get("size")
    opening.attach(node, "file", Role.DATA if offset or size is not None else Role.FILTERED)
    child = node.child("file")
    assert child is not None
    if child.size < offset:
        raise errors.image.raw_offset_too_large(offset, child.size)
    if size is not None and child.size - offset < size:
        raise errors.image.raw_size_too_large(offset, size, child.size)
    if size is not None and size % images.SECTOR:
        raise errors.image.raw_size_unaligned(images.SECTOR)
    node.size = child.size - offset if size is None else size


def _raw_demand(node: Node, role: Role, demand: Demand) -> Demand:
    wanted, shared = _default_demand(node, role, demand)
    return wanted & ~CHANGE | demand[0] & CHANGE, shared


def _open_qcow2(opening: Opening, node: Node) -> None:
    opening.attach(node, "file", IMAGE)
    child = node.child("file")
    assert child is not None
    node.qcow2 = images.read_qcow2(child.image.head if child.image is not None else b"")
    node.size = node.qcow2.size


def _open_luks(opening: Opening, node: Node) -> None:
    if "key-secret" not in node.options:
        raise errors.image.luks_lacks_secret()
    raise errors.not_modelled("encrypted images")


def _open_foreign(opening: Opening, node: Node) -> None:
    """A format of which only a wrong image is known."""
    opening.attach(node, "file", IMAGE)
    child = node.child("file")
    assert child is not None
    if child.image is not None and images.probe(child.image.head) == node.driver.name:
        raise errors.not_modelled(f"images in the format {node.driver.name}")
    if node.driver.name == "vhdx" and "filename" in child.options:
        raise errors.image.image_open_failed(child.options["filename"], os.strerror(errno.EINVAL))
    raise images.NOT_IN_FORMAT[node.driver.name]()


def _open_read_only(opening: Opening, node: Node) -> None:
    """A format that cannot be written to."""
    if not node.read_only and not node.auto_read_only:
        raise errors.image.image_is_read_only()
    raise errors.not_modelled(f"images in the format {node.driver.name}")


# Filters


def _open_filter(opening: Opening, node: Node) -> None:
    opening.attach(node, "file", Role.FILTERED)
    _take_size(node, "file")


def _take_size(node: Node, name: str) -> None:
    child = node.child(name)
    assert child is not None
    node.size = child.size


def _open_throttle(opening: Opening, node: Node) -> None:
    _open_filter(opening, node)
    name = node.options["throttle-group"]
    group = opening.graph.machine.objects.child(name)
    if not isinstance(group, ThrottleGroup):
        raise errors.image.throttle_group_missing(name)
    group.members.append(node)
    node.throttle_group = group


def _open_copy_on_read(opening: Opening, node: Node) -> None:
    _open_filter(opening, node)
    bottom = node.options.get("bottom")
    if bottom is None:
        return
    below = opening.graph.find_node(bottom)
    if below is None:
        raise errors.image.bottom_node_missing(bottom)
    if below.driver.is_filter:
        raise errors.image.bottom_node_is_filter(bottom)


def _copy_on_read_demand(node: Node, role: Role, demand: Demand) -> Demand:
    wanted, shared = demand
    return wanted | Permission.WRITE_UNCHANGED, shared


def _open_compress(opening: Opening, node: Node) -> None:
    _open_filter(opening, node)
    child = node.child("file")
    assert child is not None
    if child.driver.name != "qcow2":
        raise errors.image.compression_unsupported(child.driver.name)


def _preallocate_demand(node: Node, role: Role, demand: Demand) -> Demand:
    wanted, shared = demand
    if CHANGE in wanted:
        shared &= ~CHANGE
    return wanted, shared


def _open_blkdebug(opening: Opening, node: Node) -> None:
    from qmpd.model.block.blkdebug import open_blkdebug  # nobody else needs what it needs

    open_blkdebug(opening, node)


def _open_snapshot_access(opening: Opening, node: Node) -> None:
    opening.attach(node, "file", Role.DATA)
    _take_size(node, "file")


def _open_copy_before_write(opening: Opening, node: Node) -> None:
    opening.attach(node, "file", Role.FILTERED)
    opening.attach(node, "target", Role.DATA)
    _take_size(node, "file")


def _copy_before_write_demand(node: Node, role: Role, demand: Demand) -> Demand:
    if role & Role.FILTERED:
        wanted, shared = demand
        if not demand[0] and not node.users:
            return NONE, shared
        return wanted | Permission.CONSISTENT_READ, shared & ~CHANGE
    return Permission.WRITE, ALL if not node.users else ALL & ~Permission.RESIZE


def _active_commit_top_demand(node: Node, role: Role, demand: Demand) -> Demand:
    """What is read is read from the image below, which changes meanwhile."""
    wanted, shared = demand
    return wanted & ~Permission.CONSISTENT_READ, shared | Permission.WRITE


def _open_quorum(opening: Opening, node: Node) -> None:
    children = node.options.get("children", [])
    if not children:
        raise errors.image.quorum_without_children()
    if node.options["vote-threshold"] < 1:
        raise errors.invalid_parameter_value("vote-threshold", "a value >= 1")
    if node.options["vote-threshold"] > len(children):
        raise errors.image.quorum_threshold_too_large()
    raise errors.not_modelled("block nodes of driver 'quorum'")


def _open_unknown(opening: Opening, node: Node) -> None:
    raise errors.not_modelled(f"block nodes of driver '{node.driver.name}'")


_NULL_OPTIONS = ("size", "read-zeroes")
_NBD_STRING = 4096
_NBD_OPTIONS = ("path", "host", "port", "export", "tls-creds", "tls-hostname", "server")

_ALL = (
    *(Driver(name, _open_null, is_protocol=True, strong=_NULL_OPTIONS) for name in ("null-co", "null-aio")),
    *(
        Driver(name, _open_file, is_protocol=True, needs_filename=True)
        for name in ("file", "host_device", "host_cdrom")
    ),
    Driver("nbd", _open_nbd, is_protocol=True, strong=_NBD_OPTIONS),
    Driver("raw", _open_raw, is_format=True, strong=("offset", "size"), demand=_raw_demand),
    Driver("qcow2", _open_qcow2, is_format=True, supports_backing=True),
    *(
        Driver(name, _open_foreign, is_format=True, supports_backing=True)
        for name in ("qcow", "qed", "vmdk", "parallels")
    ),
    *(Driver(name, _open_foreign, is_format=True) for name in ("vdi", "vpc", "vhdx")),
    Driver("luks", _open_luks, is_format=True),
    *(Driver(name, _open_read_only, is_format=True) for name in ("bochs", "cloop", "dmg")),
    Driver("vvfat", _open_read_only, is_protocol=True),
    Driver("throttle", _open_throttle, is_filter=True, strong=("throttle-group",)),
    Driver("copy-on-read", _open_copy_on_read, is_filter=True, demand=_copy_on_read_demand),
    Driver("compress", _open_compress, is_filter=True),
    Driver("preallocate", _open_filter, is_filter=True, demand=_preallocate_demand),
    Driver("blkdebug", _open_blkdebug, is_protocol=True, is_filter=True, strong=("config", "align")),
    Driver("snapshot-access", _open_snapshot_access, demand=lambda node, role, demand: (NONE, ALL)),
    Driver("copy-before-write", _open_copy_before_write, is_filter=True, demand=_copy_before_write_demand),
    Driver("quorum", _open_quorum),
    *(Driver(name, _open_unknown, is_protocol=True) for name in ("blkverify", "nvme")),
    *(Driver(name, _open_unknown, is_filter=True) for name in ("blklogwrites", "blkreplay", "replication")),
)
DRIVERS = {driver.name: driver for driver in _ALL}
MIRROR_TOP = Driver("mirror_top", _open_unknown, is_filter=True)
ACTIVE_COMMIT_TOP = Driver("mirror_top", _open_unknown, is_filter=True, demand=_active_commit_top_demand)
COMMIT_TOP = Driver("commit_top", _open_unknown, is_filter=True, demand=lambda node, role, demand: (NONE, ALL))
"""The drivers of QEMU itself; those in modules that a Debian system has not installed by default are missing."""
