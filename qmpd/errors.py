"""QEMU's error texts: each stands here once, under the QEMU file that it comes from.

A text is a function that returns the error; the caller raises it. Nothing here decides when an error is due.
"""

from __future__ import annotations

from enum import StrEnum


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
    return QemuError(
        f"not enough space, currently 0x{used:x} in use of total space for memory devices 0x{total:x}"
    )


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
    return QemuError(f'unsupported machine type "{name}"', hint="Use -machine help to list supported machines")


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
        "host-nodes must be empty for policy default,"
        " or you should explicitly specify a policy other than default"
    )


def policy_without_host_nodes(policy: str) -> QemuError:
    return QemuError(f"host-nodes must be set for policy {policy}")


def host_memory_unavailable(name: str) -> QemuError:
    return QemuError(f"cannot set up guest memory '{name}': Cannot allocate memory")
