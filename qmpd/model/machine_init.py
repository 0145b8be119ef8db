"""How a machine comes up: its properties, then its board, then the end of the start (system/vl.c, hw/i386/pc.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.config import Phase
from qmpd.errors import QemuError, StartupError
from qmpd.model import accelerator, boot_tree, ram
from qmpd.model.acpi import SlotHotplug
from qmpd.model.cpu_model import SUFFIX as CPU_SUFFIX
from qmpd.model.cpu_model import boot_state, parse_cpu
from qmpd.model.cpus import Cpus, check_smp, complete_smp
from qmpd.model.hostmem import Region
from qmpd.model.machine_properties import DEVICE_MEMORY, NVDIMM_IO
from qmpd.model.memory_device import DeviceMemory, MemoryDevices

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_BOOT_UNCHECKED = {"strict", "menu", "once"}  #: what of -boot is taken as it is, or later


def configure(machine: Machine) -> None:
    """Set the machine's own properties, in QEMU's order, after early objects and images. Raises StartupError."""
    config = machine.config
    try:
        smp = complete_smp(config.smp, prefer_sockets=machine.version < (6, 2))
        for name in config.machine_order:
            if name in config.machine_errors:
                raise config.machine_errors[name]
            if name == "memory":
                ram.set_sizes(machine, config.memory_size, config.memory_slots, config.memory_max)
            elif name == "smp":
                check_smp(config.smp, smp, machine.info.name, machine.info.cpu_max)
            elif name in config.machine_options:
                machine.set_property(name, config.machine_options[name], typed=False)
    except QemuError as error:
        raise StartupError("", error) from None
    machine.cpus = Cpus(smp, _cpu_type(machine))
    config.raise_problems(Phase.ACCELERATORS)
    machine.accelerator = accelerator.choose(
        config.accels,
        config.qtest is not None,
        machine.host.kvm_fault,
        machine.say,
        counting=config.counts_instructions,
    )
    if machine.info.deprecated and machine.accelerator != "qtest":
        machine.warn(errors.machine.machine_deprecated(machine.info.name))


def _cpu_type(machine: Machine) -> str:
    default = machine.info.default_cpu_type or "qemu64-x86_64-cpu"
    wanted = machine.config.cpu
    return default if wanted is None else f"{wanted.partition(',')[0]}{CPU_SUFFIX}"


def take_cpu_options(machine: Machine) -> None:
    """Take ``-cpu`` apart. Raises QEMU's text, also when there is no such model."""
    wanted, model = machine.config.cpu, machine.cpus.type.removesuffix(CPU_SUFFIX)
    if wanted == "":
        raise errors.machine.cpu_option_empty()
    if wanted is not None and not machine.catalogue.has_type(machine.cpus.type):
        raise errors.machine.cpu_model_unknown(model)
    machine.cpu_options = parse_cpu(wanted or model)
    for text in machine.cpu_options.warnings:
        machine.warn(text)


def initialize(machine: Machine) -> None:
    """Build the board: RAM, nodes, CPUs, the region for memory devices. Raises StartupError."""
    try:
        memory = _build(machine)
    except QemuError as error:
        raise StartupError("", error) from None
    for index in range(machine.cpu_count):
        machine.cpu_threads.append(machine.start_cpu(index))
    _show_memory(machine, memory)
    has_slots = machine.has_acpi_device and machine.memory_hotplug_supported
    machine.memory_hotplug = SlotHotplug(
        "DIMM", machine.ram_slots if has_slots else 0, lambda: machine.guest.memory_interrupt()
    )
    machine.initialized = True
    boot_tree.forget_beginnings(machine)
    machine.root_object.reveal = machine.show_boot_tree


