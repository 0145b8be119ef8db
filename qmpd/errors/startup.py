"""What only a start says."""

from __future__ import annotations

from qmpd.errors import QemuError

# system/vl.c, util/qemu-config.c, system/qdev-monitor.c, monitor/monitor.c, chardev/char.c: the command line's own


def option_unknown() -> QemuError:
    return QemuError("invalid option")


def option_lacks_argument() -> QemuError:
    return QemuError("requires an argument")


def option_unsupported_for_target() -> QemuError:
    return QemuError("Option not supported for this target")


def option_group_unknown(group: str) -> QemuError:
    return QemuError(f"There is no option group '{group}'")


def spice_module_missing() -> QemuError:
    return QemuError("Perhaps you want to install qemu-system-modules-spice package?")


def virtfs_usage() -> QemuError:
    return QemuError("Usage: -virtfs fsdriver,mount_tag=tag")


def nographic_daemonized() -> QemuError:
    return QemuError("-nographic cannot be used with -daemonize")


def port_not_connected(kind: str, name: str) -> QemuError:
    """``kind`` is ``serial`` or ``parallel``."""
    return QemuError(f"could not connect {kind} device to character backend '{name}'")


def debugcon_backend_invalid(name: str) -> QemuError:
    return QemuError(f"invalid character backend '{name}'")


def option_needs_kernel(option: str) -> QemuError:
    return QemuError(f"{option} only allowed with -kernel option")


def smbios_file_unreadable(path: str) -> QemuError:
    return QemuError(f"Cannot read SMBIOS file {path}")


def smbios_type_missing() -> QemuError:
    return QemuError("Must specify type= or file=")


def smbios_type_out_of_range() -> QemuError:
    return QemuError("out of range!")


def smbios_type_unknown(number: int) -> QemuError:
    return QemuError(f"Don't know how to build fields for SMBIOS type {number}")


def smbios_release_invalid() -> QemuError:
    return QemuError("Invalid release")


def smbios_uuid_invalid() -> QemuError:
    return QemuError("Invalid UUID")


def smbios_speed_too_large(largest: int) -> QemuError:
    return QemuError(f"SMBIOS CPU speed is too large (> {largest})")


def smbios_kind_invalid(kind: str) -> QemuError:
    return QemuError(f"invalid parameter value: {kind}")


def seed_malformed(text: str) -> QemuError:
    return QemuError(f"Invalid seed number: {text}")


def user_unknown(text: str) -> QemuError:
    return QemuError(f'User "{text}" doesn\'t exist (and is not <uid>:<gid>)')


def privileges_not_dropped() -> QemuError:
    return QemuError("Dropping privileges failed")


def root_not_changed() -> QemuError:
    return QemuError("chroot failed")


def uuid_malformed() -> QemuError:
    return QemuError("failed to parse UUID string: wrong format")


def set_malformed(text: str) -> QemuError:
    return QemuError(f'can\'t parse: "{text}"')


def set_unsupported(group: str) -> QemuError:
    return QemuError(f"-set is not supported with {group}")


def set_target_missing(group: str, option_id: str) -> QemuError:
    return QemuError(f'there is no {group} "{option_id}" defined')


def global_incomplete() -> QemuError:
    return QemuError("options 'driver', 'property', and 'value' are required")


def config_group_missing() -> QemuError:
    return QemuError("no group defined")


def config_keys_mixed() -> QemuError:
    return QemuError("Cannot mix list and non-list keys")


def config_malformed() -> QemuError:
    return QemuError("parse error")


def file_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not open '{path}': {reason}")


def display_vnc_incomplete() -> QemuError:
    return QemuError("VNC requires a display argument vnc=<display>")


def mem_lock_unknown() -> QemuError:
    return QemuError("parameter 'mem-lock' expects one of 'on', 'off', 'on-fault'")


def sandbox_argument_invalid(name: str) -> QemuError:
    return QemuError(f"invalid argument for {name}")


def option_rom_missing() -> QemuError:
    return QemuError("Option ROM file is not specified")


def fd_missing() -> QemuError:
    return QemuError("fd option is required and must be non-negative")


def fd_is_standard_stream() -> QemuError:
    return QemuError("fd cannot be a standard I/O stream")


def fd_invalid() -> QemuError:
    return QemuError("fd is not valid or already in use")


def fd_set_missing() -> QemuError:
    return QemuError("set option is required and must be non-negative")


def options_exclusive(first: str, second: str) -> QemuError:
    return QemuError(f"'{first}' and '{second}' options are mutually exclusive")


def preconfig_incoming() -> QemuError:
    return QemuError("'preconfig' supports '-incoming defer' only")


def memory_path_and_backend() -> QemuError:
    return QemuError("'-mem-path' can't be used together with'-machine memory-backend'")


def accelerator_unknown(name: str) -> QemuError:
    return QemuError(f"invalid accelerator {name}")


def accelerator_missing() -> QemuError:
    return QemuError("no accelerator found")


def accelerator_failed(name: str, reason: str) -> QemuError:
    return QemuError(f"failed to initialize {name}: {reason}")


