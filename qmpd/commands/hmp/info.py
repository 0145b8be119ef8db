"""What the human monitor prints for ``info`` on what is modelled here (*-hmp-cmds.c, hw/core/machine-qmp-cmds.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from qmpd import errors
from qmpd.commands import (
    char,
    control,
    cryptodev,
    innards,
    machine,
    misc,
    misc_target,
    pci,
    run_state,
    trace,
    ui,
)
from qmpd.commands.hmp.call import Call, Handler
from qmpd.commands.hmp.tree import find_object
from qmpd.errors import QemuError
from qmpd.model import modules
from qmpd.model.machine import Machine
from qmpd.model.qom import Object

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
_EDX: Final = re.compile(r"EDX=[0-9a-f]{8}")
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
    return innards.numa(call.context.machine)


def ramblock(call: Call) -> str:
    text: str = machine.x_query_ramblock(call.context)["human-readable-text"]
    return text


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
    return f"balloon: actual={machine.query_balloon(call.context)['actual'] >> 20}\n"


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
    return errors.hmp.hmp_no_cpu() if call.cpu is None else "PG disabled\n"


def lapic(call: Call) -> str:
    index = call.arguments.get("apic-id", call.cpu)
    if index is None or index >= call.context.machine.cpu_count:
        return errors.hmp.hmp_no_cpu()
    if not call.context.machine.numbering.has_helper:
        return errors.hmp.hmp_no_local_apic()
    text = innards.recorded(call.context.machine, "lapic").replace("CPU 0 ", f"CPU {index} ", 1)
    return text.replace("(APIC ID)", "(X2APIC ID)") if call.context.machine.cpu_state.get("x2apic") else text


def registers(call: Call) -> str:
    machine = call.context.machine
    if call.arguments.get("cpustate_all"):
        return "".join(_registers(machine, index) for index in range(machine.cpu_count))
    index = call.arguments.get("vcpu", call.cpu)
    if index is None:
        return errors.hmp.hmp_no_cpu()
    if not 0 <= index < machine.cpu_count:
        return errors.hmp.hmp_cpu_not_available(index)
    return _registers(machine, index)


def _registers(machine: Machine, index: int) -> str:
    """Of a CPU after its reset; all but the first wait to be started."""
    signature = _signature(*(machine.cpu_state.get(name) for name in ("family", "model", "stepping")))
    text = innards.recorded(machine, "registers")
    text = _EDX.sub(f"EDX={signature:08x}", text, count=1)
    return text if index == 0 else text.replace("CPU#0", f"CPU#{index}", 1).replace("HLT=0", "HLT=1", 1)


def _signature(family: int, model: int, stepping: int) -> int:
    """What tells software which CPU it runs on."""
    told = 0xF00 | family - 0xF << 20 if family > 0xF else family << 8
    return told | (model & 0xF) << 4 | model >> 4 << 16 | stepping


def usb(call: Call) -> str:
    text: str = machine.x_query_usb(call.context)["human-readable-text"]
    return text


def of_controllers(subject: str) -> Handler:
    """Answers what was recorded of the interrupt controllers."""

    def answer(call: Call) -> str:
        return innards.controllers(call.context.machine, subject)

    return answer


def of_translator(subject: str) -> Handler:
    """Answers what was recorded of TCG."""

    def answer(call: Call) -> str:
        return innards.translator(call.context.machine, subject)

    return answer


def qdm(call: Call) -> str:
    """All types of devices."""
    machine = call.context.machine
    modules.load_all(machine)
    return machine.catalogue.hmp_answer("info qdm") or ""


def cryptodevs(call: Call) -> str:
    return "".join(
        f"{entry['id']}: service=[{'|'.join(entry['service'])}]\n"
        + "".join(f"    queue {client['queue']}: type={client['type']}\n" for client in entry["client"])
        for entry in cryptodev.query_cryptodev(call.context)
    )


def usbhost(call: Call) -> str:
    """The host's USB devices, of which there are none."""
    return ""


