"""Memory backends."""

from __future__ import annotations

from qmpd.errors import QemuError

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
        "host-nodes must be empty for policy default, or you should explicitly specify a policy other than default"
    )


def policy_without_host_nodes(policy: str) -> QemuError:
    return QemuError(f"host-nodes must be set for policy {policy}")


def host_memory_unavailable(name: str) -> QemuError:
    return QemuError(f"cannot set up guest memory '{name}': Cannot allocate memory")
