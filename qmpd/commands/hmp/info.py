"""What the human monitor prints for ``info`` on what is modelled here (*-hmp-cmds.c, hw/core/machine-qmp-cmds.c)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from qmpd import errors
from qmpd.commands import char, control, machine, misc, misc_target, run_state
from qmpd.commands.hmp.call import Call, Handler
from qmpd.commands.hmp.tree import find_object
from qmpd.errors import QemuError
from qmpd.model.machine import Machine
from qmpd.model.qom import Object

_MIB_SHIFT: Final = 20

_DEVICE_LINES: Final = {
    "dimm": ("addr", "slot", "node", "size", "memdev", "hotplugged", "hotpluggable"),
    "nvdimm": ("addr", "slot", "node", "size", "memdev", "hotplugged", "hotpluggable"),
    "virtio-pmem": ("memaddr", "size", "memdev"),
    "virtio-mem": ("memaddr", "node", "requested-size", "size", "max-size", "block-size", "memdev"),
    "sgx-epc": ("memaddr", "size", "node", "memdev"),
    "hv-balloon": ("memaddr", "max-size", "memdev"),
}
_ADDRESSES: Final = frozenset({"addr", "memaddr"})
_BACKEND_LINES: Final = ("merge", "dump", "prealloc", "share", "reserve", "policy")
_CPU_PROPS: Final = (
    *("node-id", "drawer-id", "book-id", "socket-id", "die-id", "cluster-id", "module-id", "core-id", "thread-id"),
)


def _text(value: object) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


# Memory


def memory_devices(call: Call) -> str:
    return "".join(_device(entry.value) for entry in call.context.machine.memory_device_info().value)


def _device(entry: dict[str, Any]) -> str:
    data = entry["data"]
    lines = [f'Memory device [{entry["type"]}]: "{data.get("id", "")}"']
    for name in _DEVICE_LINES[entry["type"]]:
        if name in data:
            lines.append(f"  {name}: {hex(data[name]) if name in _ADDRESSES else _text(data[name])}")
    return "".join(f"{line}\n" for line in lines)


def memory_size_summary(call: Call) -> str:
    summary = machine.query_memory_size_summary(call.context)
    return f"base memory: {summary['base-memory']}\nplugged memory: {summary['plugged-memory']}\n"


def memdev(call: Call) -> str:
    return "".join(_backend(entry) for entry in machine.query_memdev(call.context)) + "\n"


def _backend(entry: dict[str, Any]) -> str:
    return "".join(
        (
            f"memory backend: {entry['id']}\n  size:  {entry['size']}\n",
            *(f"  {name}: {_text(entry[name])}\n" for name in _BACKEND_LINES if name in entry),
            f"  host nodes: {_ranges(entry['host-nodes'])}\n",
        )
    )


def _ranges(numbers: list[int]) -> str:
    """``0-3,5`` for ascending numbers (qapi/string-output-visitor.c)."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def numa(call: Call) -> str:
    board = call.context.machine
    present, plugged = _memory_by_node(board)
    cpus: dict[int | None, str] = {}
    for index in range(board.cpu_count):
        node = board.numa.node_of_cpu(index)
        cpus[node] = f"{cpus.get(node, '')} {index}"
    text = f"{len(board.numa.nodes)} nodes\n"
    for number, node_ in board.numa.nodes.items():
        text += f"node {number} cpus:{cpus.get(number, '')}\n"
        text += f"node {number} size: {node_.size + present.get(number, 0) >> _MIB_SHIFT} MB\n"
        text += f"node {number} plugged: {plugged.get(number, 0) >> _MIB_SHIFT} MB\n"
    return text


def _memory_by_node(board: Machine) -> tuple[dict[int, int], dict[int, int]]:
    """The bytes that memory devices add to each node, and those of them that count as plugged: not enclave memory."""
    present: dict[int, int] = {}
    plugged: dict[int, int] = {}
    for entry in board.memory_device_info().value:
        data = entry.value["data"]
        node, size = data.get("node", 0), data.get("size", 0)
        present[node] = present.get(node, 0) + size
        if entry.value["type"] != "sgx-epc":
            plugged[node] = plugged.get(node, 0) + size
    return present, plugged


# The machine


def version(call: Call) -> str:
    answer = control.query_version(call.context)
    qemu = answer["qemu"]
    return f"{qemu['major']}.{qemu['minor']}.{qemu['micro']}{answer['package']}\n"


