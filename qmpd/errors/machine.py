"""What a machine's own properties do not take."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/i386/x86.c, hw/i386/pc.c


def oem_text_too_long(name: str, limit: int) -> QemuError:
    return QemuError(f"User specified {name} value is bigger than {limit} bytes in size")


def flash_clashes() -> QemuError:
    return QemuError("clashes with -machine")


def flash_gap(number: int) -> QemuError:
    return QemuError(f"pflash{number} requires pflash{number - 1}")


def flash_empty(drive: str) -> QemuError:
    return QemuError(f"can't get size of block device {drive}: No medium found")


def flash_size_refused(drive: str, size: int) -> QemuError:
    return QemuError(f"system firmware block device {drive} has invalid size {size}")


def flash_size_hint(sector: int) -> QemuError:
    return QemuError(f"info: its size must be a non-zero multiple of {sector:#x}")


def flash_too_large(most: int) -> QemuError:
    return QemuError(f"combined size of system firmware exceeds {most} bytes")


def firmware_too_large(size: int) -> QemuError:
    return QemuError(
        f"User specified max allowed firmware size {size} is greater than 16MiB. If combined firmware size exceeds "
        "16MiB the system may not boot, or experience intermittentstability issues."
    )


# hw/core/machine.c, hw/core/machine-smp.c, hw/mem/nvdimm.c, audio/audio.c


def no_memory_encryption_object(name: str) -> QemuError:
    return QemuError(f"No such memory encryption object '{name}'")


def cache_given_twice(cache: str) -> QemuError:
    return QemuError(f"Invalid cache properties: {cache}. The cache properties are duplicated")


def cache_topology_unsupported(cache: str) -> QemuError:
    return QemuError(f"{cache} cache topology not supported by this machine")


def cache_level_unsupported(level: str) -> QemuError:
    return QemuError(f"{level} level cache not supported by this machine")


def topology_level_unsupported(level: str) -> QemuError:
    return QemuError(f"Invalid topology level: {level}. The topology level is not supported by this machine")


def nvdimm_persistence_unsupported(value: str) -> QemuError:
    return QemuError(f"-machine nvdimm-persistence={value}: unsupported option")


def little_ram_below_4g(size: int) -> str:
    return f"Only {size} bytes of RAM below the 4GiB boundary,BIOS may not work with less than 1MiB"


def split_badly(ram: int, most: int) -> str:
    return f"Large machine and max_ram_below_4g ({most}) not a multiple of 1G; possible bad performance."


def split_badly_q35(ram: int, most: int) -> str:
    return (
        f"There is possibly poor performance as the ram size  ({ram:#x}) is more then twice the size of"
        f" max-ram-below-4g ({most}) and max-ram-below-4g is not a multiple of 1G."
    )


def kernel_unsupported() -> QemuError:
    return QemuError("The -kernel parameter is not supported (use the generic 'loader' device instead).")


def audiodev_not_found(name: str) -> QemuError:
    return QemuError(f"audiodev '{name}' not found")


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


def cpu_option_empty() -> QemuError:
    return QemuError("-cpu option cannot be empty")


def cpu_model_unknown(model: str) -> QemuError:
    return QemuError(f"unable to find CPU model '{model}'")


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


def global_of_no_class(type_name: str, name: str) -> str:
    return f"global {type_name}.{name} has invalid class name"


def global_not_used(type_name: str, name: str, value: str) -> str:
    return f"global {type_name}.{name}={value} not used"


def memory_backend_missing(path: str) -> QemuError:
    return QemuError(f"Memory backend '{path}' not found")


def iothread_value_out_of_range(name: str, largest: int) -> QemuError:
    return QemuError(f"{name} value must be in range [0, {largest}]")


def confidential_guest_unsupported(type_name: str) -> QemuError:
    if type_name == "sev-snp-guest":
        return QemuError(f"cannot set up private guest memory for {type_name}: KVM required")
    return QemuError(f"accelerator does not support confidential guest {type_name}")
