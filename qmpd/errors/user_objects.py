"""User objects other than memory backends."""

from __future__ import annotations

from qmpd.errors import QemuError

# backends/rng*.c, backends/cryptodev*.c, util/thread-context.c, util/main-loop.c, util/async.c: plain user objects


def property_no_longer_settable(name: str) -> QemuError:
    return QemuError(f"Property '{name}' can no longer be set")


def cryptodev_queues_refused(type_name: str, queues: int) -> QemuError:
    return QemuError(f"Property '{type_name}.queues' doesn't take value '{queues}'")


def cryptodev_builtin_queues() -> QemuError:
    return QemuError("Only support one queue in cryptdov-builtin backend")


def affinities_mixed() -> QemuError:
    return QemuError("Mixing CPU and node affinity not supported")


def cpu_list_empty() -> QemuError:
    return QemuError("CPU list is empty")


def node_list_empty() -> QemuError:
    return QemuError("Node list is empty")


def nodes_select_no_cpus() -> QemuError:
    return QemuError("The nodes select no CPUs")


def cpu_affinity_failed() -> QemuError:
    return QemuError("Setting CPU affinity failed: Invalid argument")


def main_loop_taken() -> QemuError:
    return QemuError("only one main-loop instance allowed")


def thread_pool_limits_invalid() -> QemuError:
    return QemuError("bad thread-pool-min/thread-pool-max values")


# crypto/secret*.c, crypto/tlscreds*.c, util/base64.c: what guards


def secret_missing() -> QemuError:
    return QemuError("Either 'file' or 'data' must be provided")


def secret_given_twice() -> QemuError:
    return QemuError("'file' and 'data' are mutually exclusive")


def secret_unreadable(path: str, reason: str) -> QemuError:
    return QemuError(f"Unable to read {path}: {reason}")


def secret_not_found(name: str) -> QemuError:
    return QemuError(f"No secret with id '{name}'")


def not_a_secret(name: str) -> QemuError:
    return QemuError(f"Object with id '{name}' is not a secret")


def secret_key_length() -> QemuError:
    return QemuError("Key should be 32 bytes in length")


def secret_iv_missing() -> QemuError:
    return QemuError("IV is required to decrypt secret")


def secret_iv_length(length: int) -> QemuError:
    return QemuError(f"IV should be 16 bytes in length not {length}")


def base64_invalid() -> QemuError:
    return QemuError("Base64 data contains invalid characters")


def priority_missing() -> QemuError:
    return QemuError("'priority' property is not set")


def descriptor_unusable(text: str, reason: QemuError) -> QemuError:
    return QemuError(f"Could not parse remote object fd {text}:{reason.desc}")


def credentials_directory_missing() -> QemuError:
    return QemuError("Missing 'dir' property value")


def credentials_inaccessible(path: str, reason: str) -> QemuError:
    return QemuError(f"Unable to access credentials {path}: {reason}")


def credentials_not_found(name: str) -> QemuError:
    return QemuError(f"No TLS credentials with id '{name}'")


def not_credentials(name: str) -> QemuError:
    return QemuError(f"Object with id '{name}' is not TLS credentials")


def credentials_of_other_endpoint(endpoint: str) -> QemuError:
    return QemuError(f"Expected TLS credentials for a {endpoint} endpoint")


def credentials_username_on_server() -> QemuError:
    return QemuError("username should not be set when endpoint=server")


# block/throttle-groups.c, util/throttle.c


def throttle_limit_fixed() -> QemuError:
    return QemuError("Property cannot be set after initialization")


def throttle_limit_negative() -> QemuError:
    return QemuError("Property values cannot be negative")


def throttle_option_length_out_of_range(name: str, largest: int) -> QemuError:
    return QemuError(f"{name} value must be in therange [0, {largest}]")


def throttle_length_out_of_range(name: str, largest: int) -> QemuError:
    return QemuError(f"{name} value must be in the range [0, {largest}]")


def throttle_total_and_parts() -> QemuError:
    return QemuError("bps/iops/max total values and read/write values cannot be used at the same time")


def throttle_size_without_rate() -> QemuError:
    return QemuError("iops size requires an iops value to be set")


def throttle_rate_out_of_range(largest: int) -> QemuError:
    return QemuError(f"bps/iops/max values must be within [0, {largest}]")


def throttle_length_zero() -> QemuError:
    return QemuError("the burst length cannot be 0")


def throttle_length_without_burst() -> QemuError:
    return QemuError("burst length set without burst rate")


def throttle_length_too_high() -> QemuError:
    return QemuError("burst length too high for this burst rate")


def throttle_burst_without_rate() -> QemuError:
    return QemuError("bps_max/iops_max require corresponding bps/iops values")


def throttle_burst_below_rate() -> QemuError:
    return QemuError("bps_max/iops_max cannot be lower than bps/iops")


# target/i386/sev.c


def sev_length_wrong(length: int, wanted: int) -> QemuError:
    return QemuError(f"parameter length of {length} not equal to {wanted}")


def sev_workarounds_wrong(length: int) -> QemuError:
    return QemuError(f"parameter length of {length} exceeds max of 16")


def sev_authentication_too_long(length: int) -> QemuError:
    return QemuError(f"parameter length:ID_AUTH {length} exceeds max of 4096")


# system/qtest.c, backends/cryptodev-vhost-user.c


def property_not_settable_now(name: str) -> QemuError:
    return QemuError(f"Property '{name}' can not be set now")


def qtest_chardev_missing(name: str) -> QemuError:
    return QemuError(f"Cannot find character device '{name}'")


def qtest_taken() -> QemuError:
    return QemuError("Only one instance of qtest can be created")


def cryptodev_silent() -> QemuError:
    """On standard error, with nothing in front."""
    error = QemuError(
        "Failed to set msg fds.\nvhost_backend_init failed: Protocol error\nfailed to init vhost_crypto for queue 0\n"
    )
    error.plain = True
    return error


# ui/input-barrier.c, backends/dbus-vmstate.c, crypto/secret_keyring.c, net/can/can_*.c: who needs a partner


def barrier_value_out_of_range(name: str, highest: int) -> QemuError:
    return QemuError(f"{name} property must be in the range [0..{highest}]")


def barrier_name_set() -> QemuError:
    return QemuError("name property already set")


def bus_unreachable(reason: str) -> QemuError:
    return QemuError(f"failed to connect to DBus: '{reason}'")


def secret_serial_zero() -> QemuError:
    return QemuError("'serial' should not be equal to 0")


def secret_key_unreadable(serial: int, reason: str) -> QemuError:
    return QemuError(f"Unable to read serial key {serial & 0xFFFFFFFF:08x}: {reason}")


def can_bus_missing() -> QemuError:
    return QemuError("'canbus' property not set")


def can_interface_too_long(longest: int) -> QemuError:
    return QemuError(f"CAN interface name longer than {longest} characters")


def can_connected() -> QemuError:
    return QemuError("CAN interface already connected")


def can_socket_failed(reason: str) -> QemuError:
    return QemuError(f"failed to create CAN_RAW socket: {reason}")


def can_interface_missing(name: str, reason: str) -> QemuError:
    return QemuError(f"SocketCAN host interface {name} not available: {reason}")
