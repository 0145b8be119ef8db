"""Moving a machine elsewhere, and measuring how fast it changes."""

from __future__ import annotations

from qmpd.errors import QemuError

# migration/options.c: capabilities and parameters


def postcopy_excludes(what: str) -> QemuError:
    """``what`` is ``ignore-shared`` or ``multifd``; QEMU says it otherwise of each."""
    yet = "yet " if what == "multifd" else ""
    return QemuError(f"Postcopy is not {yet}compatible with {what}")


def background_snapshot_excludes(capability: str) -> QemuError:
    return QemuError(f"Background-snapshot is not compatible with {capability}")


def zero_copy_refused() -> QemuError:
    return QemuError("Zero copy only available for non-compressed non-TLS multifd migration")


def preempt_needs_postcopy() -> QemuError:
    return QemuError("Postcopy preempt requires postcopy-ram")


def switchover_ack_needs_return_path() -> QemuError:
    return QemuError("Capability 'switchover-ack' requires capability 'return-path'")


def dirty_limit_excludes_auto_converge() -> QemuError:
    return QemuError("dirty-limit conflicts with auto-converge either of then available currently")


def dirty_limit_needs_kvm() -> QemuError:
    return QemuError("dirty-limit requires KVM with accelerator property 'dirty-ring-size' set")


def multifd_excludes_xbzrle() -> QemuError:
    return QemuError("Multifd is not compatible with xbzrle")


def mapped_ram_excludes(what: str) -> QemuError:
    return QemuError(f"Mapped-ram migration is incompatible with {what}")


def mapped_ram_refused() -> QemuError:
    return QemuError("Mapped-ram only available for non-compressed non-TLS multifd migration")


def dirty_limit_too_low() -> QemuError:
    return QemuError("Parameter 'vcpu_dirty_limit' must be greater than 1 MB/s")


# migration/block-dirty-bitmap.c


def bitmap_mapping_invalid(reason: str) -> QemuError:
    return QemuError(f"Invalid mapping given for block-bitmap-mapping: {reason}")


# migration/migration-hmp-cmds.c


def bitmap_mapping_by_qmp_only() -> QemuError:
    return QemuError("The block-bitmap-mapping parameter can only be set through QMP")


def size_invalid(text: str) -> QemuError:
    return QemuError(f"Invalid size {text}")


# migration/migration.c


def not_postcopy() -> QemuError:
    return QemuError("migrate-pause is currently only supported during postcopy-active or postcopy-recover state")


def not_paused() -> QemuError:
    return QemuError("Migrate recover can only be run when postcopy is paused.")


def destination_missing() -> QemuError:
    return QemuError("need either 'uri' or 'channels' argument")


def channel_repeated(kind: str) -> QemuError:
    return QemuError(f"Channel list has more than one {kind} entry")


def one_channel_expected() -> QemuError:
    return QemuError("Channel list must have only one entry, for type 'main'")


def main_channel_missing() -> QemuError:
    return QemuError("Channel list has no main entry")


def cpr_channel_missing() -> QemuError:
    return QemuError("missing 'cpr' migration channel")


def protocol_unknown(uri: str) -> QemuError:
    return QemuError(f"unknown migration protocol: {uri}")


def needs_seekable() -> QemuError:
    return QemuError("Migration requires seekable transport (e.g. file)")


def needs_channels() -> QemuError:
    return QemuError("Migration requires multi-channel URIs (e.g. tcp)")


def needs_stream() -> QemuError:
    return QemuError("Migration requires streamable transport (eg unix)")


def nothing_to_resume() -> QemuError:
    return QemuError("Cannot resume if there is no paused migration")


def in_progress() -> QemuError:
    return QemuError("There's a migration process in progress")


def guest_is_coming() -> QemuError:
    return QemuError("Guest is waiting for an incoming migration")


def mapped_ram_without(what: str) -> QemuError:
    return QemuError(f"Cannot use {what} with mapped-ram")


def cpr_without(what: str) -> QemuError:
    return QemuError(f"Cannot use {what} with CPR")


def postcopy_disabled() -> QemuError:
    return QemuError("Enable postcopy with migrate_set_capability before the start of migration")


def postcopy_too_early() -> QemuError:
    return QemuError("Postcopy must be started after migration has been started")


def state_unexpected(state: str) -> QemuError:
    return QemuError(f"Migration not in expected state: {state}")


def incoming_not_asked_for() -> QemuError:
    return QemuError("'-incoming' was not specified on the command line")


def incoming_started() -> QemuError:
    return QemuError("The incoming migration has already been started")


def too_late_for(what: str) -> QemuError:
    return QemuError(f"{what} must be set before incoming starts")


def arrival_state_illegal(state: str) -> QemuError:
    return QemuError(f"Illegal migration incoming state: {state}")


# util/qemu-sockets.c, migration/file.c, migration/fd.c, migration/rdma.c: where to


def address_malformed(text: str) -> QemuError:
    return QemuError(f"error parsing address '{text}'")


def unix_address_invalid() -> QemuError:
    return QemuError("invalid Unix socket address")


def fd_address_invalid() -> QemuError:
    return QemuError("invalid file descriptor address")


def file_not_created(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not create '{path}': {reason}")


def fd_name_unknown(name: str) -> QemuError:
    return QemuError(f"File descriptor named '{name}' has not been found")


def rdma_channel_failed() -> QemuError:
    return QemuError("RDMA ERROR: could not create CM channel")


# migration/savevm.c, hw/misc/ivshmem-pci.c


def device_immovable(state: str) -> QemuError:
    return QemuError(f"State blocked by non-migratable device '{state}'")


def device_listed(state: str) -> QemuError:
    return QemuError(f"non-migratable device: {state}")


def shared_memory_peer() -> QemuError:
    return QemuError("Migration is disabled when using feature 'peer mode' in device 'ivshmem'")


# migration/colo.c


def not_in_colo() -> QemuError:
    return QemuError("VM is not in COLO mode")


def failover_only_to_stop() -> QemuError:
    return QemuError("Parameter 'failover' is only for stopping replication")


# migration/dirtyrate.c, system/dirtylimit.c


def calc_time_out_of_range() -> QemuError:
    return QemuError("Calculation time is out of range [50ms, 60000ms].")


def dirty_rate_running() -> QemuError:
    return QemuError("the dirty rate is already being measured.")


def sample_pages_unused() -> QemuError:
    return QemuError("sample-pages is used only in page-sampling mode")


def sample_pages_out_of_range() -> QemuError:
    return QemuError("sample-pages is out of range[128, 16384].")


def dirty_rate_mode_disabled(mode: str) -> QemuError:
    return QemuError(f"mode {mode} is not enabled, use other method instead.")


def dirty_limit_unavailable() -> QemuError:
    return QemuError("dirty page limit feature requires KVM with accelerator property 'dirty-ring-size' set'")


def dirty_limit_negative(rate: int) -> QemuError:
    return QemuError(f"invalid dirty page limit {rate}")


# system/qdev-monitor.c


def config_frozen() -> QemuError:
    return QemuError("Config synchronization is not allowed during migration")


def config_not_synchronized(type_name: str) -> QemuError:
    return QemuError(f"device-sync-config is not supported for '{type_name}'")
