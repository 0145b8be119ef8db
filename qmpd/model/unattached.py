"""What the board makes and puts nowhere else: how it is numbered and listed.

The recording is of a machine with one CPU and everything on board. Each further CPU takes a number among the devices, a
part that is left out gives its number to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qmpd.catalogue.catalogue import family_of
from qmpd.hashorder import GHashOrder
from qmpd.model.qom import Container

if TYPE_CHECKING:
    from qmpd.catalogue import Tree
    from qmpd.model.machine import Machine

PATH = "/machine/unattached"
APIC = "lapic"
ABOVE_4G = "ram-above-4g[0]"
FIRST_CPU = f"{PATH}/device[0]"
_COUNTED = re.compile(rf"{PATH}/(device|non-qdev-gpio)\[(\d+)\](.*)")
HELPER_NAME = "device[1]"
HELPER = "kvmvapic"  #: comes with the first CPU's interrupt controller

_CREATED = {
    "pc-q35": (
        "sysbus system io cpu pci ram-below-4g ram-above-4g pc.bios isa-bios pc.rom non-qdev-gpio*24 device*2"
        " non-qdev-gpio device ioport80 ioportF0 device*7 non-qdev-gpio*2 device*10"
    ),
    "pc-i440fx": (
        "sysbus system io cpu pci device ram-below-4g ram-above-4g pc.bios isa-bios pc.rom non-qdev-gpio*16 device"
        " ide*4 late device non-qdev-gpio device ioport80 ioportF0 device non-qdev-gpio*8 device*7 non-qdev-gpio*2 late"
        " non-qdev-gpio device*8"
    ),
    "none": "sysbus system io",
    "isapc": (
        "sysbus system io cpu ram-below-4g ram-above-4g pc.bios isa-bios pc.rom device*3 non-qdev-gpio device ioport80"
        " ioportF0 device non-qdev-gpio device*3 non-qdev-gpio*2 device*3 non-qdev-gpio*2 late device*2"
    ),
    "microvm": (
        "sysbus system io ram-below-4g ram-above-4g cpu device*2"
        + " device non-qdev-gpio" * 25
        + " device non-qdev-gpio device*2 non-qdev-gpio device non-qdev-gpio pc.bios isa-bios"
    ),
}
"""Families of machines: the names of what they make, in that order; it shows in how QEMU lists them.

