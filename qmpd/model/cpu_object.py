"""Virtual CPUs as objects: where each sits, and what all of them can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue import TreeObject
from qmpd.catalogue.tree import CHILD
from qmpd.model.cpu_features import SPELLINGS, CpuState
from qmpd.model.cpu_model import is_read_only
from qmpd.model.qom import BOOL
from qmpd.model.recorded import RecordedObject
from qmpd.model.unattached import APIC

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_ONLY_OF_MAX = ("host-cache-info", "migratable")
_LAST_OF_CLASS = "fma"  # behind which QEMU lists those

_SHOWN: dict[str, Callable[[CpuState], Any]] = {
    "feature-words": lambda state: state.words_in_cpuid(state.words),
    "filtered-features": lambda state: state.words_in_cpuid(state.filtered),
    "unavailable-features": lambda state: state.unavailable(),
}


class CpuObject(RecordedObject):
    """One CPU. ``recorded`` is one that QEMU has shown, of another model: it says what there is to list."""

    def __init__(self, machine: Machine, state: CpuState, recorded: TreeObject, index: int) -> None:
        super().__init__(machine.catalogue, state.type, kinds_of(state, recorded, machine.cpus.smp.cpus > 1))
        self._state = state
        self._recorded = recorded
        node = machine.numa.node_of_cpu(index)
        self._own = machine.cpus.place(index) | {"node-id": -1 if node is None else node}
        self.index = index

    def value(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        if name in _SHOWN:
            return _SHOWN[name](self._state)
        if name == "legacy-memory":
            raise errors.property_not_readable(self.type, name)
        try:
            return self._state.get(name)
        except KeyError:
            return self.type if name == "type" else self._recorded.value(name)

    def get_property(self, name: str) -> Any:
        if name in self._kinds and not self._kinds[name].startswith(CHILD):
            return self._read(name)
        return super().get_property(name)

    def _setter(self, name: str) -> Callable[[Any, Any, bool], None] | None:
        if is_read_only(name):
            return None
        called = SPELLINGS.get(name, name.replace("_", "-"))

        def refuse(obj: CpuObject, value: object, typed: bool) -> None:
            if name == "realized":
                if not BOOL.read(value, name, typed):
                    raise errors.unrealize_unsupported(None, obj.type)
                return
            raise errors.set_after_realize(called, None, obj.type)

        return refuse


def kinds_of(state: CpuState, recorded: TreeObject, has_neighbours: bool) -> dict[str, str]:
    """A CPU's properties and their QOM types, in QEMU's order."""
    kinds: dict[str, str] = {}
    for entry in recorded.entries.value:
        name = entry["name"]
        if name != APIC or has_apic(state, has_neighbours):
            kinds[name] = entry["type"]
        if name == _LAST_OF_CLASS:
            kinds |= {added: "bool" for added in _ONLY_OF_MAX if added in state.values}
    return kinds


def has_apic(state: CpuState, has_neighbours: bool) -> bool:
    """Whether a CPU has an interrupt controller: as a feature, or because there are several CPUs."""
    return has_neighbours or state.has("apic")
