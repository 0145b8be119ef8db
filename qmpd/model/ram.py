"""The machine's RAM: how large it is, where it comes from, and where in the guest's addresses it lies.

hw/core/machine.c, hw/i386/pc.c
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model import geometry
from qmpd.model.cpu_features import AMD
from qmpd.model.hostmem import MemoryBackend, MemoryBackendRam, Region, RegionNode
from qmpd.model.memory_device import DeviceMemory
from qmpd.model.qom import AmbiguousPath, resolve
from qmpd.model.unattached import ABOVE_4G

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

SYSTEM = "/machine/unattached/system[0]"  #: all that the guest can address
PORTS = "/machine/unattached/io[0]"  #: all its ports

RAM = "pc.ram[0]"
RAM_ALIGN = 8192
DEFAULT_RAM_SIZE = 128 * geometry.MIB
MAX_SLOTS = 256
HOTPLUG_PAGE = 4096
_MICROVM_LOW = 3 * geometry.GIB
_HOLE_SIZE = "pci-hole64-size"


def set_sizes(machine: Machine, size: int | None, slots: int | None, maximum: int | None) -> None:
    """Set the sizes (bytes) and the number of DIMM slots. Raises QEMU's text (hw/core/machine.c)."""
    default = 0 if machine.info.name == "none" else DEFAULT_RAM_SIZE
    size = -(-(size or default) // RAM_ALIGN) * RAM_ALIGN
    if maximum is not None:
        if maximum < size:
            raise errors.machine.maxmem_below_size(maximum, size)
        if slots and maximum == size:
            raise errors.machine.maxmem_equals_size(maximum, size)
    elif slots is not None:
        raise errors.machine.slots_without_maxmem()
    machine.ram_size = size
    machine.maxram_size = size if maximum is None else maximum
    machine.ram_slots = slots or 0


def use_backend(machine: Machine, path: str) -> None:
    """Take RAM from the backend at ``path``, and its size from there if none was given. Raises QEMU's text."""
    try:
        backend = resolve(machine.root_object, path, MemoryBackend.type_name)
    except AmbiguousPath:
        backend = None
    if not isinstance(backend, MemoryBackend):
        raise errors.machine.memory_backend_missing(path)
    machine.memory_backend = backend
    if machine.config.memory_size is None:
        set_sizes(machine, backend.size, machine.config.memory_slots, machine.config.memory_max)


def attach(machine: Machine) -> None:
    """Let RAM come from the backend that was named, or else from one of its own. Raises QEMU's text."""
    if isinstance(machine.memory_backend, MemoryBackend):
        if machine.memory_backend.size != machine.ram_size:
            raise errors.machine.memory_backend_size_differs()
        return
    name = machine.info.default_ram_id
    if not name or machine.numa.uses_memdevs or not machine.ram_size:
        return
    if machine.objects.child(name) is not None:
        raise errors.machine.default_ram_id_reserved(name)
    backend = _own_backend(machine)
    backend.size = machine.ram_size
    machine.objects.add_child(name, backend)
    backend.complete()
    machine.memory_backend = backend


def _own_backend(machine: Machine) -> MemoryBackend:
    if machine.config.mem_path is None:
        return MemoryBackendRam(machine)
    from qmpd.model.hostmem_file import MemoryBackendFile

    backend = MemoryBackendFile(machine)
    backend.mem_path = machine.config.mem_path
    return backend


def join(machine: Machine) -> None:
    """Take RAM from its backend, or put it together from those of the NUMA nodes."""
    if isinstance(machine.memory_backend, MemoryBackend):
        machine.memory_backend.mapped = True
    backends = [node.memdev for node in machine.numa.nodes.values() if node.memdev is not None]
    if not backends or machine.family.chipset is None:
        return
    ram = Region(machine.ram_size)
    machine.add_child(RAM, ram)
    offset = 0
    for backend in backends:
        backend.map_into(ram, offset)
        offset += backend.size


def region_path(machine: Machine) -> str:
    """Where the region is that is all of the machine's RAM; empty where there is none."""
    whole = machine.child(RAM)
    if whole is not None or machine.memory_backend is None:
        return whole.path if whole is not None else ""
    return next(child.path for child in machine.memory_backend.children() if isinstance(child, RegionNode))


def split(machine: Machine) -> None:
    """Decide what lies below and above 4 GiB; enclave memory follows. Raises QEMU's text."""
    if machine.family.chipset is None:
        machine.ram_below_4g = min(machine.ram_size, _MICROVM_LOW)
        machine.ram_above_4g = machine.ram_size - machine.ram_below_4g
        if machine.ram_above_4g and machine.info.name == "microvm":
            machine.unattached.add_child(ABOVE_4G, Region(machine.ram_above_4g, SYSTEM, geometry.FOUR_GIB))
        return
    machine.max_ram_below_4g = machine.max_ram_below_4g or machine.family.chipset.default_max_ram_below_4g
    badly = geometry.is_split_badly(machine.family.chipset, machine.ram_size, machine.max_ram_below_4g)
    if badly and machine.info.name != "isapc":
        is_q35 = machine.family.chipset == geometry.Q35
        warning = errors.machine.split_badly_q35 if is_q35 else errors.machine.split_badly
        machine.warn(warning(machine.ram_size, machine.max_ram_below_4g))
    machine.ram_below_4g, machine.ram_above_4g = geometry.split_ram(
        machine.family.chipset, machine.ram_size, machine.max_ram_below_4g
    )
    if machine.sgx_epc:
        from qmpd.model.sgx_epc import EpcSections

        machine.epc = EpcSections(machine, geometry.FOUR_GIB + machine.ram_above_4g, machine.sgx_epc)


def create_device_memory(machine: Machine) -> DeviceMemory | None:
    """Lay out the guest's addresses; the region for memory devices, None without one. Raises QEMU's text."""
    if machine.family.chipset is None:
        return None
    state = machine.cpu_state
    wants_region = machine.maxram_size > machine.ram_size
    layout = geometry.lay_out(
        _chipset(machine),
        ram=machine.ram_size,
        maxmem=machine.maxram_size if machine.family.has_memory_region else machine.ram_size,
        slots=machine.ram_slots,
        max_ram_below_4g=machine.max_ram_below_4g,
        cpu=geometry.CpuAddressing(state.vendor == AMD, state.get("phys-bits"), state.has("lm")),
        version=machine.version,
        epc_end=machine.epc.end if machine.epc is not None else 0,
        cxl_windows=_cxl_window_sizes(machine),
    )
    machine.layout = layout
    if machine.ram_above_4g:
        machine.unattached.add_child(ABOVE_4G, Region(machine.ram_above_4g, SYSTEM, layout.above_4g_start))
    if not machine.family.has_memory_region:
        if wants_region or machine.ram_slots:
            raise errors.machine.memory_options_unsupported(machine.info.name)
        return None
    if not wants_region:
        return None
    if machine.ram_slots > MAX_SLOTS:
        raise errors.machine.too_many_slots(machine.ram_slots)
    if machine.maxram_size % HOTPLUG_PAGE:
        raise errors.machine.maxmem_unaligned(HOTPLUG_PAGE)
    return DeviceMemory(layout.region_base, layout.region_size)


def _cxl_window_sizes(machine: Machine) -> list[int] | None:
    """The sizes of CXL's windows of memory, None where there is no CXL."""
    return [size for size, _ in machine.cxl_windows] if machine.settings.get("cxl") else None


def pci_hole64(machine: Machine) -> tuple[int, int]:
    """Start and end of where 64-bit PCI addresses go."""
    if any(values.get("x-pci-hole64-fix") is False for values in machine.board_values.values()):
        return 0, 0
    return geometry.hole64(_chipset(machine), machine.layout, _cxl_window_sizes(machine), machine.version)


def _chipset(machine: Machine) -> geometry.Chipset:
    """The chipset, of a machine that has one, as it is told to be."""
    usual = machine.family.chipset
    assert usual is not None
    told = [values[_HOLE_SIZE] for values in machine.board_values.values() if _HOLE_SIZE in values]
    return usual._replace(hole64=told[0]) if told else usual
