"""Memory devices."""

from __future__ import annotations

from qmpd.errors import QemuError

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
