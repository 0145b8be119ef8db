"""Buses and what sits on them."""

from __future__ import annotations

from qmpd.errors import QemuError

# system/qdev-monitor.c, hw/core/qdev-properties-system.c, hw/pci/pci.c, hw/pci/shpc.c, hw/pci-bridge/: buses and PCI


def interrupts_unsupported(kind: str) -> QemuError:
    return QemuError(f"{kind} is not supported by interrupt controller")


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


def virtual_functions_overflow() -> QemuError:
    return QemuError("VF addr overflows")
