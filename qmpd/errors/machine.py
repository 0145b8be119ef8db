"""What a machine's own properties do not take."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/i386/x86.c, hw/i386/pc.c


def oem_text_too_long(name: str, limit: int) -> QemuError:
    return QemuError(f"User specified {name} value is bigger than {limit} bytes in size")


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


def audiodev_not_found(name: str) -> QemuError:
    return QemuError(f"audiodev '{name}' not found")
