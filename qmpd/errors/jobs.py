"""Jobs on block nodes, and transactions."""

from __future__ import annotations

from qmpd.errors import ErrorClass, QemuError

# job.c, job-qmp.c, blockjob.c


def job_not_found() -> QemuError:
    return QemuError("Job not found")


def block_job_not_found(name: str) -> QemuError:
    return QemuError(f"Block job '{name}' not found", ErrorClass.DEVICE_NOT_ACTIVE)


def job_not_paused() -> QemuError:
    return QemuError("Can't resume a job that was not paused")


def job_id_malformed(name: str) -> QemuError:
    return QemuError(f"Invalid job ID '{name}'")


def job_id_taken(name: str) -> QemuError:
    return QemuError(f"Job ID '{name}' already in use")


def job_verb_refused(name: str, state: str, verb: str) -> QemuError:
    return QemuError(f"Job '{name}' in state '{state}' cannot accept command verb '{verb}'")


def job_already_paused() -> QemuError:
    return QemuError("Job is already paused")


def block_job_paused(name: str) -> QemuError:
    return QemuError(f"The block job for device '{name}' is currently paused")


def job_cannot_change() -> QemuError:
    return QemuError("Job type does not support change")


def canceled() -> QemuError:
    return QemuError("Operation canceled")


# blockdev.c: what is asked of a job


def not_in_backing_chain(name: str) -> QemuError:
    return QemuError(f"Can't find '{name}' in the backing chain")


def node_not_a_backing_image(name: str, device: str) -> QemuError:
    return QemuError(f"Node '{name}' is not a backing image of '{device}'")


def bottom_is_a_filter(name: str) -> QemuError:
    return QemuError(f"Node '{name}' is a filter, use a non-filter node as 'bottom'")


def node_not_in_chain(name: str, device: str) -> QemuError:
    return QemuError(f"Node '{name}' is not in a chain starting from '{device}'")


def node_not_in_this_chain(name: str) -> QemuError:
    return QemuError(f"'{name}' is not in this backing file chain")


def backing_file_of_whole_chain() -> QemuError:
    return QemuError("backing file specified, but streaming the entire chain")


def commit_into_itself() -> QemuError:
    return QemuError("cannot commit an image into itself")


def top_not_found(name: str) -> QemuError:
    return QemuError(f"Top image file {name} not found")


def block_arguments_exclusive(first: str, second: str) -> QemuError:
    return QemuError(f"'{first}' and '{second}' cannot be specified at the same time")


def block_arguments_mutually_exclusive(first: str, second: str) -> QemuError:
    return QemuError(f"'{first}' and '{second}' are mutually exclusive")


def blockdev_create_unsupported() -> QemuError:
    return QemuError("Driver does not support blockdev-create")


def transaction_aborted() -> QemuError:
    return QemuError("Transaction aborted using Abort action")


def transaction_property_unsupported(action: str) -> QemuError:
    return QemuError(f"Action '{action}' does not support transaction property completion-mode = grouped")


def backing_file_of_active_layer() -> QemuError:
    return QemuError("'backing-file' specified, but 'top' is the active layer")


def backing_file_below_writer() -> QemuError:
    return QemuError("'backing-file' specified, but 'top' has a writer on it")


def bitmap_name_missing(sync: str) -> QemuError:
    return QemuError(f"must provide a valid bitmap name for '{sync}' sync mode")


def bitmap_mode_fixed(mode: str, sync: str) -> QemuError:
    return QemuError(f"Bitmap sync mode must be '{mode}' when using sync mode '{sync}'")


def bitmap_missing(name: str) -> QemuError:
    return QemuError(f"Bitmap '{name}' could not be found")


def bitmap_mode_missing() -> QemuError:
    return QemuError("Bitmap sync mode must be given when providing a bitmap")


def bitmap_meaningless(sync: str) -> QemuError:
    return QemuError(f"sync mode '{sync}' does not produce meaningful bitmap outputs")


def bitmap_mode_without_effect(mode: str, sync: str) -> QemuError:
    return QemuError(f"Bitmap sync mode '{mode}' has no meaningful effect when combined with sync mode '{sync}'")


def bitmap_mode_without_bitmap() -> QemuError:
    return QemuError("Cannot specify bitmap sync mode without a bitmap")


def replaced_without_name() -> QemuError:
    return QemuError("a node-name must be provided when replacing a named node of the graph")


def replaced_of_other_size() -> QemuError:
    return QemuError("cannot replace image with a mirror image of different size")


# block.c, block/mirror.c, block/commit.c, block/stream.c, block/backup.c: jobs that cannot begin, or end badly


def cannot_replace(node: str, source: str) -> QemuError:
    return QemuError(
        f"Cannot replace '{node}' by a node mirrored from '{source}', because it cannot be guaranteed that doing so"
        " would not lead to an abrupt change of visible data"
    )


def sizes_differ() -> QemuError:
    return QemuError("Source and target image have different sizes")


def mirror_into_itself() -> QemuError:
    return QemuError("Can't mirror node into itself")


def sync_mode_unsupported(mode: str) -> QemuError:
    return QemuError(f"Sync mode '{mode}' not supported")


def buffer_size_invalid() -> QemuError:
    return QemuError("Invalid parameter 'buf-size'")


def copy_mode_not_changed(mode: str) -> QemuError:
    return QemuError(f"Change to copy mode '{mode}' is not implemented")


def base_not_below_overlay(base: str, node: str) -> QemuError:
    return QemuError(f"'{base}' is not in the backing chain of '{node}'")


def backup_into_itself() -> QemuError:
    return QemuError("Source and target cannot be the same")


def filter_not_made(reason: QemuError) -> QemuError:
    return QemuError(f"Could not create node: {reason.desc}", reason.error_class)


def compression_unsupported(drive: str) -> QemuError:
    return QemuError(f"Compression is not supported for this drive {drive}")


def filter_not_put_in(reason: QemuError) -> QemuError:
    return QemuError(f"Could not replace node: {reason.desc}", reason.error_class)


def max_workers_refused(most: int) -> QemuError:
    return QemuError(f"max-workers must be between 1 and {most}")


def max_chunk_refused() -> QemuError:
    return QemuError("max-chunk must be zero (which means no limit) or positive")
