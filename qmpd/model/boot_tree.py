"""The objects a machine is born with and that nothing here models: shown as the catalogue recorded them.

They can be listed, read and found by path; nothing happens inside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qmpd import errors
from qmpd.catalogue import Catalogue, Tree, TreeObject
from qmpd.model.recorded import RecordedObject

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


class BootObject(RecordedObject):
    """One recorded object."""

    def __init__(self, catalogue: Catalogue, recorded: TreeObject, cpus: int, below_4g: int) -> None:
        kinds = {entry["name"]: entry["type"] for entry in recorded.entries.value}
        super().__init__(catalogue, recorded.type, kinds)
        self._below_4g = below_4g
        self._cpus = cpus
        self._recorded = recorded

    def value(self, name: str) -> Any:
        if (self.name, name) in _END_OF_LOW_RAM:
            return self._below_4g
        try:
            return relocated(self._recorded.value(name), self._cpus)
        except KeyError:
            raise errors.not_modelled(f"property '{name}' of {self.path}") from None


def relocated(value: Any, cpus: int) -> Any:
    """A recorded value as it reads with ``cpus`` CPUs: paths of unattached devices count on."""
    match = re.match(_DEVICE, value) if isinstance(value, str) else None
    if match is None or int(match[2]) < _FIRST_AFTER_CPUS:
        return value
    return f"{match[1]}{int(match[2]) + cpus - 1}]{match[3]}"


def cpu_number(path: str) -> int | None:
    """Which CPU stands at ``path`` if one of the unattached devices that have their numbers does."""
    match = re.fullmatch(r"/machine/unattached/device\[(\d+)\]", path)
    if match is None or match[1] == "1":
        return None
    return max(int(match[1]) - 1, 0)


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