Behind some devices they connect a few things before they make, where it says so, late ones of their own.
"""

_OFF = ("off", False)
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    "hpet": ("hpet",),
    "vmport": ("vmport", "vmmouse"),
    "i8042": ("i8042", "vmport", "vmmouse", "port92"),
    "smbus": ("ICH9-SMB", "smbus-eeprom"),
    "sata": ("ich9-ahci",),
    "pit": ("isa-pit", "isa-pcspk"),
    "pic": ("isa-i8259",),
}
"""Properties of the machine with the types of the devices that it does without if they are off."""
_LEFT_OUT_BY: dict[tuple[str, str], tuple[str, ...]] = {
    ("pc-i440fx", "smbus"): (),
    ("pc-i440fx", "acpi"): ("smbus-eeprom",),
    ("microvm", "acpi"): ("ioapic", "virtio-mmio", "acpi-ged"),
    ("microvm", "ioapic2"): ("ioapic", "virtio-mmio"),
    ("microvm", "rtc"): ("mc146818rtc",),
}
"""The same for one family."""
_STAY = {"virtio-mmio": 8}
"""How many of a type are there all the same: the first ones."""

_WIRES_LEFT_OUT: dict[tuple[str, str], Sequence[int]] = {
    ("pc-i440fx", "hpet"): range(17, 25),
    ("pc-i440fx", "i8042"): range(25, 27),
    ("pc-q35", "i8042"): range(25, 27),
    ("pc-i440fx", "pic"): (16,),
    ("pc-q35", "pic"): (24,),
    ("isapc", "pic"): (0,),
    ("isapc", "pit"): (1,),
    ("isapc", "i8042"): range(2, 6),
    ("pc-i440fx", "acpi"): (27,),
    ("microvm", "acpi"): (*range(8, 25), 27),
    ("microvm", "ioapic2"): range(8, 24),
    ("microvm", "rtc"): (27,),
    ("microvm", "pic"): (25,),
    ("microvm", "pit"): (26,),
}
"""The interrupt lines that go with them, by family and property."""


_COMES_WITH = {"vmware-svga": ("vmsvga.fifo[0]",)}
"""What comes right after a device of this type when boards make it."""


class Numbering:
    """Where recorded objects are on a machine. ``has_helper``: its first CPU has an interrupt controller.

    ``ahead`` is how many sections of enclave memory come before all others; ``turns`` tell when the board makes those
    that nobody recorded.
    """

    def __init__(self, machine: Machine, tree: Tree | None, has_helper: bool) -> None:
        self._types = types = tree.types() if tree is not None else {}
        self._paths = sorted(types)
        self._cpus = machine.cpus.smp.cpus if machine.cpu_count else 1
        self.ahead = len(machine.sgx_epc) if machine.family.chipset is not None else 0
        recorded = {
            int(match[2]): types[path]
            for path in self._paths
            if (match := _COUNTED.fullmatch(path)) and match[1] == "device" and not match[3]
        }
        self._helper_recorded = recorded.get(1) == HELPER
        self.has_helper = has_helper
        family = family_of(machine.info.name)
        settings = {**machine.settings, "acpi": machine.acpi}
        properties = [name for name, value in settings.items() if value in _OFF]
        kinds = {kind for name in properties for kind in _LEFT_OUT_BY.get((family, name), _LEFT_OUT.get(name, ()))}
        missing = {kind: sorted(number for number in recorded if recorded[number] == kind) for kind in kinds}
        missing = {kind: numbers[_STAY.get(kind, 0) :] for kind, numbers in missing.items()}
        self.left_out = {kind: len(numbers) for kind, numbers in missing.items()}
        self._missing = sorted(number for numbers in missing.values() for number in numbers)
        self._wires = {wire for name in properties for wire in _WIRES_LEFT_OUT.get((family, name), ())}
        if self._helper_recorded and not has_helper:
            self._missing.insert(0, 1)
        self.first = 2 if self._helper_recorded else 1
        self.turns = machine.board.turns(recorded) if machine.board is not None else []

    def number(self, recorded: int) -> int | None:
        """The number of the unattached device that is ``recorded`` in the recording; None if it is left out."""
        if recorded in self._missing:
            return None
        if recorded < self.first:
            return recorded + self.ahead
        return self._following(recorded) + sum(turn.number < recorded for turn in self.turns)

    def _following(self, recorded: int) -> int:
        """The number that the device has or would have but for those that the board makes by itself."""
        added = self.ahead + self._cpus - 1 + (self.has_helper and not self._helper_recorded)
        return recorded + added - sum(number < recorded for number in self._missing)

    def made(self, index: int) -> str:
        """The name of the device that the board makes as this one of its own."""
        return f"device[{self._following(self.turns[index].number + 1) + index}]"

    def made_at(self, number: int, *, late: bool) -> Iterator[str]:
        """The names of the devices that the board makes after the recorded one of this number."""
        return (self.made(index) for index, turn in enumerate(self.turns) if turn == (number, late))

    def relocated(self, value: Any) -> Any:
        """A recorded value as it reads here: paths of unattached devices count on. None if there is no such object."""
        match = _COUNTED.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return value
        kind, recorded, rest = match.groups()
        number = self.number(int(recorded)) if kind == "device" else self._wire(int(recorded))
        return None if number is None else f"{PATH}/{kind}[{number}]{rest}"

    def _wire(self, recorded: int) -> int | None:
        return None if recorded in self._wires else recorded - sum(wire < recorded for wire in self._wires)

    def cpu_path(self, index: int) -> str:
        """The QOM path of a CPU present at start; the first is followed by its helper."""
        return f"{PATH}/device[{self.ahead + index + (self.has_helper and index > 0)}]"

    @property
    def cpus_end(self) -> int:
        """How many numbers enclave memory, the CPUs and the helper take."""
        return self.ahead + self._cpus + self.has_helper

    @property
    def borrows_helper(self) -> bool:
        """Whether there is a helper, which this kind of machine usually lacks."""
        return self.has_helper and not self._helper_recorded and FIRST_CPU in self._types

    def cpu_of(self, path: str) -> int | None:
        """Which CPU present at start is at ``path``."""
        return next((index for index in range(self._cpus) if self.cpu_path(index) == path), None)

    def paths(self) -> Iterator[tuple[str, str]]:
        """(path here, path in the recording), parents first."""
        for path in self._paths:
            here = self.relocated(path)
            if here is None:
                continue
            yield here, path
            if path.startswith(FIRST_CPU):
                for cpu in range(1, self._cpus):
                    yield path.replace(FIRST_CPU, self.cpu_path(cpu), 1), path

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types of those that are there, in the recording's order."""
        return tuple(dict.fromkeys(self._types[recorded] for _, recorded in self.paths()))


class Unattached(Container):
    """The objects themselves."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def list_properties(self) -> list[tuple[str, str]]:
        self._machine.show_boot_tree()
        family = family_of(self._machine.info.name)
        if family not in _CREATED:
            return super().list_properties()
        created = self._created(_CREATED[family]) if self._machine.initialized else ()
        made = []
        for name in created:
            child = self.child(name)
            made += [name, *_COMES_WITH.get(child.type, ())] if child is not None else []
        names = list(GHashOrder([*made, *(name for name in self._children if name not in set(made))]))
        children = ((name, self.child(name)) for name in reversed(names))
        return [("type", "string"), *((name, f"child<{child.type}>") for name, child in children if child is not None)]

    def _created(self, words: str) -> Iterator[str]:
        numbering = self._machine.numbering
        counts: dict[str, int] = {}
        for word in words.split():
            name, _, times = word.partition("*")
            if name == "cpu":
                yield from (f"device[{number}]" for number in range(numbering.cpus_end))
                counts["device"] = numbering.first - 1
                continue
            if name == "late":
                yield from numbering.made_at(counts["device"], late=True)
                continue
            for _ in range(int(times or 1)):
                recorded = counts[name] = counts.get(name, -1) + 1
                here = numbering.relocated(f"{PATH}/{name}[{recorded}]" if name != "sysbus" else f"{PATH}/{name}")
                if here is not None:
                    yield here.rpartition("/")[2]
                if name == "device":
                    yield from numbering.made_at(recorded, late=False)