def _build(machine: Machine) -> DeviceMemory | None:
    """Make what can go wrong; the region for memory devices. Raises QEMU's text."""
    if machine.info.name == "none" and "kernel" in machine.config.machine_options:
        raise errors.machine.kernel_unsupported()
    ram.attach(machine)
    machine.numa.complete(machine)
    if machine.cpu_count:
        _create_cpus(machine)
    if machine.config.rtc.get("driftfix") == "slew":
        machine.board_values.setdefault("mc146818rtc", {})["lost_tick_policy"] = "slew"
    if machine.config.globals:
        from qmpd.model import board_globals

        board_globals.apply(machine, early=False)
    ram.join(machine)
    ram.split(machine)
    memory = ram.create_device_memory(machine)
    if machine.config.boot.keys() - _BOOT_UNCHECKED:
        from qmpd.model import fw_cfg

        fw_cfg.check_boot(machine, machine.config.boot)
    if machine.has_flash and (machine.flash or machine.config.drives):
        from qmpd.model.flash import make_flash

        make_flash(machine)
    firmware = machine.settings.get("firmware")
    if firmware and not machine.flash and machine.info.name != "none":
        from qmpd.model import bios

        bios.load(machine, firmware)
    return memory


def _create_cpus(machine: Machine) -> None:
    state = machine.cpu_state = boot_state(machine)
    if "smp-cache" in machine.settings:
        from qmpd.model.machine_settings import settle_caches

        settle_caches(machine)
    for text in state.warnings * machine.cpu_count:
        machine.warn(text)
    if state.warning_once:
        machine.warn(state.warning_once)


def _show_memory(machine: Machine, memory: DeviceMemory | None) -> None:
    """Open the books of memory devices, and show where they go."""
    machine.memory_devices = MemoryDevices(memory)
    if machine.accelerator == "kvm":
        machine.memory_devices.hypervisor = machine.memslots.hypervisor
    for section in machine.epc.sections if machine.epc is not None else ():
        machine.memory_devices.plug_unmapped(section)
    if memory is not None:
        machine.device_memory_node = Region(memory.size, ram.SYSTEM, memory.base)
        machine.add_child(DEVICE_MEMORY, machine.device_memory_node)
    if machine.settings.get("cxl"):
        from qmpd.model import cxl

        cxl.show_regions(machine, machine.layout.memory_end)
    if machine.nvdimm and machine.family.has_memory_region:
        from qmpd.model import fw_cfg

        fw_cfg.warn_of_unknown(machine, fw_cfg.NVDIMM_FILE)
        machine.add_child(NVDIMM_IO, Region(4, ram.PORTS, 0xA18))


def become_ready(machine: Machine) -> None:
    """The board is complete: from now on devices are hotplugged. Raises StartupError."""
    if "once" in machine.config.boot:
        from qmpd.model import fw_cfg

        try:
            fw_cfg.check_boot_set(machine, machine.config.boot["once"])
        except QemuError as error:
            raise StartupError("", error) from None
    has_expanders = "buses" in vars(machine) and machine.buses.expanders and machine.family.chipset is not None
    if machine.settings.get("cxl") or has_expanders:
        from qmpd.model import cxl

        cxl.check_host_bridges(machine)
    if machine.config.globals:
        from qmpd.model import board_globals

        for text in board_globals.unused(machine):
            machine.warn(text)
    if machine.firmware_files:
        from qmpd.model import fw_cfg

        fw_cfg.check_end(machine)
    if any(device.values.get("driver") == "isa-fdc" for device in machine.config.devices):
        from qmpd.model import checks

        checks.count_floppy_controllers(machine)
    if machine.numa.has_affinities and machine.numa.nodes and machine.family.chipset and machine.acpi_enabled:
        from qmpd.model import acpi_affinity

        acpi_affinity.check_all(machine)
    guard = machine.settings.get("confidential-guest-support")
    if guard:
        kind = machine.objects.child(guard.rpartition("/")[2])
        raise StartupError("", errors.machine.confidential_guest_unsupported(kind.type if kind is not None else guard))
    machine.ready = True
    if "buses" in vars(machine):
        machine.buses.ready()
