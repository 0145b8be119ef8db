"""QEMU's error texts: each stands in this package once, under the QEMU file that it comes from.

A text is a function that returns the error; the caller raises it. Nothing here decides when an error is due. The texts
of a subsystem that few machines meet have a module of their own, which is read when the first of them is due:
``errors.user_objects.property_no_longer_settable(…)``.
"""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qmpd.errors import block as block
    from qmpd.errors import char as char
    from qmpd.errors import cpu as cpu
    from qmpd.errors import device as device
    from qmpd.errors import extras as extras
    from qmpd.errors import faults as faults
    from qmpd.errors import hostmem_file as hostmem_file
    from qmpd.errors import hyperv as hyperv
    from qmpd.errors import machine as machine
    from qmpd.errors import migration as migration
    from qmpd.errors import net as net
    from qmpd.errors import numa as numa
    from qmpd.errors import qtest as qtest
    from qmpd.errors import rare as rare
    from qmpd.errors import ui as ui
    from qmpd.errors import user_objects as user_objects
    from qmpd.errors import vhost as vhost


def __getattr__(name: str) -> Any:
    """The module ``name`` of this package, imported at its first use."""
    try:
        return import_module(f"qmpd.errors.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"module 'qmpd.errors' has no attribute '{name}'") from None


class ErrorClass(StrEnum):
    """The values of ``error.class`` on the wire (qapi/error.json)."""

    GENERIC = "GenericError"
    COMMAND_NOT_FOUND = "CommandNotFound"
    DEVICE_NOT_ACTIVE = "DeviceNotActive"
    DEVICE_NOT_FOUND = "DeviceNotFound"
    KVM_MISSING_CAP = "KVMMissingCap"


class QemuError(Exception):
    """What QEMU answers instead of a result: a text for people and a class for programs.

    ``hint`` is what QEMU prints below the text on a terminal; it never travels over QMP.
    """

    def __init__(self, desc: str, error_class: ErrorClass = ErrorClass.GENERIC, hint: str = "") -> None:
        super().__init__(desc)
        self.desc = desc
        self.error_class = error_class
        self.hint = hint


class StartupError(Exception):
    """What ends the program before there is a machine: one error, or several lines of them about one thing.

    ``origin`` is the option that QEMU names in front.
    """

    def __init__(self, origin: str, *errors: QemuError) -> None:
        super().__init__(origin, *errors)
        self.origin = origin
        self.errors = errors


# qobject/json-lexer.c, qobject/json-streamer.c, qobject/json-parser.c: input that is not JSON in QEMU's dialect

_PARSE_ERROR_MAX = 1023  # QEMU formats a grammar error into a buffer of this many bytes


def json_parse_error(reason: str) -> QemuError:
    return QemuError(f"JSON parse error, {reason[:_PARSE_ERROR_MAX]}")


def json_stray(text: str) -> QemuError:
    """A lexical error; unlike the others its text is never cut."""
    return QemuError(f"JSON parse error, stray '{text}'")


def json_invalid_keyword(word: str) -> QemuError:
    return json_parse_error(f"invalid keyword '{word}'")


def json_invalid_escape() -> QemuError:
    return json_parse_error("invalid escape sequence in string")


def json_invalid_unicode(escape: str) -> QemuError:
    return json_parse_error(f"{escape} is not a valid Unicode character")


def json_invalid_utf8() -> QemuError:
    return json_parse_error("invalid UTF-8 sequence in string")


def json_key_not_a_string() -> QemuError:
    return json_parse_error("key is not a string in object")


def json_duplicate_key() -> QemuError:
    return json_parse_error("duplicate key")


def json_limit_exceeded(limit: str) -> QemuError:
    """``limit`` is ``nesting depth``, ``token count`` or ``token size``."""
    return QemuError(f"JSON {limit} limit exceeded")


# qapi/qmp-dispatch.c, monitor/qmp.c, monitor/qmp-cmds-control.c: requests out of shape or out of turn


def qmp_not_an_object() -> QemuError:
    return QemuError("QMP input must be a JSON object")


def qmp_member_type(member: str, expected: str) -> QemuError:
    """``expected`` is ``a string`` or ``an object``."""
    return QemuError(f"QMP input member '{member}' must be {expected}")


def qmp_member_clash(member: str, other: str) -> QemuError:
    return QemuError(f"QMP input member '{member}' clashes with '{other}'")


def qmp_member_unexpected(member: str) -> QemuError:
    return QemuError(f"QMP input member '{member}' is unexpected")


def qmp_lacks_execute() -> QemuError:
    return QemuError("QMP input lacks member 'execute'")


def qmp_expecting_negotiation() -> QemuError:
    return QemuError(
        "Expecting capabilities negotiation with 'qmp_capabilities'",
        ErrorClass.COMMAND_NOT_FOUND,
    )


def qmp_already_negotiated() -> QemuError:
    return QemuError(
        "Capabilities negotiation is already complete, command ignored",
        ErrorClass.COMMAND_NOT_FOUND,
    )


# util/keyval.c, util/qemu-option.c, qapi/opts-visitor.c, qapi/qobject-input-visitor.c, qobject/qjson.c: options


def parameters_unexpected(name: str) -> QemuError:
    return QemuError(f"Parameters '{name}.*' are unexpected")


def invalid_parameter(name: str) -> QemuError:
    return QemuError(f"Invalid parameter '{name}'")


def parameter_too_long(fragment: str, whole: bool) -> QemuError:
    return QemuError(f"Parameter{'' if whole else ' fragment'} '{fragment}' is too long")


def parameter_lacks_value(name: str) -> QemuError:
    return QemuError(f"Expected '=' after parameter '{name}'")


def parameter_inconsistent(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' used inconsistently")


def parameters_inconsistent(name: str) -> QemuError:
    return QemuError(f"Parameters '{name}*' used inconsistently")


def parameter_element_missing(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' missing")


def option_help_unavailable() -> QemuError:
    return QemuError("Help is not available for this option")


def option_keys_conflict(key: str, other: str) -> QemuError:
    return QemuError(f"Conflict between '{key}' and '{other}'")


def option_id_malformed(hint: bool = True) -> QemuError:
    return QemuError(
        "Parameter 'id' expects an identifier",
        hint="Identifiers consist of letters, digits, '-', '.', '_', starting with a letter." if hint else "",
    )


def option_id_duplicate(option_id: str, group: str) -> QemuError:
    return QemuError(f"Duplicate ID '{option_id}' for {group}")


def option_number_too_large(value: str, name: str) -> QemuError:
    return QemuError(f"Value '{value}' is too large for parameter '{name}'")


def option_size_out_of_range(value: str, name: str) -> QemuError:
    return QemuError(f"Value '{value}' is out of range for parameter '{name}'")


def option_size_malformed(name: str) -> QemuError:
    return QemuError(
        f"Parameter '{name}' expects a non-negative number below 2^64",
        hint="Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.",
    )


def json_more_than_one_value() -> QemuError:
    return QemuError("Expecting at most one JSON value")


def json_premature_end() -> QemuError:
    return json_parse_error("premature EOI")


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


def user_unknown(text: str) -> QemuError:
    return QemuError(f'User "{text}" doesn\'t exist (and is not <uid>:<gid>)')


def port_not_connected(kind: str, name: str) -> QemuError:
    """``kind`` is ``serial`` or ``parallel``."""
    return QemuError(f"could not connect {kind} device to character backend '{name}'")


def debugcon_backend_invalid(name: str) -> QemuError:
    return QemuError(f"invalid character backend '{name}'")


def option_needs_kernel(option: str) -> QemuError:
    return QemuError(f"{option} only allowed with -kernel option")


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


# Ours alone: QEMU has no such text


def internal_fault() -> QemuError:
    return QemuError("An internal error prevented this command from completing")


# include/qapi/qmp/qerror.h, qapi/qobject-input-visitor.c: values of the wrong shape


def missing_parameter(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is missing")


def unexpected_parameter(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is unexpected")


def invalid_parameter_type(name: str, expected: str) -> QemuError:
    return QemuError(f"Invalid parameter type for '{name}', expected: {expected}")


def invalid_parameter_value(name: str, expected: str) -> QemuError:
    return QemuError(f"Parameter '{name}' expects {expected}")


def enum_value_unknown(name: str, value: str) -> QemuError:
    return QemuError(f"Parameter '{name}' does not accept value '{value}'")


# qom/object.c, system/qdev-monitor.c: names that lead nowhere


def device_not_found(name: str) -> QemuError:
    return QemuError(f"Device '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


def class_not_found(name: str) -> QemuError:
    return QemuError(f"Class '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


# qom/object.c, qom/qom-qmp-cmds.c, qom/object_interfaces.c: objects and their properties


def duplicate_property(name: str, type_name: str) -> QemuError:
    return QemuError(f"attempt to add duplicate property '{name}' to object (type '{type_name}')")


def property_not_found(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' not found")


def property_not_readable(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' is not readable")


def property_not_writable(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' is not writable")


def path_ambiguous(path: str) -> QemuError:
    return QemuError(f"Path '{path}' is ambiguous")


def path_not_unique(path: str) -> QemuError:
    return QemuError(f"Path '{path}' does not uniquely identify an object")


def invalid_object_type(type_name: str) -> QemuError:
    return QemuError(f"invalid object type: {type_name}")


def object_not_found(name: str) -> QemuError:
    return QemuError(f"object '{name}' not found")


def object_in_use(name: str) -> QemuError:
    return QemuError(f"object '{name}' is in use, can not be deleted")


# hw/core/qdev.c, hw/core/qdev-properties.c, hw/core/qdev-hotplug.c, system/qdev-monitor.c: devices


def _device_words(device_id: str | None, type_name: str) -> str:
    who = f"device '{device_id}'" if device_id is not None else "anonymous device"
    return f"{who} (type '{type_name}')"


def set_after_realize(name: str, device_id: str | None, type_name: str) -> QemuError:
    return QemuError(f"Attempt to set property '{name}' on {_device_words(device_id, type_name)} after it was realized")


def set_link_after_realize(name: str, device_id: str | None, type_name: str) -> QemuError:
    shown = "(null)" if device_id is None else device_id
    return QemuError(
        f"Attempt to set link property '{name}' on device '{shown}' (type '{type_name}') after it was realized"
    )


def not_a_device_model(name: str) -> QemuError:
    return QemuError(f"'{name}' is not a valid device model name")


def device_id_taken(device_id: str) -> QemuError:
    return QemuError(f"Duplicate device ID '{device_id}'")


def bus_not_found(path: str) -> QemuError:
    return QemuError(f"Bus '{path}' not found")


def wrong_bus(driver: str, bus_type: str) -> QemuError:
    return QemuError(f"Device '{driver}' can't go on {bus_type} bus")


def no_bus_for(bus_type: str, driver: str) -> QemuError:
    return QemuError(f"No '{bus_type}' bus found for device '{driver}'")


def device_not_hotpluggable(type_name: str) -> QemuError:
    return QemuError(f"Device '{type_name}' does not support hotplugging")


def bus_not_hotpluggable(bus: str) -> QemuError:
    return QemuError(f"Bus '{bus}' does not support hotplugging")


def machine_cannot_hotplug(type_name: str) -> QemuError:
    return QemuError(f"Device '{type_name}' can not be hotplugged on this machine")


def not_a_device(path: str) -> QemuError:
    return QemuError(f"{path} is not a device")


def boot_cpu_unpluggable() -> QemuError:
    return QemuError("Boot CPU is unpluggable")


# hw/mem/memory-device.c


def no_device_memory() -> QemuError:
    return QemuError(
        "the configuration is not prepared for memory devices (e.g., for memory hotplug),"
        " consider specifying the maxmem option"
    )


def hypervisor_memslots_exhausted() -> QemuError:
    return QemuError("hypervisor has not enough free memory slots left")


def vhost_memslots_exhausted() -> QemuError:
    return QemuError("a used vhost backend has not enough free memory slots left")


def device_memory_exhausted(used: int, total: int) -> QemuError:
    return QemuError(f"not enough space, currently 0x{used:x} in use of total space for memory devices 0x{total:x}")


def backend_size_unaligned(align: int) -> QemuError:
    return QemuError(f"backend memory size must be multiple of 0x{align:x}")


def address_unaligned(align: int) -> QemuError:
    return QemuError(f"address must be aligned to 0x{align:x} bytes")


def address_outside_region(addr: int, size: int, base: int, region_size: int) -> QemuError:
    return QemuError(
        f"can't add memory device [0x{addr:x}:0x{size:x}],"
        f" usable range for memory devices [0x{base:x}:0x{region_size:x}]"
    )


def address_conflict(device_id: str | None) -> QemuError:
    shown = "(unnamed)" if device_id is None else device_id
    return QemuError(f"address range conflicts with memory device id='{shown}'")


def memory_device_too_big() -> QemuError:
    return QemuError("can't add memory device, device too big")


def device_memory_fragmented() -> QemuError:
    return QemuError(
        "could not find position in guest address space for memory device - memory fragmented due to alignments"
    )


# hw/mem/pc-dimm.c


def slot_out_of_range(slot: int, slots: int) -> QemuError:
    return QemuError(f"invalid slot number {slot}, valid range is [0-{(slots - 1) % (1 << 64)}]")


def no_slots() -> QemuError:
    return QemuError("no slots where allocated, please specify the 'slots' option")


def slot_busy(slot: int) -> QemuError:
    return QemuError(f"slot {slot} is busy")


def slots_exhausted() -> QemuError:
    return QemuError("no free slots available")


def memdev_property_missing() -> QemuError:
    return QemuError("'memdev' property must be set")


def memdev_not_set() -> QemuError:
    return QemuError("'memdev' property is not set")


def memdev_busy(name: str) -> QemuError:
    return QemuError(f"can't use already busy memdev: {name}")


def dimm_node_out_of_range(node: int, nodes: int) -> QemuError:
    return QemuError(f"'DIMM property node has value {node}' which exceeds the number of numa nodes: {nodes}")


# hw/mem/nvdimm.c, hw/i386/pc.c: NVDIMMs


def nvdimm_not_enabled() -> QemuError:
    return QemuError("nvdimm is not enabled: missing 'nvdimm' in '-M'")


def nvdimm_unplug_unsupported() -> QemuError:
    return QemuError("nvdimm device hot unplug is not supported yet.")


def nvdimm_value_fixed() -> QemuError:
    return QemuError("cannot change property value")


def nvdimm_label_too_small(type_name: str, size: int, smallest: int) -> QemuError:
    return QemuError(f"Property '{type_name}.label-size' ({size:#x}) is required at least {smallest:#x}")


def nvdimm_memdev_too_small(name: str, size: int, label_size: int, align: int) -> QemuError:
    return QemuError(
        f"the size of memdev {name} ({size:#x}) is too small to contain nvdimm label ({label_size:#x})"
        f" and aligned PMEM ({align:#x})"
    )


def nvdimm_armed_on_rom(name: str) -> QemuError:
    return QemuError(f"'unarmed' property must be 'on' since memdev {name} is read-only")


def property_value_not_found(type_name: str, name: str, value: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' can't find value '{value}'")


def property_value_not_taken(type_name: str, name: str, value: str, why: QemuError) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' can't take value '{value}': {why.desc}")


def property_value_invalid(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' has invalid value")


# system/qdev-monitor.c, hw/core/qdev-properties-system.c, hw/pci/pci.c, hw/pci/shpc.c, hw/pci-bridge/: buses and PCI


def bus_full(path: str) -> QemuError:
    return QemuError(f"Bus '{path}' is full")


def device_without_bus(name: str) -> QemuError:
    return QemuError(f"Device '{name}' has no child bus")


def device_with_many_buses(name: str) -> QemuError:
    return QemuError(f"Device '{name}' has multiple child buses")


def unplug_is_pending(name: str) -> QemuError:
    return QemuError(f"Device {name} is already in the process of unplug")


def property_value_refused(type_name: str, name: str, value: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' doesn't take value '{value}'")


def parameter_neither_int_nor_str(name: str) -> QemuError:
    return QemuError(f"Invalid parameter type for '{name}', expected int or str")


def acpi_index_too_large(largest: int) -> QemuError:
    return QemuError(f"acpi-index should be less or equal to {largest}")


def acpi_index_taken(index: int) -> QemuError:
    return QemuError(f"a PCI device with acpi-index = {index} already exist")


def rom_size_refused(size: int) -> QemuError:
    return QemuError(f"ROM size {size} is not a power of two")


def pci_slots_exhausted(type_name: str) -> QemuError:
    return QemuError(f"PCI: no slot/function available for {type_name}, all in use or reserved")


def pci_function_taken(slot: int, function: int, type_name: str, by: str, by_id: str | None) -> QemuError:
    owner = "(null)" if by_id is None else by_id
    return QemuError(f"PCI: slot {slot} function {function} not available for {type_name}, in use by {by},id={owner}")


def pci_slot_exposed(slot: int, by: str, type_name: str) -> QemuError:
    return QemuError(
        f"PCI: slot {slot} function 0 already occupied by {by}, new func {type_name} cannot be exposed to guest."
    )


def pci_single_function(slot: int, function: int) -> QemuError:
    return QemuError(f"PCI: single function device can't be populated in function {slot:x}.{function:x}")


def pci_single_function_populated(slot: int, function: int) -> QemuError:
    return QemuError(f"PCI: {slot:x}.0 indicates single function, but {slot:x}.{function:x} is already populated.")


def rom_without_bar() -> QemuError:
    return QemuError("Hot-plugged device without ROM bar can't have an option ROM")


def rom_file_missing(name: str) -> QemuError:
    return QemuError(f'failed to find romfile "{name}"')


def pxb_on_wrong_bus(type_name: str, bus: str) -> QemuError:
    return QemuError(f"{type_name} devices cannot reside on a {bus} bus")


def pxb_node_illegal(node: int) -> QemuError:
    return QemuError(f"Illegal numa node {node}")


def pxb_not_on_root_bus() -> QemuError:
    return QemuError("PXB devices can be attached only to root bus")


def pxb_takes_bridges(type_name: str) -> QemuError:
    return QemuError(f"PCI: Only PCI/PCIe bridges can be plugged into {type_name}")


def pxb_number_taken(number: int) -> QemuError:
    return QemuError(f"Bus {number} is already in use")


def chassis_slot_taken(code: int) -> QemuError:
    return QemuError(f"Can't add chassis slot, error {code}")


def bridge_without_chassis() -> QemuError:
    return QemuError("Bridge chassis not specified. Each bridge is required to be assigned a unique chassis id > 0.")


def shpc_slot_unsupported(slot: int, last: int) -> QemuError:
    return QemuError(
        f"Unsupported PCI slot {slot} for standard hotplug controller. Valid slots are between 1 and {last}."
    )


def guest_busy_with_slot() -> QemuError:
    return QemuError("Hot-unplug failed: guest is busy (power indicator blinking)")


# hw/virtio/virtio-md-pci.c, hw/virtio/virtio-mem.c, hw/virtio/virtio-mem-pci.c, hw/virtio/virtio-pmem.c


def virtio_without_interface() -> QemuError:
    return QemuError(
        "device cannot work as neither modern nor legacy mode is enabled",
        hint="Set either disable-modern or disable-legacy to off",
    )


def rng_period_missing() -> QemuError:
    return QemuError("'period' parameter expects a positive integer")


def rng_max_bytes_refused() -> QemuError:
    return QemuError("'max-bytes' parameter must be positive, and less than 2^63")


def balloon_exists() -> QemuError:
    return QemuError("Only one balloon device is supported")


def balloon_interval_negative() -> QemuError:
    return QemuError("timer value must be greater than zero")


def balloon_interval_too_long() -> QemuError:
    return QemuError("timer value is too big")


def virtio_memory_stays() -> QemuError:
    return QemuError("this virtio based memory devices cannot be unplugged")


def virtio_mem_block_size_fixed() -> QemuError:
    return QemuError("'block-size' cannot be changed")


def virtio_mem_block_too_small(smallest: int) -> QemuError:
    return QemuError(f"'block-size' property has to be at least {smallest:#x}")


def virtio_mem_block_not_a_power() -> QemuError:
    return QemuError("'block-size' property has to be a power of two")


def virtio_mem_block_below_page(page_size: int) -> QemuError:
    return QemuError(f"'block-size' property has to be at least the page size ({page_size:#x})")


def virtio_mem_block_below_default(default: int) -> str:
    return f"'block-size' property is smaller than the default block size ({default >> 20:x} MiB)"


def virtio_mem_request_unaligned(block_size: int) -> QemuError:
    return QemuError(f"'requested-size' has to be multiples of 'block-size' ({block_size:#x})")


def virtio_mem_request_too_large(size: int) -> QemuError:
    return QemuError(f"'requested-size' cannot exceed the memory backend size({size:#x})")


def virtio_mem_request_while_leaving() -> QemuError:
    return QemuError("'requested-size' cannot be changed if the device is in the process of unplug")


def virtio_mem_value_unaligned(name: str, block_size: int) -> QemuError:
    return QemuError(f"'{name}' property has to be multiples of 'block-size' ({block_size:#x})")


def virtio_mem_memdev_unaligned(block_size: int) -> QemuError:
    return QemuError(f"'memdev' property memdev size has to be multiples of'block-size' ({block_size:#x})")


def virtio_mem_memdev_busy(name: str) -> QemuError:
    return QemuError(f"'memdev' property specifies a busy memdev: {name}")


def virtio_mem_memdev_unsupported() -> QemuError:
    return QemuError("'memdev' property specifies an unsupported memdev")


def virtio_mem_memdev_preallocated(name: str) -> QemuError:
    return QemuError(
        f"'memdev' property specifies a memdev with preallocation enabled: {name}. Instead, specify 'prealloc=on'"
        " for the virtio-mem device. "
    )


def virtio_mem_node_out_of_range(node: int, nodes: int) -> QemuError:
    return QemuError(f"'node' property has value '{node}', which exceedsthe number of numa nodes: {nodes}")


def virtio_mem_memslots_need_inaccessible() -> QemuError:
    return QemuError("'dynamic-memslots' property set to 'on' requires 'unplugged-inaccessible' to be 'on'")


def virtio_mem_zeropage_missing() -> str:
    return "'unplugged-inaccessible' property set to 'off' with a memdev that does not support the shared zeropage."


def virtio_mem_stays_accessible() -> QemuError:
    return QemuError("virtio-mem device cannot get unplugged while 'unplugged-inaccessible' != 'on'")


def virtio_mem_still_plugged() -> QemuError:
    return QemuError("virtio-mem device cannot get unplugged while some of its memory is still plugged")


def virtio_mem_still_requested() -> QemuError:
    return QemuError("virtio-mem device cannot get unplugged while 'requested-size' != '0'")


# hw/i386/pc.c, hw/acpi/piix4.c, hw/acpi/core.c, hw/core/machine-qmp-cmds.c


def memory_hotplug_without_acpi() -> QemuError:
    return QemuError("memory hotplug is not enabled: missing acpi device or acpi disabled")


def memory_hotplug_unsupported(acpi_device_type: str) -> QemuError:
    return QemuError(f"memory hotplug is not enabled: {acpi_device_type}.memory-hotplug-support is not set")


def max_ram_below_4g_too_large(size: int) -> QemuError:
    return QemuError(f"Machine option 'max-ram-below-4g={size}' expects size less than or equal to 4G")


def address_space_too_small(limit: int, highest: int, phys_bits: int) -> QemuError:
    return QemuError(f"Address space limit 0x{limit:x} < 0x{highest:x} phys-bits too low ({phys_bits})")


# hw/core/machine.c, hw/core/numa.c, system/vl.c: the machine's own options


def machine_type_unsupported(name: str) -> QemuError:
    return QemuError(f'unsupported machine type: "{name}"', hint="Use -machine help to list supported machines")


def ram_size_too_large(size: int, limit: int) -> QemuError:
    return QemuError(f"ram size {size} exceeds permitted maximum {limit}")


def maxmem_below_size(maximum: int, size: int) -> QemuError:
    return QemuError(
        f"invalid value of maxmem: maximum memory size (0x{maximum:x})"
        f" must be at least the initial memory size (0x{size:x})"
    )


def maxmem_equals_size(maximum: int, size: int) -> QemuError:
    return QemuError(
        f"invalid value of maxmem: memory slots were specified but maximum memory size (0x{maximum:x})"
        f" is equal to the initial memory size (0x{size:x})"
    )


def slots_without_maxmem() -> QemuError:
    return QemuError("slots specified but no max-size")


def memory_options_unsupported(machine: str) -> QemuError:
    return QemuError(f"\"-memory 'slots|maxmem'\" is not supported by: {machine}")


def too_many_slots(slots: int) -> QemuError:
    return QemuError(f"unsupported amount of memory slots: {slots}")


def maxmem_unaligned(align: int) -> QemuError:
    return QemuError(f"maximum memory size must by aligned to multiple of {align} bytes")


# backends/hostmem.c, backends/hostmem-ram.c


def backend_value_refused(name: str, type_name: str, value: int) -> QemuError:
    return QemuError(f"property '{name}' of {type_name} doesn't take value '{value}'")


def backend_size_fixed(name: str, type_name: str) -> QemuError:
    return QemuError(f"cannot change property {name} of {type_name} ")


def backend_value_fixed() -> QemuError:
    return QemuError("cannot change property value")


def prealloc_without_reserve() -> QemuError:
    return QemuError("'prealloc=on' and 'reserve=off' are incompatible")


def host_node_invalid(node: int) -> QemuError:
    return QemuError(f"Invalid host-nodes value: {node}")


def host_nodes_without_policy() -> QemuError:
    return QemuError(
        "host-nodes must be empty for policy default, or you should explicitly specify a policy other than default"
    )


def policy_without_host_nodes(policy: str) -> QemuError:
    return QemuError(f"host-nodes must be set for policy {policy}")


def host_memory_unavailable(name: str) -> QemuError:
    return QemuError(f"cannot set up guest memory '{name}': Cannot allocate memory")


# util/qemu-sockets.c, io/channel-socket.c: sockets that cannot be had


def socket_bind_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Failed to bind socket to {path}: {reason}")


def socket_unlink_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Failed to unlink socket {path}: {reason}")


def socket_path_too_long(path: str) -> QemuError:
    return QemuError(f"UNIX socket path '{path}' is too long", hint="Path must be less than 108 bytes")


def socket_connect_failed(address: str, reason: str) -> QemuError:
    """``address`` is a path or ``host:port``."""
    return QemuError(f"Failed to connect to '{address}': {reason}")


def inet_resolution_failed(host: str, port: str, reason: str) -> QemuError:
    return QemuError(f"address resolution failed for {host}:{port}: {reason}")


def inet_bind_failed(reason: str) -> QemuError:
    return QemuError(f"Failed to bind socket: {reason}")


def inet_port_unavailable(reason: str) -> QemuError:
    return QemuError(f"Failed to find an available port: {reason}")


def fd_is_not_a_socket(fd: int) -> QemuError:
    return QemuError(f"File descriptor '{fd}' is not a socket")


def fd_listen_failed(reason: str) -> QemuError:
    return QemuError(f"Failed to listen on fd socket: {reason}")


# chardev/char-file.c, chardev/char-socket.c, util/oslib-posix.c


def file_open_failed(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not open '{path}': {reason}")


def waiting_for_connection(where: str) -> QemuError:
    """No error: it goes to the terminal by the same way."""
    return QemuError(f"info: QEMU waiting for connection on: {where}")


def terminating_on_signal(number: int, sender: str) -> QemuError:
    """No error either (system/runstate.c). ``sender`` is `` from pid N (NAME)``, or empty if it was the kernel."""
    return QemuError(f"terminating on signal {number}{sender}")


def chardev_connect_failed(label: str, reason: str) -> QemuError:
    return QemuError(f"Unable to connect character device {label}: {reason}")


def pidfile_not_created(reason: str) -> QemuError:
    return QemuError(f"cannot create PID file: {reason}")


def pidfile_open_failed(path: str, reason: str) -> QemuError:
    return pidfile_not_created(f"Could not create '{path}': {reason}")


def pidfile_lock_failed(reason: str) -> QemuError:
    return pidfile_not_created(f"Cannot lock pid file: {reason}")


def alignment_exceeds_expected(align: int) -> str:
    """A warning, not an error (hw/mem/memory-device.c)."""
    return (
        f"the alignment (0x{align:x}) exceeds the expected maximum alignment,"
        " memory will get fragmented and not all 'maxmem' might be usable for memory devices."
    )


# Ours alone: where QEMU 10.0.2 aborts or leaves half a device behind (docs/differences.md)


def realized_by_device_add(device_id: str | None, type_name: str) -> QemuError:
    return QemuError(f"qmpd realizes {_device_words(device_id, type_name)} itself: leave out 'realized'")


def unrealize_unsupported(device_id: str | None, type_name: str) -> QemuError:
    return QemuError(f"qmpd does not unrealize {_device_words(device_id, type_name)}: use device_del")


def not_modelled(what: str) -> QemuError:
    return QemuError(f"qmpd does not model {what}")


# hw/core/machine.c, system/vl.c: RAM


def memory_backend_used_twice(name: str) -> QemuError:
    return QemuError(
        f"memory backend {name} is used multiple times. Each -numa option must use a different memdev value."
    )


def memory_backend_size_differs() -> QemuError:
    return QemuError("Machine memory size does not match the size of the memory backend")


def default_ram_id_reserved(name: str) -> QemuError:
    return QemuError(
        f"object's id '{name}' is reserved for the default RAM backend, it can't be used for any other purposes",
        hint="Change the object's 'id' to something else or disable automatic creation of the default RAM backend"
        f" by setting 'memory-backend={name}' with '-machine'.",
    )


def acpi_device_missing() -> QemuError:
    return QemuError("command is not supported, missing ACPI device")


def cpu_hotplug_unsupported() -> QemuError:
    return QemuError("machine does not support hot-plugging CPUs")


def phys_bits_refused(bits: int, least: int, most: int) -> QemuError:
    return QemuError(f"phys-bits should be between {least} and {most}  (but is {bits})")


def machine_deprecated(name: str) -> str:
    """The reason is the same for all of them (include/hw/boards.h)."""
    reason = "machines more than 3 years old are subject to deletion after 6 years"
    return f"Machine type '{name}' is deprecated: {reason}"


def cpu_model_unknown(model: str) -> QemuError:
    return QemuError(f"unable to find CPU model '{model}'")


# accel/kvm/kvm-all.c


def kvm_inaccessible(reason: str) -> QemuError:
    return QemuError(f"Could not access KVM kernel module: {reason}")


def kvm_dirty_ring_size_odd() -> QemuError:
    return QemuError("dirty-ring-size must be a power of two.")


# system/runstate.c, system/cpus.c, system/balloon.c


def reset_required() -> QemuError:
    return QemuError("Resetting the Virtual Machine is required")


def not_suspended() -> QemuError:
    return QemuError("Unable to wake up: guest is not in suspended state")


def wakeup_unsupported() -> QemuError:
    return QemuError("wake-up from suspend is not supported by this guest")


def no_balloon() -> QemuError:
    return QemuError("No balloon device has been activated", ErrorClass.DEVICE_NOT_ACTIVE)


def machine_phase_too_late() -> QemuError:
    return QemuError("The command is permitted only before the machine has been created")


def command_not_found(name: str) -> QemuError:
    return QemuError(f"The command {name} has not been found", ErrorClass.COMMAND_NOT_FOUND)


def command_not_oob(name: str) -> QemuError:
    return QemuError(f"The command {name} does not support OOB")


def command_before_machine(name: str) -> QemuError:
    return QemuError(f"The command '{name}' is permitted only after machine initialization has completed")


def preconfig_is_over() -> QemuError:
    return QemuError("The command is permitted only before machine initialization")


# backends/, hw/i386/sgx.c, hw/hyperv/hv-balloon.c, util/yank.c


def sgx_without_epc() -> QemuError:
    return QemuError("No EPC regions defined, SGX not available")


def sgx_needs_pc() -> QemuError:
    return QemuError("SGX is only supported on PC machines")


def sgx_not_in_kvm() -> QemuError:
    return QemuError("Could not open '/dev/sgx_vepc': No such file or directory")


def yank_instance_not_found() -> QemuError:
    return QemuError("Instance not found", ErrorClass.DEVICE_NOT_FOUND)


# hw/core/machine-smp.c, hw/core/qdev-properties.c, iothread.c


def smp_level_unsupported(level: str) -> QemuError:
    return QemuError(f"{level} > 1 not supported by this machine's CPU topology")


def cpu_type_differs(expected: str) -> QemuError:
    return QemuError(f"Invalid CPU type, expected cpu type: '{expected}'")


def smp_zero() -> QemuError:
    return QemuError("Invalid CPU topology: CPU topology parameters must be greater than zero")


def smp_product_differs(product: str, maxcpus: int) -> QemuError:
    return QemuError(
        f"Invalid CPU topology: product of the hierarchy must match maxcpus: {product} != maxcpus ({maxcpus})"
    )


def smp_maxcpus_below_cpus(product: str, maxcpus: int, cpus: int) -> QemuError:
    return QemuError(
        "Invalid CPU topology: maxcpus must be equal to or greater than smp:"
        f" {product} == maxcpus ({maxcpus}) < smp_cpus ({cpus})"
    )


def smp_too_many(cpus: int, machine: str, limit: int) -> QemuError:
    return QemuError(f"Invalid SMP CPUs {cpus}. The max CPUs supported by machine '{machine}' is {limit}")


def global_not_applicable(type_name: str, name: str, value: str, why: QemuError) -> QemuError:
    return QemuError(f"can't apply global {type_name}.{name}={value}: {why.desc}")


def memory_backend_missing(path: str) -> QemuError:
    return QemuError(f"Memory backend '{path}' not found")


def iothread_value_out_of_range(name: str, largest: int) -> QemuError:
    return QemuError(f"{name} value must be in range [0, {largest}]")


# monitor/hmp.c, monitor/qmp-cmds.c: the human monitor. Texts are what it prints, with the line end


def hmp_cpu_index_invalid() -> QemuError:
    return invalid_parameter_value("cpu-index", "a CPU number")


def hmp_unknown_command(words: str) -> str:
    return f"unknown command: '{words}'\n"


def hmp_advice(command: str) -> str:
    """Printed below what is wrong with the arguments."""
    return f'Try "help {command}" for more information\n'


def hmp_expected(command: str, what: str) -> str:
    """``what`` is ``string``, ``filename`` or ``block device name``."""
    return f"{command}: {what} expected\n"


def hmp_extraneous_characters(command: str) -> str:
    return f"{command}: extraneous characters at the end of line\n"


def hmp_option_unsupported(command: str, letter: str) -> str:
    """Without a letter QEMU prints a NUL, which cuts the line short."""
    return f"{command}: unsupported option -{letter}{letter and chr(10)}"


def hmp_option_lacks_value(command: str, letter: str) -> str:
    return f"{command}: value expected for -{letter}\n"


def hmp_format_character(character: str) -> str:
    return f"invalid char in format: '{character}'\n"


def hmp_number_too_wide(command: str) -> str:
    return f"'{command}' has failed: integer is for 32-bit values\n"


def hmp_number_negative() -> str:
    return "enter a positive value\n"


def hmp_size_invalid() -> str:
    return "invalid size\n"


def hmp_on_or_off_expected() -> str:
    return "Expected 'on' or 'off'\n"


def hmp_expression_ends() -> str:
    return "unexpected end of expression\n"


def hmp_expression_character(character: str) -> str:
    return f"invalid char '{character}' in expression\n"


def hmp_parenthesis_expected() -> str:
    return "')' expected\n"


def hmp_character_expected() -> str:
    return "character constant expected\n"


def hmp_quote_expected() -> str:
    return "missing terminating ' character\n"


def hmp_number_too_large() -> str:
    return "number too large\n"


def hmp_division_by_zero() -> str:
    return "division by zero\n"


def hmp_cpu_missing() -> str:
    """The number given to ``cpu`` is that of no CPU (monitor/hmp-cmds.c)."""
    return "invalid CPU index\n"


def hmp_no_cpu() -> str:
    return "No CPU available\n"


def hmp_cpu_not_available(index: int) -> str:
    return f"CPU#{index} not available\n"


def enum_value_invalid(value: str) -> QemuError:
    """An enumeration's value outside of any option (qapi/qapi-util.c)."""
    return QemuError(f"invalid parameter value: {value}")


# What only qmpd has: the simulated guest and the clock


def bad_stubs(problem: str) -> QemuError:
    return QemuError(f"cannot use these stubs: {problem}")


def bad_identity(problem: str) -> QemuError:
    return QemuError(f"cannot be that QEMU: {problem}")


def bad_behaviour(problem: str) -> QemuError:
    return QemuError(f"cannot simulate this guest: {problem}")


def clock_goes_by_itself() -> QemuError:
    return QemuError("The clock goes by itself; start with a manual clock to advance it")


def rule_name_taken(name: str) -> QemuError:
    return QemuError(f"There is a rule '{name}' already")


def rule_not_found(name: str) -> QemuError:
    return QemuError(f"There is no rule '{name}'")
