"""qapi/machine.json: the machine, its CPUs and its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.frozen import Frozen
from qmpd.model.cpus import hotpluggable_info
from qmpd.model.hostmem import MemoryBackend
from qmpd.model.machine import Machine

if TYPE_CHECKING:
    from qmpd.model.virtio_balloon import VirtioBalloon

_NO_UUID = "00000000-0000-0000-0000-000000000000"


def query_cpus_fast(context: Context) -> list[dict[str, Any]]:
    machine = context.machine
    return [
        {
            "cpu-index": index,
            "qom-path": machine.cpus.path(index),
            "thread-id": machine.cpu_threads[index],
            "props": machine.cpus.props(index, machine.numa.node_of_cpu(index)),
            "target": machine.catalogue.target,
        }
        for index in range(machine.cpu_count)
    ]


def query_machines(context: Context, compat_props: bool = False) -> Frozen:
    return context.machine.catalogue.machines()


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
        raise errors.wakeup_unsupported()
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
        raise errors.cpu_hotplug_unsupported()
    return [
        hotpluggable_info(machine.cpus, index, machine.numa.node_of_cpu(index), machine.initialized)
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


def _balloon(context: Context) -> VirtioBalloon:
    device = context.machine.balloon
    if device is None:
        raise errors.no_balloon()
    return device


def query_hv_balloon_status_report(context: Context) -> None:
    raise errors.no_hv_balloon()


def query_memory_size_summary(context: Context) -> dict[str, int]:
    machine = context.machine
    return {"base-memory": machine.ram_size, "plugged-memory": machine.memory_devices.plugged_memory_size()}


def query_memory_devices(context: Context) -> Frozen:
    return context.machine.memory_device_info()
