"""What QEMU says of the drivers of block nodes and of images."""

from __future__ import annotations

from qmpd.errors import QemuError, invalid_parameter_value

# block/null.c, block/raw-format.c, block/file-posix.c, block/qcow2.c and its like: drivers


def null_latency_invalid() -> QemuError:
    return QemuError("latency-ns is invalid")


def null_size_refused() -> QemuError:
    """QEMU 10.0.2 aborts."""
    return invalid_parameter_value("size", "a size")


def drive_driver_twice() -> QemuError:
    return QemuError("Cannot specify both 'driver' and 'format'")


def null_filename_refused(driver: str) -> QemuError:
    return QemuError(f"The only allowed filename for this driver is '{driver}://'")


def child_is_inactive(child: str, role: str, parent: str) -> QemuError:
    return QemuError(f"Inactive '{child}' can't be a {role} child of active '{parent}'")


def parent_is_active() -> QemuError:
    return QemuError("Node has active parent node")


def node_is_inactive(permissions: str) -> QemuError:
    return QemuError(f"Permission '{permissions}' unavailable on inactive node")


def driver_lacks_option(driver: str, option: str, is_protocol: bool) -> QemuError:
    if is_protocol:
        return QemuError(f"Block protocol '{driver}' doesn't support the option '{option}'")
    return QemuError(f"Block format '{driver}' does not support the option '{option}'")


def raw_format_guessed(filename: str) -> QemuError:
    """A warning."""
    lines = (
        f"WARNING: Image format was not specified for '{filename}' and probing guessed raw.",
        "         Automatically detecting the format is dangerous for raw images, write operations on block 0 will be"
        " restricted.",
        "         Specify the 'raw' format explicitly to remove the restrictions.",
    )
    warning = QemuError("\n".join(lines))
    warning.plain = True
    return warning


def raw_offset_too_large(offset: int, size: int) -> QemuError:
    return QemuError(f"Offset ({offset}) cannot be greater than size of the containing file ({size})")


def raw_size_too_large(offset: int, size: int, whole: int) -> QemuError:
    return QemuError(
        f"The sum of offset ({offset}) and size ({size}) has to be smaller or equal to the  actual size of the"
        f" containing file ({whole})"
    )


def raw_size_fixed() -> QemuError:
    return QemuError("Cannot resize fixed-size raw disks")


def raw_size_unaligned(sector: int) -> QemuError:
    return QemuError(f"Specified size is not multiple of {sector}")


def image_open_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not open '{path}': {reason}")


def image_not_regular(driver: str, path: str) -> QemuError:
    return QemuError(f"'{driver}' driver requires '{path}' to be a regular file")


def image_not_a_device(driver: str, path: str) -> QemuError:
    return QemuError(f"'{driver}' driver requires '{path}' to be either a character or block device")


def image_lock_failed(kind: str, permission: str, path: str) -> QemuError:
    """``kind`` is empty or ``shared ``."""
    return QemuError(f'Failed to get {kind}"{permission}" lock', hint=f"Is another process using the image [{path}]?")


def image_is_read_only() -> QemuError:
    return QemuError("Image is read-only")


def image_not_in_format(name: str) -> QemuError:
    return QemuError(f"Image is not in {name} format")


def image_not_in(name: str) -> QemuError:
    return QemuError(f"Image not in {name} format")


def image_not_vdi() -> QemuError:
    return QemuError("Image not in VDI format (bad signature 00000000)")


def image_not_vpc() -> QemuError:
    return QemuError("invalid VPC image")


def image_not_vhdx() -> QemuError:
    return QemuError("Could not open image: Invalid argument")


def option_not_resettable(name: str) -> QemuError:
    return QemuError(f"Option '{name}' cannot be reset to its default value")


def snapshots_not_listed() -> QemuError:
    return QemuError("Failed to get a snapshot list: Operation not supported")


def bitmap_not_stored(name: str, node: str, problem: str) -> QemuError:
    return QemuError(f"Can't make bitmap '{name}' persistent in '{node}': {problem}")


def bitmaps_need_newer_version() -> QemuError:
    return QemuError("Cannot store dirty bitmaps in qcow2 v2 files")


def bitmap_name_too_long() -> QemuError:
    return QemuError("Bitmap name is too long")


def bitmaps_too_many() -> QemuError:
    return QemuError("Maximum number of persistent bitmaps is already reached")


def bitmaps_not_stored(node: str) -> QemuError:
    return QemuError(f"Can't store persistent bitmaps to {node}: Operation not supported")


def image_not_vmdk() -> QemuError:
    return QemuError("invalid VMDK image descriptor")


def qcow2_version_unsupported(version: int) -> QemuError:
    return QemuError(f"Unsupported qcow2 version {version}")


def qcow2_cluster_size_unsupported(bits: int) -> QemuError:
    return QemuError(f"Unsupported cluster size: 2^{bits}")


def aio_native_needs_direct() -> QemuError:
    return QemuError("aio=native was specified, but it requires cache.direct=on, which was not specified.")


def pr_manager_not_found(name: str) -> QemuError:
    return QemuError(f"No persistent reservation manager with id '{name}'")


def not_a_pr_manager(name: str) -> QemuError:
    return QemuError(f"Object with id '{name}' is not a persistent reservation manager")


def luks_lacks_secret() -> QemuError:
    return QemuError("Parameter 'key-secret' is required for cipher")


def throttle_group_missing(name: str) -> QemuError:
    return QemuError(f"Throttle group '{name}' does not exist")


def bottom_node_missing(name: str) -> QemuError:
    return QemuError(f"Bottom node '{name}' not found")


def bottom_node_is_filter(name: str) -> QemuError:
    return QemuError(f"Bottom node '{name}' is a filter")


def compression_unsupported(format_name: str) -> QemuError:
    return QemuError(f"Compression is not supported for underlying format: {format_name}")


def quorum_without_children() -> QemuError:
    return QemuError("Number of provided children must be 1 or more")


def quorum_threshold_too_large() -> QemuError:
    return QemuError("threshold may not exceed children count")


def option_unknown(driver: str, name: str, *, is_protocol: bool) -> QemuError:
    """Where a member is a struct or a list, an empty one leaves the member itself, which no driver knows."""
    if is_protocol:
        return QemuError(f"Block protocol '{driver}' doesn't support the option '{name}'")
    return QemuError(f"Block format '{driver}' does not support the option '{name}'")


def nbd_name_too_long(what: str) -> QemuError:
    return QemuError(f"{what} too long to send to server")


def amend_of_other_driver() -> QemuError:
    return QemuError("x-blockdev-amend doesn't support changing the block driver")
