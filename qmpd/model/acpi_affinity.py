"""Generic initiators and ports: NUMA nodes of PCI devices and of CXL host bridges, as ACPI tells the guest of them
(hw/acpi/pci.c). QEMU looks at what they name when it writes that table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.numa import MAX_NODES
from qmpd.model.objects_plain import PlainObject
from qmpd.model.qom import STRING, UINT32, AmbiguousPath, Object, Property, resolve

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.user_object import UserObject


def _set_node(affinity: Affinity, value: object, typed: bool) -> None:
    number = UINT32.read(value, "node", typed)
    if number >= MAX_NODES:
        failure = errors.numa.affinity_node_invalid()
        affinity.machine.give_up(failure)
        raise failure
    affinity.set_node(number)


def _target(name: str) -> Property:
    def set_it(affinity: Affinity, value: object, typed: bool) -> None:
        affinity.target = STRING.read(value, name, typed)

    return Property(name, "string", None, set_it)


class Affinity(PlainObject):
    """What belongs to ``node``: whatever the path ``target`` leads to."""

    target = ""
    node = MAX_NODES

    def set_node(self, number: int) -> None:
        self.node = number

    def check(self) -> None:
        self.machine.numa.has_affinities = True

    def find(self, type_name: str) -> Object | None:
        try:
            return resolve(self.machine.root_object, self.target, type_name)
        except AmbiguousPath:
            return None


class GenericInitiator(Affinity):
    type_name = "acpi-generic-initiator"
    own_properties = (Property("node", "int", None, _set_node), _target("pci-dev"))

    def set_node(self, number: int) -> None:
        super().set_node(number)
        self.machine.numa.generic_initiators.add(number)


class GenericPort(Affinity):
    type_name = "acpi-generic-port"
    own_properties = (Property("node", "int", None, _set_node), _target("pci-bus"))


def check_all(machine: Machine) -> None:
    """Raise QEMU's text for the first one that cannot be told to the guest, as the start of a machine does."""
    for kind, type_name, outside, missing in (
        (GenericInitiator, "pci-device", errors.numa.initiator_node_missing, errors.numa.initiator_device_missing),
        (GenericPort, "pxb-cxl-bus", errors.numa.port_node_missing, errors.numa.port_bridge_missing),
    ):
        for affinity in machine.objects.children():
            if not isinstance(affinity, kind):
                continue
            if affinity.node >= len(machine.numa.nodes):
                raise outside(affinity.node)
            if affinity.find(type_name) is None:
                raise missing()


TYPES: dict[str, Callable[[Machine], UserObject]] = {kind.type_name: kind for kind in (GenericInitiator, GenericPort)}
