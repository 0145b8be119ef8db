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


# Warnings of that file


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