def roms(call: Call) -> str:
    """What firmware brings along, and the ROMs of cards that cannot say so themselves."""
    return innards.roms(call.context.machine)


# PCI


def pci_devices(call: Call) -> str:
    return "".join(_pci_device(entry) for bus in pci.query_pci(call.context) for entry in bus["devices"])


def _pci_device(entry: dict[str, Any]) -> str:
    kind = entry["class_info"].get("desc", f"Class {entry['class_info']['class']:04}")
    numbers = entry["id"]
    text = f"  Bus {entry['bus']:2}, device {entry['slot']:3}, function {entry['function']}:\n"
    text += f"    {kind}: PCI device {numbers['vendor']:04x}:{numbers['device']:04x}\n"
    if "subsystem" in numbers:
        text += f"      PCI subsystem {numbers['subsystem-vendor']:04x}:{numbers['subsystem']:04x}\n"
    if "irq" in entry:
        text += f"      IRQ {entry['irq']}, pin {chr(ord('A') + entry['irq_pin'] - 1)}\n"
    if "pci_bridge" in entry:
        text += _pci_bridge(entry["pci_bridge"]["bus"])
    text += "".join(f"      BAR{region['bar']}: {_pci_region(region)} (not mapped)\n" for region in entry["regions"])
    return f'{text}      id "{entry["qdev_id"]}"\n'


def _pci_bridge(bus: dict[str, Any]) -> str:
    ranges = (("IO", "io_range", 4), ("memory", "memory_range", 8), ("prefetchable memory", "prefetchable_range", 8))
    return f"      BUS {bus['number']}.\n" + "".join(
        [f"      {kind} bus {bus[kind]}.\n" for kind in ("secondary", "subordinate")]
        + [
            f"      {name} range [0x{bus[key]['base']:0{width}x}, 0x{bus[key]['limit']:0{width}x}]\n"
            for name, key, width in ranges
        ]
    )


def _pci_region(region: dict[str, Any]) -> str:
    if region["type"] == "io":
        return "I/O"
    return f"{64 if region['mem_type_64'] else 32} bit{' prefetchable' if region['prefetch'] else ''} memory"


# Input


def mice(call: Call) -> str:
    found = ui.query_mice(call.context)
    return (
        "".join(
            f"{'*' if mouse['current'] else ' '} Mouse #{mouse['index']}: {mouse['name']}"
            f"{' (absolute)' if mouse['absolute'] else ''}\n"
            for mouse in found
        )
        or "No mouse devices connected\n"
    )


def trace_events(call: Call) -> str:
    try:
        events = trace.trace_event_get_state(call.context, call.arguments.get("name", "*"))
    except QemuError as error:
        return f"{error.desc}\n"
    return "".join(f"{event['name']} : state {int(event['state'] == 'enabled')}\n" for event in events)


# The trees


def mtree(call: Call) -> str:
    from qmpd.commands.hmp import mtree

    return mtree.mtree(call)


def qtree(call: Call) -> str:
    from qmpd.commands.hmp import qtree

    return qtree.qtree(call)


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
    "cryptodev": cryptodevs,
    "hotpluggable-cpus": hotpluggable_cpus,
    "iothreads": iothreads,
    "irq": of_controllers("irq"),
    "jit": of_translator("jit"),
    "kvm": kvm,
    "lapic": lapic,
    "mem": paging,
    "memdev": memdev,
    "memory-devices": memory_devices,
    "memory_size_summary": memory_size_summary,
    "mice": mice,
    "mtree": mtree,
    "name": name,
    "numa": numa,
    "opcount": of_translator("opcount"),
    "pci": pci_devices,
    "pic": of_controllers("pic"),
    "qom-tree": qom_tree,
    "qdm": qdm,
    "qtree": qtree,
    "ramblock": ramblock,
    "registers": registers,
    "roms": roms,
    "sgx": sgx,
    "status": status,
    "tlb": paging,
    "trace-events": trace_events,
    "usb": usb,
    "usbhost": usbhost,
    "uuid": uuid,
    "version": version,
}
"""By the name behind ``info``."""
