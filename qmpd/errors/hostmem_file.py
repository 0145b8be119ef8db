"""Memory backends made of files."""

from __future__ import annotations

from qmpd.errors import QemuError

# backends/hostmem.c, backends/hostmem-file.c, -memfd.c, -shm.c, system/physmem.c, util/memfd.c: memory from files


def backend_property_fixed(name: str, type_name: str, dot: str) -> QemuError:
    """Some of QEMU's texts of this kind end in a ``dot``."""
    return QemuError(f"cannot change property '{name}' of {type_name}{dot}")


def backend_rom_writable() -> QemuError:
    return QemuError("property 'rom' = 'on' is not supported with 'readonly' = 'off'")


def backend_ram_read_only() -> QemuError:
    return QemuError("property 'rom' = 'off' is incompatible with 'readonly' = 'on' and 'share' = 'on'")


def backend_size_not_in_pages(type_name: str, page_size: int) -> QemuError:
    shown = next(f"{page_size // unit} {name}" for unit, name in _UNITS if page_size >= unit)
    return QemuError(f"backend '{type_name}' memory size must be multiple of {shown}")


_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def host_nodes_unbound() -> QemuError:
    return QemuError("cannot bind memory to host NUMA nodes: Invalid argument")


def backing_store_unopened(path: str, reason: str, templating: bool = False) -> QemuError:
    return QemuError(
        f"can't open backing store {path} for guest RAM: {reason}",
        hint="Consider opening the backing store read-only but still creating writable RAM using"
        " '-object memory-backend-file,readonly=on,rom=off...' (see \"VM templating\" documentation)"
        if templating
        else "",
    )


def backing_store_too_small(name: str, file_size: int, size: int, offset: int) -> QemuError:
    return QemuError(
        f"{name} backing store size 0x{file_size:x} is too small for 'size' option 0x{size:x}"
        f" plus 'offset' option 0x{offset:x}"
    )


def backing_store_unmapped(reason: str) -> QemuError:
    return QemuError(f"unable to map backing store for guest RAM: {reason}")


def backing_alignment_unaligned(align: int, page_size: int) -> QemuError:
    return QemuError(f"alignment 0x{align:x} must be multiples of page size 0x{page_size:x}")


def backing_alignment_no_power(align: int) -> QemuError:
    return QemuError(f"alignment 0x{align:x} must be a power of two")


def backing_offset_unaligned(offset: int, page_size: int) -> QemuError:
    return QemuError(f"offset 0x{offset:x} must be multiples of page size 0x{page_size:x}")


def backing_size_below_page(size: int, page_size: int) -> QemuError:
    return QemuError(f"memory size 0x{size:x} must be equal to or larger than page size 0x{page_size:x}")


def hugetlbsize_refused(type_name: str, size: int) -> QemuError:
    return QemuError(f"Property '{type_name}.hugetlbsize' doesn't take value '{size}'")


def hugetlbsize_no_power() -> QemuError:
    return QemuError("Hugepage size must be a power of 2")


def memfd_not_created(flags: int) -> QemuError:
    return QemuError(f"failed to create memfd with flags 0x{flags:x}: No such device")


def memfd_not_resized(size: int) -> QemuError:
    return QemuError(f"failed to resize memfd to {size}: Invalid argument")


def shm_not_shared() -> QemuError:
    return QemuError("can't create shm backend with `share=off`")


def shm_not_resized(size: int) -> QemuError:
    return QemuError(f"failed to resize POSIX shared memory to {size}: Invalid argument")
