"""What is wrong with virtual CPUs."""

from __future__ import annotations

from qmpd.errors import QemuError

# target/i386/cpu.c, target/i386/cpu-system.c


def model_not_found(name: str) -> QemuError:
    return QemuError(f"CPU model '{name}' not found")


def host_model_needs_kvm(name: str) -> QemuError:
    return QemuError(f"CPU model '{name}' requires KVM or HVF")


def features_unsupported() -> QemuError:
    return QemuError("TCG doesn't support requested features")


def apic_id_missing() -> QemuError:
    return QemuError("apic-id property was not initialized properly")


def number_too_large(name: str, largest: int) -> QemuError:
    return QemuError(f"parameter '{name}' can be at most {largest}")


def vendor_length(length: int) -> QemuError:
    return QemuError(f"value of property 'vendor' must consist of exactly {length} characters")


def lbr_format_invalid(mask: int) -> QemuError:
    return QemuError(f"Property value for 'lbr-fmt' has bits outside mask '0x{mask:x}'")


def phys_bits_in_32_bit(name: str) -> QemuError:
    return QemuError(f"{name} is not user-configurable in 32 bit")


def guest_phys_bits_refused(bits: int, least: int, most: int) -> QemuError:
    return QemuError(f"guest-phys-bits should be between {least} and {most}  (but is {bits})")


def cache_not_described(model: str) -> QemuError:
    return QemuError(f"CPU model '{model}' doesn't support legacy-cache=off")


def frequency_malformed(text: str) -> QemuError:
    return QemuError(f"bad numerical value {text}")


# hw/i386/x86-common.c, hw/i386/microvm.c, hw/acpi/piix4.c, hw/acpi/ich9.c, hw/core/numa.c


def place_missing(name: str) -> QemuError:
    return QemuError(f"CPU {name} is not set")


def place_invalid(name: str, number: int, largest: int) -> QemuError:
    return QemuError(f"Invalid CPU {name}: {number} must be in range 0:{largest}")


def no_place(place: dict[str, int], apic_id: int, largest: int) -> QemuError:
    levels = ", ".join(f"{name.removesuffix('-id')}: {place[name]}" for name in place)
    return QemuError(f"Invalid CPU [{levels}] with APIC ID {apic_id}, valid index range 0:{largest}")


def exists(index: int, apic_id: int) -> QemuError:
    return QemuError(f"CPU[{index}] with APIC ID {apic_id} exists")


def place_differs(name: str, number: int, apic_id: int, right: int) -> QemuError:
    return QemuError(f"property {name}: {number} doesn't match set apic-id: 0x{apic_id:x} ({name}: {right})")


def node_differs(node: int) -> QemuError:
    return QemuError(f"invalid node-id, must be {node}")


def unplug_needs_acpi() -> QemuError:
    return QemuError("CPU hot unplug not supported without ACPI")


def unplug_not_supported(type_name: str) -> QemuError:
    return QemuError(f"acpi: device unplug request for not supported device type: {type_name}")


def microvm_keeps_devices() -> QemuError:
    return QemuError("unplug not supported by microvm")


# Warnings of target/i386/cpu.c


def unsupported(feature: str) -> str:
    return f"TCG doesn't support requested feature: {feature}"


def dependent(feature: str) -> str:
    return f"This feature depends on other features that were not requested: {feature}"


def no_hyperthreading(threads: int) -> str:
    return (
        f"This family of AMD CPU doesn't support hyperthreading({threads})."
        " Please configure -smp options properly or try enabling topoext feature."
    )


def ambiguous(sign: str, name: str, value: str) -> str:
    return f'Ambiguous CPU model string. Don\'t mix both "{sign}{name}" and "{name}={value}"'


def ambiguity_not_kept() -> str:
    return "Compatibility of ambiguous CPU model strings won't be kept on future QEMU versions"