def name(call: Call) -> str:
    answer = misc.query_name(call.context)
    return f"{answer['name']}\n" if "name" in answer else ""


def uuid(call: Call) -> str:
    return f"{machine.query_uuid(call.context)['UUID']}\n"


def kvm(call: Call) -> str:
    return f"kvm support: {'enabled' if machine.query_kvm(call.context)['enabled'] else 'disabled'}\n"


def status(call: Call) -> str:
    answer = run_state.query_status(call.context)
    state = "running" if answer["running"] else "paused"
    reason = "" if answer["status"] in ("running", "paused") else f" ({answer['status']})"
    return f"VM status: {state}{reason}\n"


def chardev(call: Call) -> str:
    return "".join(f"{entry['label']}: filename={entry['filename']}\n" for entry in char.query_chardev(call.context))


def iothreads(call: Call) -> str:
    names = ("poll-max-ns", "poll-grow", "poll-shrink", "aio-max-batch")
    return "".join(
        f"{thread['id']}:\n  thread_id={thread['thread-id']}\n" + "".join(f"  {key}={thread[key]}\n" for key in names)
        for thread in misc.query_iothreads(call.context)
    )


def balloon(call: Call) -> str:
    machine.query_balloon(call.context)
    return ""


def sgx(call: Call) -> str:
    try:
        info = misc_target.query_sgx(call.context)
    except QemuError as error:
        return f"{error.desc}\n"
    sections = info["sections"]
    support = (("SGX", "sgx"), ("SGX1", "sgx1"), ("SGX2", "sgx2"), ("FLC", "flc"))
    return (
        "".join(f"{name} support: {'enabled' if info[key] else 'disabled'}\n" for name, key in support)
        + "".join(f"NUMA node #{section['node']}: size={section['size']}\n" for section in sections)
        + f"total size={sum(section['size'] for section in sections)}\n"
    )


# CPUs


def cpus(call: Call) -> str:
    return "".join(
        f"{'*' if cpu['cpu-index'] == call.cpu else ' '} CPU #{cpu['cpu-index']}: thread_id={cpu['thread-id']}\n"
        for cpu in machine.query_cpus_fast(call.context)
    )


def hotpluggable_cpus(call: Call) -> str:
    return "Hotpluggable CPUs:\n" + "".join(_cpu_slot(entry) for entry in machine.query_hotpluggable_cpus(call.context))


def _cpu_slot(entry: dict[str, Any]) -> str:
    lines = [f'type: "{entry["type"]}"', f'vcpus_count: "{entry["vcpus-count"]}"']
    if "qom-path" in entry:
        lines.append(f'qom_path: "{entry["qom-path"]}"')
    lines.append("CPUInstance Properties:")
    props = entry["props"]
    lines += [f'  {prop}: "{props[prop]}"' for prop in _CPU_PROPS if prop in props]
    return "".join(f"  {line}\n" for line in lines)


def paging(call: Call) -> str:
    """The guest's page tables, which nobody has switched on."""
    return errors.hmp_no_cpu() if call.cpu is None else "PG disabled\n"


# The object tree


def qom_tree(call: Call) -> str:
    board = call.context.machine
    path = call.arguments.get("path")
    top = find_object(board, "/machine" if path is None else path)
    if top is None:
        return f"Path '{path}' could not be resolved.\n"
    return "".join(f"{line}\n" for line in _branch(top, 0))


def _branch(top: Object, depth: int) -> Iterator[str]:
    yield f"{' ' * depth}/{top.name} ({top.type})"
    for child in sorted(top.children(), key=lambda child: child.name.encode()):
        yield from _branch(child, depth + 2)


HANDLERS: Final[dict[str, Handler]] = {
    "balloon": balloon,
    "chardev": chardev,
    "cpus": cpus,
    "hotpluggable-cpus": hotpluggable_cpus,
    "iothreads": iothreads,
    "kvm": kvm,
    "mem": paging,
    "memdev": memdev,
    "memory-devices": memory_devices,
    "memory_size_summary": memory_size_summary,
    "name": name,
    "numa": numa,
    "qom-tree": qom_tree,
    "sgx": sgx,
    "status": status,
    "tlb": paging,
    "uuid": uuid,
    "version": version,
}
"""By the name behind ``info``."""
