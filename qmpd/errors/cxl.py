"""CXL: host bridges, windows of memory, and memory devices behind them."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/cxl/cxl-host.c, hw/cxl/cxl-component-utils.c


def ways_unsupported(ways: int) -> QemuError:
    return QemuError(f"Interleave ways: {ways} not supported")


def granularity_refused(granularity: int) -> QemuError:
    return QemuError(f"Interleave granularity: {granularity} invalid")


def window_size_refused() -> QemuError:
    return QemuError("Size of a CXL fixed memory window must be a multiple of 256MiB")


def window_target_missing(path: str) -> QemuError:
    return QemuError(f"Could not resolve CXLFM target {path}")


def host_bridges_without_cxl() -> QemuError:
    return QemuError("CXL host bridges present, but cxl=off")


# hw/pci-bridge/pci_expander_bridge.c


def host_registers_exhausted() -> QemuError:
    return QemuError("Insufficient space for pxb cxl host register space")


# hw/mem/cxl_type3.c


def path_unresolved() -> QemuError:
    return QemuError("Unable to resolve path")


def not_a_cxl_device() -> QemuError:
    return QemuError("Path does not point to a CXL type 3 device")


def device_unresolved() -> QemuError:
    return QemuError("Unable to resolve CXL type 3 device")


def policy_unsupported(kind: str) -> QemuError:
    """``kind`` is ``Selection`` or ``Removal``."""
    return QemuError(f"{kind} policy not supported")


def poison_in_part() -> QemuError:
    return QemuError("Poison injection must be in multiples of 64 bytes")


def poison_unaligned() -> QemuError:
    return QemuError("Poison start address must be 64 byte aligned")


def removal_forced() -> QemuError:
    return QemuError("Forced removal not supported yet")


def poison_overlaps() -> QemuError:
    return QemuError("Overlap with existing poisoned region not supported")


def no_memdev() -> QemuError:
    return QemuError("at least one memdev property must be set")


def both_memdevs() -> QemuError:
    return QemuError("[memdev] cannot be used with new [persistent-memdev] property")


def no_label_area() -> QemuError:
    return QemuError("lsa property must be set for persistent devices")


def no_dynamic_memdev() -> QemuError:
    return QemuError("dynamic capacity must have a backing device")


def backend_taken(name: str) -> QemuError:
    return QemuError(f"memory backend {name} can't be used multiple times.")


def dynamic_memory_indivisible(size: int) -> QemuError:
    return QemuError(f"backend size is not multiple of region len: {size:#x}", hint="setup DC regions failed")


def dynamic_base_unaligned(align: int) -> QemuError:
    return QemuError(f"DC region base not aligned to {align:#x}", hint="setup DC regions failed")


def no_dynamic_capacity() -> QemuError:
    return QemuError("No dynamic capacity support from the device")


def region_unknown() -> QemuError:
    return QemuError("region id is too large")


def extent_empty() -> QemuError:
    return QemuError("extent with 0 length is not allowed")


def extent_unaligned() -> QemuError:
    return QemuError("dpa or len is not aligned to region block size")


def extent_beyond_region() -> QemuError:
    return QemuError("extent range is beyond the region end")


def extents_overlap() -> QemuError:
    return QemuError("duplicate or overlapped extents are detected")


def release_of_pending() -> QemuError:
    return QemuError("cannot release extent with pending DPA range")


def release_of_nothing() -> QemuError:
    return QemuError("cannot release extent with non-existing DPA range")


def added_while_pending() -> QemuError:
    return QemuError("cannot add DPA again while still pending")
