"""qapi/machine.json: the machine, its CPUs and its memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.commands import innards
from qmpd.commands.context import Context
from qmpd.frozen import Frozen
from qmpd.model.cpus import hotpluggable_info
from qmpd.model.hostmem import MemoryBackend
from qmpd.model.machine import Machine

if TYPE_CHECKING:
    from qmpd.model.hyperv import HvBalloon
    from qmpd.model.virtio_balloon import VirtioBalloon

_NO_UUID = "00000000-0000-0000-0000-000000000000"


def query_cpus_fast(context: Context) -> list[dict[str, Any]]:
    machine = context.machine
    has_places = machine.info.default_cpu_type is not None
    threads = dict(enumerate(machine.cpu_threads)) | {cpu.index: cpu.thread_id for cpu in machine.plugged_cpus}
    return [
        {
            "cpu-index": index,
            "qom-path": path,
            "thread-id": threads[index],
            **({"props": machine.cpus.props(index, machine.numa.node_of_cpu(index))} if has_places else {}),
            "target": machine.catalogue.target,
        }
        for index, path in machine.cpu_paths().items()
    ]


def query_machines(context: Context, compat_props: bool = False) -> Frozen:
    return context.machine.catalogue.machines(compat_props)


def query_current_machine(context: Context) -> dict[str, Any]:
    return {"wakeup-suspend-support": context.machine.wakeup_supported}


def query_target(context: Context) -> dict[str, Any]:
    return {"arch": context.machine.catalogue.target}


def query_uuid(context: Context) -> dict[str, Any]:
    return {"UUID": context.machine.config.uuid or _NO_UUID}


def system_reset(context: Context) -> None:
    context.machine.run.reset("host-qmp-system-reset")


def system_powerdown(context: Context) -> None:
    context.machine.run.powerdown()


def system_wakeup(context: Context) -> None:
    if not context.machine.wakeup_supported:
        raise errors.run_state.wakeup_unsupported()
    context.machine.run.wakeup()


def query_kvm(context: Context) -> dict[str, Any]:
    return {"enabled": context.machine.accelerator == "kvm", "present": True}


def query_memdev(context: Context) -> list[dict[str, Any]]:
    return memdevs(context.machine)


def memdevs(machine: Machine) -> list[dict[str, Any]]:
    """The backends, the last that QEMU's walk of ``/objects`` meets first."""
    backends = [obj.memdev_info() for obj in machine.objects.children() if isinstance(obj, MemoryBackend)]
    backends.reverse()
    return backends


def query_hotpluggable_cpus(context: Context) -> list[dict[str, Any]]:
    machine = context.machine
    if not machine.info.hotpluggable_cpus:
        raise errors.machine.cpu_hotplug_unsupported()
    paths = machine.cpu_paths() if machine.initialized else {}
    return [
        hotpluggable_info(machine.cpus, index, machine.numa.node_of_cpu(index), paths.get(index))
        for index in reversed(range(machine.cpus.smp.maxcpus))
    ]


def set_numa_node(context: Context, arguments: dict[str, Any]) -> None:
    context.machine.numa.set_node(context.machine, arguments)


def balloon(context: Context, value: int) -> None:
    device = _balloon(context)
    if value <= 0:
        raise errors.invalid_parameter_value("value", "a size")
    device.set_target(value)


def query_balloon(context: Context) -> dict[str, int]:
    return {"actual": _balloon(context).actual_size}


def _balloon(context: Context) -> VirtioBalloon | HvBalloon:
    device = context.machine.balloon
    if device is None:
        raise errors.run_state.no_balloon()
    return device


def query_hv_balloon_status_report(context: Context) -> dict[str, int]:
    from qmpd.model.hyperv import HvBalloon

    device = context.machine.balloon
    if not isinstance(device, HvBalloon):
        raise errors.hyperv.balloon_missing()
    return device.report()


def query_memory_size_summary(context: Context) -> dict[str, int]:
    machine = context.machine
    return {"base-memory": machine.ram_size, "plugged-memory": machine.memory_devices.plugged_memory_size()}


def query_memory_devices(context: Context) -> Frozen:
    return context.machine.memory_device_info()


def query_vm_generation_id(context: Context) -> dict[str, str]:
    machine = context.machine
    for holder in (machine.peripheral, machine.peripheral_anon):
        for device in holder.children():
            if device.is_a("vmgenid"):
                return {"guid": device.get_property("guid")}
    raise errors.rare.generation_id_missing()


def inject_nmi(context: Context) -> None:
    if not context.machine.is_a("nmi"):
        raise errors.rare.nmi_unsupported()


def memsave(context: Context, val: int, size: int, filename: str, cpu_index: int = 0) -> None:
    machine = context.machine
    if not 0 <= cpu_index < machine.cpu_count:
        raise errors.invalid_parameter_value("cpu-index", "a CPU number")
    _save(filename, 0)
    if not innards.is_memory(machine, val, size):
        raise errors.rare.memory_not_there(val, size)
    _save(filename, size)


def pmemsave(context: Context, val: int, size: int, filename: str) -> None:
    _save(filename, size)


def _save(filename: str, size: int) -> None:
    """Write a file of that many zeros, which is what all memory holds here."""
    try:
        with open(filename, "wb") as file:
            file.truncate(max(size, 0))
    except OSError as error:
        raise errors.char.file_open_failed(filename, os.strerror(error.errno or 0)) from None


def dumpdtb(context: Context, filename: str) -> None:
    raise errors.rare.no_device_tree()


# QEMU's innards, as text


def _text(text: str) -> dict[str, str]:
    return {"human-readable-text": text}


def x_query_irq(context: Context) -> dict[str, str]:
    return _text(innards.controllers(context.machine, "irq"))


def x_query_jit(context: Context) -> dict[str, str]:
    return _text(innards.translator(context.machine, "jit"))


def x_query_opcount(context: Context) -> dict[str, str]:
    return _text(innards.translator(context.machine, "opcount"))


def x_query_numa(context: Context) -> dict[str, str]:
    return _text(innards.numa(context.machine))


def x_query_ramblock(context: Context) -> dict[str, str]:
    from qmpd.commands.ram_blocks import ram_blocks

    return _text(ram_blocks(context.machine))


def x_query_roms(context: Context) -> dict[str, str]:
    return _text(innards.roms(context.machine))


def x_query_usb(context: Context) -> dict[str, str]:
    from qmpd.model.usb import usb_lines

    lines = usb_lines(context.machine)
    if lines is None:
        raise errors.rare.usb_disabled()
    return _text("".join(lines))


def x_query_interrupt_controllers(context: Context) -> dict[str, str]:
    return _text(innards.controllers(context.machine, "pic"))