def accelerator_fallback(name: str) -> QemuError:
    return QemuError(f"falling back to {name}")


def accelerator_thread_invalid(value: str) -> QemuError:
    return QemuError(f"Invalid 'thread' setting {value}")


def vga_unknown(text: str) -> QemuError:
    return QemuError(f"unknown vga type: {text}")


def vga_unavailable(name: str, package: str) -> QemuError:
    return QemuError(f"{name} not available. Perhaps you want to install {package} package?")


def display_unavailable(name: str, package: str) -> QemuError:
    return QemuError(f"Display '{name}' is not available. Perhaps you want to install {package} package?")


def audio_unavailable(driver: str, package: str) -> QemuError:
    return QemuError(f"Unknown audio driver `{driver}'. Perhaps you want to install {package} package?")


def drive_unsupported(interface: str, bus: int, unit: int) -> QemuError:
    return QemuError(f"machine type does not support if={interface},bus={bus},unit={unit}")


VGA_UNUSED = "A -vga option was passed but this machine type does not use that option; No VGA device has been created"


def usb_bus_missing(name: str) -> QemuError:
    return QemuError(
        f"Error: no usb bus to attach usbdevice {name}, please try -machine usb=on and check that the machine model"
        " supports USB"
    )


def braille_not_reached(reason: str) -> QemuError:
    return QemuError(f"brlapi__openConnection: connect: {reason}")


def usb_device_not_created(driver: str) -> QemuError:
    return QemuError(f"Failed to create USB device '{driver}'")


def usb_parameters_gone() -> QemuError:
    return QemuError("usbdevice parameters are not supported anymore")


def usb_device_unknown(name: str) -> QemuError:
    return QemuError(f"could not add USB device '{name}'")


def vga_needs_pci(name: str) -> QemuError:
    return QemuError(f"isa_vga_init: {name}: no PCI bus")


def qtest_backend_invalid(name: str) -> QemuError:
    return QemuError(f'Failed to initialize device for qtest: "{name}"')


def accelerator_options_incompatible() -> QemuError:
    return QemuError('The -accel and "-machine accel=" options are incompatible')


def option_value_invalid(value: str) -> QemuError:
    return QemuError(f"invalid option value '{value}'")


def date_malformed() -> QemuError:
    return QemuError("invalid datetime format", hint="valid formats: '2006-06-17T16:01:21' or '2006-06-17'")


def boot_device_repeated(letter: str) -> QemuError:
    return QemuError(f"Boot device '{letter}' was given twice")


def boot_device_invalid(letter: str) -> QemuError:
    return QemuError(f"Invalid boot device '{letter}'")


def address_malformed(address: str) -> QemuError:
    return QemuError(f"error parsing address '{address}'")


def chardev_name_unknown(name: str) -> QemuError:
    return QemuError(f"'{name}' is not a valid char driver")


def chardev_name_unparsed(name: str) -> QemuError:
    return QemuError(f"parse error: {name}")


def chardev_lacks_id() -> QemuError:
    return QemuError("chardev: no id specified")


def chardev_lacks_backend(option_id: str) -> QemuError:
    return QemuError(f'chardev: "{option_id}" missing backend')


def chardev_backend_unknown(name: str) -> QemuError:
    return QemuError(f"'{name}' is not a valid char driver name")


def chardev_lacks(backend: str, what: str) -> QemuError:
    """``what`` is ``filename``, ``port``, ``device path`` or ``chardev``."""
    return QemuError(f"chardev: {backend}: no {what} given")


def chardev_udp_lacks_port() -> QemuError:
    return QemuError("chardev: udp: remote port not specified")


def chardev_address_ambiguous() -> QemuError:
    return QemuError("None or one of 'path', 'fd' or 'host' option required.")


def chardev_exclusive(first: str, second: str) -> QemuError:
    return QemuError(f"'{first}' and '{second}' are mutually exclusive")


def chardev_option_incompatible(name: str, mode: str) -> QemuError:
    """``mode`` is ``client connect`` or ``server listen``."""
    return QemuError(f"'{name}' option is incompatible with socket in {mode} mode")


def chardev_tls_authz_alone() -> QemuError:
    return QemuError("'tls_authz' option requires 'tls_creds' option")


def chardev_fd_malformed(text: str) -> QemuError:
    return QemuError(f"Unable to parse FD number {text}")


def chardev_ring_size() -> QemuError:
    return QemuError("size of ringbuf chardev must be power of two")


def chardev_stdio_taken() -> QemuError:
    return QemuError("cannot use stdio by multiple character devices")


def chardev_stdio_daemonized() -> QemuError:
    return QemuError("cannot use stdio with -daemonize")


def chardev_not_found(name: str) -> QemuError:
    return QemuError(f'chardev "{name}" not found')


def chardev_in_use(name: str) -> QemuError:
    return QemuError(f"chardev '{name}' is already in use")


def pretty_needs_control() -> QemuError:
    return QemuError("'pretty' is not compatible with HMP monitors")
