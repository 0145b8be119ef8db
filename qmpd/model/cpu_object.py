"""Virtual CPUs as objects: where each sits, and what all of them can do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue import TreeObject
from qmpd.catalogue.catalogue import LINK
from qmpd.catalogue.tree import CHILD
from qmpd.model.boot_tree import PC, is_there
from qmpd.model.cpu_features import CpuState, canonical
from qmpd.model.cpu_model import JSON, OPTION, is_read_only, read_property
from qmpd.model.qom import BOOL, STRING, Object, Property, resolve_link
from qmpd.model.unattached import APIC, FIRST_CPU

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_ONLY_OF_MAX = ("host-cache-info", "migratable")
_LAST_OF_CLASS = "fma"  # behind which QEMU lists those

_SET_ANY_TIME = frozenset({"family", "model", "stepping", "vendor", "model-id", "tsc-frequency", "start-powered-off"})

_SHOWN: dict[str, Callable[[CpuState], Any]] = {
    "feature-words": lambda state: state.words_in_cpuid(state.words),
    "filtered-features": lambda state: state.words_in_cpuid(state.filtered),
    "unavailable-features": lambda state: state.unavailable(),
}


class CpuView(Object):
    """What a CPU shows. Its properties are those that QEMU has shown of another one."""

    state: CpuState
    kinds: dict[str, str]
    came_later = True

    def view(self, machine: Machine, state: CpuState) -> None:
        """Show ``state``."""
        tree = machine.catalogue.tree(PC if machine.numbering.borrows_helper else machine.info.name)
        recorded = tree.get(FIRST_CPU) if tree is not None else None
        assert recorded is not None
        self._recorded = recorded
        self._catalogue = machine.catalogue
        self.state = state
        kinds = kinds_of(state, recorded, machine.cpus.smp.cpus > 1 or self.came_later)
        self.kinds = {name: kind for name, kind in kinds.items() if is_there(machine, name)}

    def value(self, name: str) -> Any:
        if name in _SHOWN:
            return _SHOWN[name](self.state)
        if name == "legacy-memory":
            raise errors.property_not_readable(self.type, name)
        try:
            return self.state.get(name)
        except KeyError:
            return self.type if name == "type" else self._recorded.value(name)

    def get_property(self, name: str) -> Any:
        if name in self.kinds and not self.kinds[name].startswith(CHILD):
            return self.value(name)
        return super().get_property(name)

    def find_property(self, name: str) -> Property:
        if name not in self.kinds or self.kinds[name].startswith(CHILD):
            return super().find_property(name)
        setter = None if is_read_only(name) else self._set_late
        return Property(name, self.kinds[name], lambda _: self.value(name), partial(setter, name) if setter else None)

    def _set_late(self, name: str, obj: Object, value: object, typed: bool) -> None:
        """Set a property of a CPU that is there."""
        if name == "realized":
            if not BOOL.read(value, name, typed):
                raise errors.unrealize_unsupported(self.device_id, self.type)
        elif name in _SET_ANY_TIME:
            read = read_property(self._catalogue, self.type, name, value, JSON if typed else OPTION)
            self.state = self.state.with_value(name, read)
        elif self.kinds[name].startswith(LINK):
            self.link_target(name, value, typed)
            raise errors.set_link_after_realize(name, self.device_id, self.type)
        else:
            raise errors.set_after_realize(canonical(name), self.device_id, self.type)

    def link_target(self, name: str, path: object, typed: bool) -> Object | None:
        """What the link ``name`` may be set to. Raises QEMU's text."""
        return resolve_link(self, STRING.read(path, name, typed), name, self.kinds[name][len(LINK) : -1])

    def list_properties(self) -> list[tuple[str, str]]:
        return list(self.kinds.items())

    device_id: str | None = None


class CpuObject(CpuView):
    """One CPU that the machine starts with."""

    came_later = False

    def __init__(self, machine: Machine, index: int) -> None:
        super().__init__()
        self.view(machine, machine.cpu_state)
        self._machine = machine
        node = machine.numa.node_of_cpu(index)
        self._own = machine.cpus.place(index) | {"node-id": -1 if node is None else node}
        self.index = index
        self.apic_id: int = self._own["apic-id"]

    @property
    def type(self) -> str:
        return self.state.type

    def is_a(self, type_name: str) -> bool:
        return self._catalogue.is_a(self.type, type_name)

    def child(self, name: str) -> Object | None:
        if name not in self._children and self.kinds.get(name, "").startswith(CHILD):
            self._machine.show_boot_tree()
        return super().child(name)

    def find_property(self, name: str) -> Property:
        self.child(name)
        return super().find_property(name)

    def value(self, name: str) -> Any:
        return self._own[name] if name in self._own else super().value(name)


def kinds_of(state: CpuState, recorded: TreeObject, has_neighbours: bool) -> dict[str, str]:
    """A CPU's properties and their QOM types, in QEMU's order."""
    kinds: dict[str, str] = {}
    for name, kind in recorded.entries.items():
        if name != APIC or has_apic(state, has_neighbours):
            kinds[name] = kind
        if name == _LAST_OF_CLASS:
            kinds |= {added: "bool" for added in _ONLY_OF_MAX if added in state.values}
    return kinds


def has_apic(state: CpuState, has_neighbours: bool) -> bool:
    """Whether a CPU has an interrupt controller: as a feature, or because there are several CPUs."""
    return has_neighbours or state.has("apic")
