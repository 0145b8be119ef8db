"""Block nodes and drives."""

from __future__ import annotations

from qmpd.errors import QemuError, invalid_parameter_value

# block.c, blockdev.c, block/monitor/, block/qapi-system.c: nodes and drives


def block_device_not_found(device: str, node: str) -> QemuError:
    return QemuError(f"Cannot find device='{device}' nor node-name='{node}'")


def device_has_no_medium(device: str) -> QemuError:
    return QemuError(f"Device '{device}' has no medium")


def drive_is_empty() -> QemuError:
    return QemuError("Device has no medium")


def block_node_not_root() -> QemuError:
    return QemuError("Need a root block node")


def block_node_not_found(name: str) -> QemuError:
    return QemuError(f"Failed to find node with node-name='{name}'")


def node_not_found(name: str) -> QemuError:
    return QemuError(f"Node '{name}' not found")


def block_node_name_missing() -> QemuError:
    return QemuError("'node-name' must be specified for the root node")


def block_reopen_lacks_name() -> QemuError:
    return QemuError("node-name not specified")


def block_node_name_malformed(name: str) -> QemuError:
    return QemuError(f"Invalid node-name: '{name}'")


def block_node_name_is_device(name: str) -> QemuError:
    return QemuError(f"node-name={name} is conflicting with a device id")


def block_node_name_taken(name: str) -> QemuError:
    return QemuError(f"Duplicate nodes with node-name='{name}'")


def block_node_name_too_long() -> QemuError:
    return QemuError("Node name too long")


def block_driver_unknown(name: str) -> QemuError:
    return QemuError(f"Unknown driver '{name}'")


def block_driver_needs_filename(name: str) -> QemuError:
    return QemuError(f"The '{name}' block driver requires a file name")


def block_child_missing(name: str) -> QemuError:
    return QemuError(f'A block device must be specified for "{name}"')


def force_share_needs_read_only() -> QemuError:
    return QemuError("force-share=on can only be used with read-only images")


def detect_zeroes_unmap_refused() -> QemuError:
    return QemuError("setting detect-zeroes to unmap is not allowed without setting discard operation to unmap")


def block_permission_conflict(
    node: str, permissions: str, wants: tuple[str, str], refuses: tuple[str, str]
) -> QemuError:
    """``wants`` and ``refuses`` are the two users, each with the name under which it uses the node."""
    return QemuError(
        f"Permission conflict on node '{node}': permissions '{permissions}' are both required by {wants[0]} (uses node"
        f" '{node}' as '{wants[1]}' child) and unshared by {refuses[0]} (uses node '{node}' as '{refuses[1]}' child)."
    )


def block_node_read_only() -> QemuError:
    return QemuError("Block node is read-only")


def block_node_has_drive(name: str) -> QemuError:
    return QemuError(f"Node {name} is in use")


def block_node_not_owned(name: str) -> QemuError:
    return QemuError(f"Node {name} is not owned by the monitor")


def block_cycle(child: str, role: str, parent: str) -> QemuError:
    return QemuError(f"Making '{child}' a {role} child of '{parent}' would create a cycle")


def block_node_busy(name: str, reason: str) -> QemuError:
    return QemuError(f"Node '{name}' is busy: {reason}")


def block_node_in_use(name: str) -> QemuError:
    return QemuError(f"Block device {name} is in use")


def backing_open_failed(reason: QemuError) -> QemuError:
    return QemuError(f"Could not open backing file: {reason.desc}", reason.error_class)


def drive_neither_or_both() -> QemuError:
    return QemuError("Need exactly one of 'device' and 'id'")


def device_without_drive() -> QemuError:
    return QemuError("Device does not have a block device backend")


def drive_not_removable(name: str) -> QemuError:
    return QemuError(f"Device '{name}' is not removable")


def drive_is_not_removable() -> QemuError:
    return QemuError("Device is not removable")


def tray_not_open(name: str) -> QemuError:
    return QemuError(f"Tray of device '{name}' is not open")


def tray_of_drive_not_open() -> QemuError:
    return QemuError("Tray of the device is not open")


def drive_has_medium() -> QemuError:
    return QemuError("There already is a medium in the device")


def node_already_in_use(name: str) -> QemuError:
    return QemuError(f"Node '{name}' is already in use")


def device_node_missing(name: str) -> QemuError:
    return QemuError(f"Device '{name}' not found")


def snapshot_not_named() -> QemuError:
    return QemuError("Name or id must be provided")


def iothread_not_found(name: str) -> QemuError:
    return QemuError(f"Cannot find iothread {name}")


def block_node_has_drive_force(name: str) -> QemuError:
    return QemuError(
        f"Node {name} is associated with a BlockBackend and could be in use (use force=true to override this check)"
    )


def block_child_or_node_missing() -> QemuError:
    return QemuError("Either child or node must be specified")


def block_child_and_node() -> QemuError:
    return QemuError("The parameters child and node are in conflict")


