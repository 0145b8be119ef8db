"""The objects a machine is born with and that nothing here models: shown as the catalogue recorded them.

They can be listed, read and found by path; nothing happens inside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from qmpd import errors
from qmpd.catalogue import Catalogue, Tree, TreeObject
from qmpd.model.qom import Object, Property

# What the recording, of a machine with little RAM, cannot know: where RAM below 4 GiB ends.
_END_OF_LOW_RAM = frozenset(
    {
        ("ram-below-4g[0]", "size"),
        ("tseg-blackhole[0]", "addr"),
        ("tseg-window[0]", "addr"),
        ("q35", "pci-hole-start"),
        ("q35", "below-4g-mem-size"),
        ("mch", "below-4g-mem-size"),
        ("i440fx", "pci-hole-start"),
        ("i440fx", "below-4g-mem-size"),
    }
)

_DEVICE = r"(/machine/unattached/device\[)(\d+)\](.*)$"
_FIRST_AFTER_CPUS = 2  # behind the first CPU and its helper
_FIRST_CPU = "/machine/unattached/device[0]"


class BootObject(Object):
    """One recorded object."""

    def __init__(self, catalogue: Catalogue, recorded: TreeObject, cpus: int, below_4g: int) -> None:
        super().__init__()
        self._below_4g = below_4g
        self._cpus = cpus
        self._catalogue = catalogue
        self._recorded = recorded

    @property
    def type(self) -> str:
        return self._recorded.type

    def is_a(self, type_name: str) -> bool:
        return type_name == "object" or self._catalogue.is_a(self.type, type_name)

    def find_property(self, name: str) -> Property:
        if self.child(name) is not None:
            return super().find_property(name)
        for entry in self._recorded.entries.value:
            if entry["name"] == name:
                return Property(name, entry["type"], lambda _: self._value(name), self._setter(name))
        raise errors.property_not_found(self.type, name)

    def _value(self, name: str) -> Any:
        if (self.name, name) in _END_OF_LOW_RAM:
            return self._below_4g
        try:
            return relocated(self._recorded.value(name), self._cpus)
        except KeyError:
            raise errors.not_modelled(f"property '{name}' of {self.path}") from None

    def _setter(self, name: str) -> Callable[[Any, Any, bool], None] | None:
        if not self.is_a("device") or all(
            entry["name"] != name for entry in self._catalogue.device_properties(self.type).value
        ):
            return None

        def refuse(obj: BootObject, value: object, typed: bool) -> None:
            raise errors.set_after_realize(name, None, obj.type)

        return refuse

    def list_properties(self) -> list[tuple[str, str]]:
        return [(entry["name"], entry["type"]) for entry in self._recorded.entries.value]

    def linked(self, name: str) -> Object | None:
        prop_type = next((entry["type"] for entry in self._recorded.entries.value if entry["name"] == name), "")
        if not prop_type.startswith("link<"):
            return None
        from qmpd.model.qom import Root, resolve

        path, root = self._value(name), self.root
        return resolve(root, path) if path and isinstance(root, Root) else None


def relocated(value: Any, cpus: int) -> Any:
    """A recorded value as it reads with ``cpus`` CPUs: paths of unattached devices count on."""
    match = re.match(_DEVICE, value) if isinstance(value, str) else None
    if match is None or int(match[2]) < _FIRST_AFTER_CPUS:
        return value
    return f"{match[1]}{int(match[2]) + cpus - 1}]{match[3]}"


def recorded_paths(tree: Tree, cpus: int) -> Iterator[tuple[str, str]]:
    """(path in a machine with ``cpus`` CPUs, path in the recording), parents first.

    The recording has one CPU; each further one takes a number among the unattached devices, behind the helper of the
    first one.
    """
    for path in sorted(tree.paths()):
        yield relocated(path, cpus), path
        if path.startswith(_FIRST_CPU):
            for cpu in range(1, cpus):
                yield path.replace(_FIRST_CPU, f"/machine/unattached/device[{cpu + 1}]", 1), path
