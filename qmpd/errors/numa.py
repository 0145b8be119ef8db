"""hw/core/numa.c, hw/core/machine.c: what is wrong with ``-numa`` and ``set-numa-node``."""

from __future__ import annotations

from qmpd.errors import QemuError


def unsupported() -> QemuError:
    return QemuError("NUMA is not supported by this machine-type")


def too_many_nodes(number: int) -> QemuError:
    return QemuError(f"Max number of NUMA nodes reached: {number}")


def duplicate_node(number: int) -> QemuError:
    return QemuError(f"Duplicate NUMA nodeid: {number}")


def initiator_out_of_range(initiator: int, highest: int) -> str:
    return f"The initiator id {initiator} expects an integer between 0 and {highest}"


def cpu_out_of_range(index: int, maxcpus: int) -> QemuError:
    return QemuError(f"CPU index ({index}) should be smaller than maxcpus ({maxcpus})")


def mem_mixed() -> QemuError:
    return QemuError("numa configuration should use either mem= or memdev=,mixing both is not allowed")


def mem_unsupported() -> QemuError:
    return QemuError(
        "Parameter -numa node,mem is not supported by this machine type", hint="Use -numa node,memdev instead"
    )


def mem_deprecated() -> str:
    return "Parameter -numa node,mem is deprecated, use -numa node,memdev instead"


def memdev_ambiguous(path: str) -> QemuError:
    return QemuError(f"memdev={path} is ambiguous")


def distance_node_out_of_range(name: str, highest: int) -> QemuError:
    return QemuError(f"Parameter '{name}' expects an integer between 0 and {highest}")


def distance_node_missing() -> QemuError:
    return QemuError("Source/Destination NUMA node is missing. Please use '-numa node' option to declare it first.")


def distance_too_small(value: int, lowest: int) -> QemuError:
    return QemuError(f"NUMA distance ({value}) is invalid, it shouldn't be less than {lowest}.")


def local_distance(node: int, distance: int) -> QemuError:
    return QemuError(f"Local distance of node {node} should be {distance}.")


def distance_missing(one: int, other: int) -> QemuError:
    return QemuError(
        f"The distance between node {one} and {other} is missing, at least one distance value between each nodes"
        " should be provided."
    )


def distance_one_way() -> QemuError:
    return QemuError(
        "At least one asymmetrical pair of distances is given, please provide distances for both directions of all"
        " node pairs."
    )


def node_id_mandatory() -> QemuError:
    return QemuError("Missing mandatory node-id property")


def node_undefined(number: int) -> QemuError:
    return QemuError(
        f"Invalid node-id={number}, NUMA node must be defined with -numa node,nodeid=ID before it's used with"
        " -numa cpu,node-id=ID"
    )


def cpu_property_unsupported(key: str) -> QemuError:
    return QemuError(f"{key} is not supported")


def cpu_assigned(node: int) -> QemuError:
    return QemuError(f"CPU is already assigned to node-id: {node}")


def cpu_no_match() -> QemuError:
    return QemuError("no match found")


def cpus_unassigned(cpus: str) -> tuple[str, str]:
    return (
        f"CPU(s) not present in any NUMA nodes: {cpus}",
        "All CPU(s) up to maxcpus should be described in NUMA config, ability to start up with partial NUMA mappings"
        " is obsoleted and will be removed in future",
    )


def node_id_missing(number: int) -> QemuError:
    return QemuError(f"numa: Node ID missing: {number}")


def total_differs(total: int, ram: int) -> QemuError:
    return QemuError(f"total memory for NUMA nodes (0x{total:x}) should equal RAM size (0x{ram:x})")


def memory_backend_exclusive() -> QemuError:
    return QemuError("'-machine memory-backend' and '-numa memdev' properties are mutually exclusive")


def hmat_disabled() -> QemuError:
    return QemuError(
        "ACPI Heterogeneous Memory Attribute Table (HMAT) is disabled, enable it with -machine hmat=on before using"
        " any of hmat specific options"
    )


def initiator_not_itself(node: int, initiator: int | None) -> QemuError:
    return QemuError(f"The initiator of CPU NUMA node {node} should be itself (got {initiator})")


def initiator_missing(initiator: int) -> QemuError:
    return QemuError(f"NUMA node {initiator} is missing, use '-numa node' option to declare it first")


def initiator_invalid(node: int) -> QemuError:
    return QemuError(f"The initiator of NUMA node {node} is invalid")


def hmat_node_too_large(name: str, value: int, nodes: int) -> QemuError:
    return QemuError(f"Invalid {name}={value}, it should be less than {nodes}")


def hmat_no_initiator(initiator: int) -> QemuError:
    return QemuError(f"Invalid initiator={initiator}, it isn't an initiator proximity domain")


def hmat_target_missing(target: int) -> QemuError:
    return QemuError(f"The target={target} should point to an existing node")


def hmat_option_missing(name: str) -> QemuError:
    return QemuError(f"Missing '{name}' option")


def hmat_option_invalid(name: str, data_type: str) -> QemuError:
    return QemuError(f"Invalid option '{name}' since the data type is {data_type}")


def hmat_bandwidth_unaligned(value: int, initiator: int, target: int) -> QemuError:
    return QemuError(f"Bandwidth {value} between initiator={initiator} and target={target} should be 1MB aligned")


def hmat_duplicate(what: str, initiator: int, target: int) -> QemuError:
    return QemuError(f"Duplicate configuration of the {what} for initiator={initiator} and target={target}")


def hmat_out_of_range(what: str, value: int, initiator: int, target: int, most: int) -> QemuError:
    entered = "min or max values" if what == "latency" else "values"
    return QemuError(
        f"{what.capitalize()} {value} between initiator={initiator} and target={target} should not differ from"
        f" previously entered {entered} on more than {most}"
    )


def hmat_cache_too_early(node: int) -> QemuError:
    return QemuError(
        f"The latency and bandwidth information of node-id={node} should be provided before memory side cache"
        " attributes"
    )


def hmat_cache_level(level: int, most: int) -> QemuError:
    return QemuError(f"Invalid level={level}, it should be larger than 0 and less than or equal to {most}")


def hmat_cache_duplicate(node: int, level: int) -> QemuError:
    return QemuError(f"Duplicate configuration of the side cache for node-id={node} and level={level}")


def hmat_cache_level_missing(level: int) -> QemuError:
    return QemuError(f"Cache level={level} shall be defined first")


def hmat_cache_size(size: int, level: int, relation: str, other: int, other_level: int) -> QemuError:
    return QemuError(
        f"Invalid size={size}, the size of level={level} should be {relation} than the size({other}) of"
        f" level={other_level}"
    )


# hw/acpi/pci.c: on standard error, with nothing in front


def _plain(text: str) -> QemuError:
    error = QemuError(text)
    error.plain = True
    return error


def affinity_node_invalid() -> QemuError:
    """Said of ports, too."""
    return _plain("acpi-generic-initiator: Invalid NUMA node specified")


def initiator_node_missing(node: int) -> QemuError:
    return _plain(f"acpi-generic-initiator: Specified node {node} is invalid.")


def initiator_device_missing() -> QemuError:
    return _plain("acpi-generic-initiator: Specified device must be a PCI device.")


def port_node_missing(node: int) -> QemuError:
    return _plain(f"acpi-generic-port: node {node} is invalid.")


def port_bridge_missing() -> QemuError:
    return _plain("acpi-generic-port: device must be a CXL host bridge.")