def block_child_unknown(parent: str, child: str) -> QemuError:
    return QemuError(f"Node '{parent}' does not have child '{child}'")


def reopen_without_nodes() -> QemuError:
    """QEMU 10.0.2 aborts."""
    return invalid_parameter_value("options", "a list that is not empty")


def overlay_lacks_name() -> QemuError:
    return QemuError("New overlay node-name missing")


def overlay_name_taken() -> QemuError:
    return QemuError("New overlay node-name already in use")


def overlay_in_use() -> QemuError:
    return QemuError("The overlay is already in use")


def overlay_is_filter() -> QemuError:
    return QemuError("Filters cannot be used as overlays")


def overlay_has_backing() -> QemuError:
    return QemuError("The overlay already has a backing image")


def overlay_cannot_have_backing() -> QemuError:
    return QemuError("The overlay does not support backing images")


def device_read_only(name: str) -> QemuError:
    return QemuError(f"Device '{name}' is read only")


def internal_snapshot_unsupported(format_name: str, device: str) -> QemuError:
    return QemuError(f"Block format '{format_name}' used by device '{device}' does not support internal snapshots")


def snapshot_name_empty() -> QemuError:
    return QemuError("Name is empty")


def snapshot_not_found(snapshot_id: str, name: str, device: str) -> QemuError:
    return QemuError(f"Snapshot with id '{snapshot_id}' and name '{name}' does not exist on device '{device}'")


def image_without_backing() -> QemuError:
    return QemuError("not allowing backing file change on an image without a backing file")


def image_not_in_chain(device: str) -> QemuError:
    return QemuError(f"'{device}' and image file are not in the same chain")


def image_does_not_support_resize() -> QemuError:
    return QemuError("Image format driver does not support resize")


def image_create_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not create '{path}': {reason}")


def block_child_fixed(node: str, delete: bool) -> QemuError:
    what = "removing a child" if delete else "adding a child"
    return QemuError(f"The node {node} does not support {what}")


def reopen_option_fixed(name: str) -> QemuError:
    return QemuError(f"Cannot change the option '{name}'")


def reopen_writers_remain(node: str) -> QemuError:
    return QemuError(f"Read-only block node '{node}' cannot support read-write users")


def histogram_refused(device: str, kind: str) -> QemuError:
    return QemuError(f"Device '{device}' set {kind} boundaries fail")


# block/dirty-bitmap.c, block/monitor/bitmap-qmp-cmds.c


def bitmap_name_empty() -> QemuError:
    return QemuError("Bitmap name cannot be empty")


def bitmap_not_found(name: str) -> QemuError:
    return QemuError(f"Dirty bitmap '{name}' not found")


def bitmap_granularity_refused() -> QemuError:
    return QemuError("Granularity must be power of 2 and at least 512")


def bitmap_exists(name: str) -> QemuError:
    return QemuError(f"Bitmap already exists: {name}")


# blockdev.c: -drive


def drive_media_invalid(media: str) -> QemuError:
    return QemuError(f"'{media}' invalid media")


def drive_interface_unknown(name: str) -> QemuError:
    return QemuError(f"unsupported bus type '{name}'")


def drive_index_with_unit() -> QemuError:
    return QemuError("index cannot be used with bus and unit")


def drive_unit_too_big(unit: int, largest: int) -> QemuError:
    return QemuError(f"unit {unit} too big (max is {largest})")


def drive_place_taken(bus: int, unit: int, index: int) -> QemuError:
    return QemuError(f"drive with bus={bus}, unit={unit} (index={index}) exists")


def drive_policy_unsupported(name: str) -> QemuError:
    return QemuError(f"{name} is not supported by this bus type")


def drive_without_driver() -> QemuError:
    return QemuError("Must specify either driver or file")


def drive_cache_invalid() -> QemuError:
    return QemuError("invalid cache option")


def drive_not_hot_added(interface: int) -> QemuError:
    return QemuError(f"Can't hot-add drive to type {interface}")


def drive_add_lacks_name() -> QemuError:
    return QemuError("'node-name' needs to be specified")


def commit_failed(device: str, reason: str) -> QemuError:
    return QemuError(f"'commit' error for '{device}': {reason}")


def drive_exists(name: str) -> QemuError:
    return QemuError(f"Device with id '{name}' already exists")


def drive_name_is_node(name: str) -> QemuError:
    return QemuError(f"Device name '{name}' conflicts with an existing node name")


# migration/savevm.c, block/snapshot.c


def snapshots_unsupported(name: str) -> QemuError:
    return QemuError(f"Device '{name}' is writable but does not support snapshots")


def snapshot_not_everywhere(name: str) -> QemuError:
    return QemuError(f"Snapshot '{name}' does not exist in one or more devices")


def no_disk_for_snapshots() -> QemuError:
    return QemuError("no block device can store vmstate for snapshot")


def snapshot_without_device() -> QemuError:
    return QemuError("At least one device is required for snapshot")


def snapshot_node_missing(name: str) -> QemuError:
    return QemuError(f"No block device node '{name}'")
