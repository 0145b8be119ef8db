"""Virtual CPUs that somebody plugs (hw/i386/x86-common.c, hw/i386/pc.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue.catalogue import LINK
from qmpd.errors import QemuError
from qmpd.guest.contact import Seated
from qmpd.model.boot_tree import BootObject
from qmpd.model.cpu_model import JSON, NO_APIC, OPTION, CpuMaker, adopt, topology
from qmpd.model.cpu_object import CpuView
from qmpd.model.cpus import LEVEL_IDS
from qmpd.model.device import Device
from qmpd.model.qom import Object
from qmpd.model.unattached import APIC, FIRST_CPU

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_NOWHERE = -1
_PARTS = ("lapic", "lapic/apic-msi[0]", "smram[0]", "memory[0]", "memory[1]")


class CpuDevice(CpuView, Device):
    """One CPU that ``device_add`` makes."""

    type_name = "cpu"

    def __init__(self, machine: Machine, device_type: str = "") -> None:
        Device.__init__(self, machine, device_type)
        self._maker = CpuMaker(machine)
        self.view(machine, self._maker.start(device_type))
        self.index = self.apic_id = _NOWHERE
        self.thread_id = 0

    @property
    def type(self) -> str:
        return self.state.type

    def is_a(self, type_name: str) -> bool:
        return self.machine.catalogue.is_a(self.type, type_name)

    @property
    def machine_takes_it(self) -> bool:
        return self.machine.cpu_count > 0

    def value(self, name: str) -> Any:
        own = {"parent_bus": "", "realized": self.realized, "hotplugged": self.hotplugged, "hotpluggable": True}
        return own[name] if name in own else super().value(name)

    def set_property(self, name: str, value: object, typed: bool = True) -> None:
        if self.realized or name not in self.kinds:
            super().set_property(name, value, typed)
        elif self.kinds[name].startswith(LINK):
            target = self.link_target(name, value, typed)
            self.state.set(name, "" if target is None else target.path)
        else:
            self._maker.set(self.state, name, value, JSON if typed else OPTION)

    def pre_plug(self) -> None:
        machine, values = self.machine, self.state.values
        if self.type != machine.cpus.type:
            raise errors.machine.cpu_type_differs(machine.cpus.type)
        self._find_place()
        if self.index in machine.cpu_paths():
            raise errors.cpu.exists(self.index, self.apic_id)
        place = machine.cpus.place(self.index)
        for name in LEVEL_IDS:
            if values[name] not in (_NOWHERE, place[name]):
                raise errors.cpu.place_differs(name, values[name], self.apic_id, place[name])
        node = machine.numa.node_of_cpu(self.index)
        if values["node-id"] not in (_NOWHERE, node if node is not None else 0):
            raise errors.cpu.node_differs(node or 0)
        values |= place
        if node is not None:
            values["node-id"] = node

    def _find_place(self) -> None:
        """Find the number of the CPU from where it shall sit. Raises QEMU's text."""
        cpus, values = self.machine.cpus, self.state.values
        if values["apic-id"] == NO_APIC:
            place = {}
            for name, count in cpus.levels():
                if name in ("die-id", "module-id") and count == 1 and values[name] < 0:
                    values[name] = 0
                if values[name] < 0:
                    raise errors.cpu.place_missing(name)
                if values[name] >= count:
                    raise errors.cpu.place_invalid(name, values[name], count - 1)
                place[name] = values[name]
            values["apic-id"] = cpus.apic_id(place)
        self.apic_id = values["apic-id"]
        index = cpus.index_of(self.apic_id)
        if index is None:
            raise errors.cpu.no_place(cpus.split(self.apic_id), self.apic_id, cpus.smp.maxcpus - 1)
        self.index = index

    def realize(self) -> None:
        adopt(self.machine, self.state)
        self._maker.finish(self.state)
        try:
            self.state.realize(topology(self.machine))
        finally:
            for text in self.state.warnings:
                self.machine.warn(text)

    def plug(self) -> None:
        machine = self.machine
        tree = machine.catalogue.tree(machine.info.name)
        for part in _PARTS:
            node = tree.get(f"{FIRST_CPU}/{part}") if tree is not None else None
            owner, _, name = part.rpartition("/")
            parent = self.child(owner) if owner else self
            if node is not None and parent is not None and (name in self.kinds or owner):
                parent.add_child(name, BootObject(machine, node))
        self.thread_id = machine.start_cpu(self.index)
        machine.plugged_cpus.append(self)
        if machine.cpu_hotplug is not None:
            machine.cpu_hotplug.plug(self)

    @property
    def slot(self) -> int:
        """Its slot is its number."""
        return self.index

    def seen(self) -> Seated:
        """What a guest sees of it."""
        return Seated(self.label)

    def parts(self) -> list[Object]:
        apic = self.child(APIC)
        return [apic] if apic is not None else []

    @property
    def is_freed(self) -> bool:
        """TCG keeps what it ran on, so that only the end of the CPU's parts is told."""
        return self.machine.accelerator == "kvm"

    @property
    def frees_parts(self) -> bool:
        return True

    def unplug_request(self) -> None:
        hotplug = self.machine.cpu_hotplug
        if hotplug is None or not self.index or not self.machine.has_acpi_device:
            raise unplug_refusal(self.machine, self.index, self.type)
        hotplug.unplug_request(self)

    def unplug(self) -> None:
        machine = self.machine
        assert machine.cpu_hotplug is not None
        machine.cpu_hotplug.unplug(self)
        machine.plugged_cpus.remove(self)
        if self.thread_id not in machine.cpu_threads:
            machine.host.threads.end(self.thread_id)


def unplug_refusal(machine: Machine, index: int, type_name: str) -> QemuError:
    """Why a CPU cannot be asked to go."""
    if machine.info.name == "microvm":
        return errors.cpu.microvm_keeps_devices()
    if not machine.has_acpi_device:
        return errors.cpu.unplug_needs_acpi()
    if not index:
        return errors.boot_cpu_unpluggable()
    # Until an operating system takes CPUs out by the newer interface, QEMU does not know how.
    return errors.cpu.unplug_not_supported(type_name)
