"""The catalogue of one QEMU build: what exists in it and how QEMU describes it. Nothing here says how it behaves.

Each question reads the part of the file that answers it, once, and no other. Replies come as ``Frozen`` in
QEMU's own order of elements, ready to be sent.

Values are named tuples here, not dataclasses: every start of the daemon waits for this module.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue.brought import Brought, BroughtObject
from qmpd.catalogue.parts import Part, PartFile
from qmpd.catalogue.tree import PciFunction, Tree
from qmpd.errors import ErrorClass, QemuError
from qmpd.frozen import Frozen
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.catalogue.cpus import CpuFacts

DEFAULT = "10.0-x86_64"
SUFFIX = ".catalogue"
LINK = "link<"

_INTERFACE = "interface"

# device-list-properties leaves these out of what qom-list-properties says, and all "legacy-" ones (qom/qom-qmp-cmds.c)
_HIDDEN_FROM_DEVICE_LIST = frozenset({"type", "realized", "hotpluggable", "hotplugged", "parent_bus"})
_HIDDEN_PREFIX = "legacy-"


class TypeInfo(NamedTuple):
    """A QOM type. The members below ``interfaces`` say something of concrete device types only.

    ``interfaces`` are the ones it adds to its parent's. ``hotpluggable`` is the class's own word, None where it could
    not be found out; the bus has a say too. ``bus`` is the bus type it sits on, as ``info qdm`` names it ("PCI",
    "usb-bus", "System", ...), None without one. ``machines`` are the machine types (aliases or names) that take it as
    a dynamic system-bus device.
    """

    name: str
    parent: str | None
    abstract: bool
    interfaces: tuple[str, ...]
    user_creatable: bool = False
    hotpluggable: bool | None = None
    bus: str | None = None
    desc: str | None = None
    machines: tuple[str, ...] = ()


class MachineInfo(NamedTuple):
    """A machine type as query-machines describes it (MachineInfo in qapi/machine.json)."""

    name: str
    alias: str | None
    is_default: bool
    cpu_max: int
    hotpluggable_cpus: bool
    numa_mem_supported: bool
    deprecated: bool
    default_cpu_type: str | None
    default_ram_id: str | None
    acpi: bool


_Class = tuple[str | None, bool, tuple[str, ...]]
"""A type's parent, whether it is abstract, and the interfaces that it adds."""


class Catalogue:
    """One build's facts. Immutable to its users, who may all share one object: see :meth:`open`."""

    def __init__(self, file: PartFile) -> None:
        self._file = file
        self._types: dict[tuple[str | None, bool], Frozen] = {}
        self._classes: dict[str, _Class] = {}
        self._properties: dict[tuple[str, int], Frozen | QemuError] = {}
        self._cpus: dict[int | None, Frozen] = {}
        self._trees: dict[str, Tree | None] = {}
        self._hmp_commands: dict[str, dict[str, str]] = {}
        self._brought: dict[str, Brought | None] = {}

    @staticmethod
    def open(name: str = DEFAULT) -> Catalogue:
        """The catalogue shipped under ``name``, or the one in the file ``name``; the same object each time.

        :raise OSError: there is none. :raise CatalogueFormatError: the file is something else.
        """
        shipped = os.path.join(os.path.dirname(__file__), name + SUFFIX)
        return _open(os.path.realpath(shipped if os.path.isfile(shipped) else name))

    # identity

    @property
    def version(self) -> dict[str, Any]:
        """What query-version answers: ``{"qemu": {"major", "minor", "micro"}, "package"}``."""
        version: dict[str, Any] = self._file.header["version"]
        return version

    @property
    def version_number(self) -> str:
        """As QEMU prints it: ``10.0.2``."""
        return "{major}.{minor}.{micro}".format_map(self.version["qemu"])

    @property
    def package(self) -> str:
        """The distribution's name for the build, may be empty."""
        return str(self.version["package"])

    @property
    def target(self) -> str:
        """The emulated architecture as query-target names it."""
        return str(self._file.header["target"])

    # types

    def types(self, implements: str | None = None, abstract: bool | None = None) -> Frozen:
        """What qom-list-types answers; an unknown ``implements`` matches nothing."""
        key = implements, bool(abstract)
        reply = self._types.get(key)
        if reply is None:
            reply = self._types[key] = Frozen(self._list_types(*key))
        return reply

    def _list_types(self, implements: str | None, abstract: bool) -> list[dict[str, Any]]:
        reply = []
        for name, parent, is_abstract, _ in self._file.read("types").rows():
            if (is_abstract and not abstract) or not (implements is None or self.is_a(name, implements)):
                continue
            entry: dict[str, Any] = {"name": name}
            if is_abstract:
                entry["abstract"] = True
            if parent is not None:
                entry["parent"] = parent
            reply.append(entry)
        return reply

    def has_type(self, name: str) -> bool:
        """Whether QEMU knows the QOM type ``name``, abstract or not, after loading its modules."""
        return self._class(name) is not None

    def type_info(self, name: str) -> TypeInfo:
        """The facts of one type. :raise KeyError: no such type."""
        found = self._class(name)
        if found is None:
            raise KeyError(name)
        parent, abstract, interfaces = found
        device = self._part("devices").get(name)
        if device is None:
            return TypeInfo(name, parent, abstract, interfaces)
        bus, user_creatable, hotpluggable, desc, machines = device
        return TypeInfo(
            name, parent, abstract, interfaces, user_creatable, hotpluggable, bus, desc, machines=tuple(machines)
        )

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether the class ``name`` can be cast to ``ancestor``, a type or an interface (object_class_dynamic_cast).

        The cast to an interface counts only if exactly one of the class's interfaces leads there.
        """
        line = self._ancestry(name)
        if name == ancestor or not self._is_interface(ancestor) or self._is_interface(name):
            return ancestor in line
        implemented = [interface for class_name in line if (known := self._class(class_name)) for interface in known[2]]
        return sum(ancestor in self._ancestry(interface) for interface in implemented) == 1

    def _is_interface(self, name: str) -> bool:
        return _INTERFACE in self._ancestry(name)

    def _ancestry(self, name: str | None) -> list[str]:
        line = []
        while name is not None and (known := self._class(name)):
            line.append(name)
            name = known[0]
        return line

    def _class(self, name: str) -> _Class | None:
        found = self._classes.get(name)
        if found is None:
            row = self._part("types").get(name)
            if row is None:  # not kept, so that names made up by clients do not pile up
                return None
            parent, abstract, interfaces = row
            found = self._classes[name] = (parent, abstract, tuple(interfaces))
        return found

    def device_type(self, name: str) -> str | None:
        """The type that ``name`` means to device_add: itself, or what it is an alias of (virtio-blk, ahci, ...)."""
        if self.has_type(name):
            return name
        row = self._part("device-aliases").get(name)
        return row[0] if row else None

    # properties

    def device_properties(self, name: str) -> Frozen:
        """What device-list-properties answers. :raise QemuError: as QEMU refuses, DeviceNotFound for no such type."""
        return self._property_list(name, 1)

    def qom_properties(self, name: str) -> Frozen:
        """What qom-list-properties answers; empty for the few types on which the command kills QEMU.

        :raise QemuError: as QEMU refuses, DeviceNotFound for no such type.
        """
        return self._property_list(name, 0)

    def _property_list(self, name: str, column: int) -> Frozen:
        key = name, column
        answer = self._properties.get(key)
        if answer is None:
            row = self._part("properties").get(name)
            if row is None:
                raise errors.device_not_found(name) if column else errors.class_not_found(name)
            answer = self._properties[key] = self._answer(row[column], name, column)
        if isinstance(answer, QemuError):
            raise _copy(answer)
        return answer

    def _answer(self, recorded: Any, name: str, column: int) -> Frozen | QemuError:
        if isinstance(recorded, str):  # the same as another type's
            try:
                return self._property_list(recorded, column)
            except QemuError as error:
                return error
        if isinstance(recorded, dict):
            return QemuError(recorded["desc"], ErrorClass(recorded["class"]))
        if recorded is True:
            return Frozen([entry for entry in self.qom_properties(name).value if is_listed_for_devices(entry["name"])])
        return Frozen(self._descriptors.pick(recorded or []))

    @cached_property
    def _descriptors(self) -> _Pool:
        return _Pool(self._file.read("descriptors"))

    # machines and CPUs

    def machines(self, with_compat_props: bool = False) -> Frozen:
        """What query-machines answers."""
        return self._machines_and_props if with_compat_props else self._machines

    def machine(self, name: str) -> MachineInfo | None:
        """The machine type of that name or alias."""
        for entry in self._machines.value:
            if name in (entry["name"], entry.get("alias")):
                return _machine_info(entry)
        return None

    @cached_property
    def _machines(self) -> Frozen:
        return Frozen([entry for _, entry in self._file.read("machines").rows()])

    @cached_property
    def _machines_and_props(self) -> Frozen:
        return Frozen([{**entry, "compat-props": self._props_of(entry["name"])} for entry in self._machines.value])

    def _props_of(self, machine: str) -> list[dict[str, str]]:
        return [
            {"qom-type": kind, "property": name, "value": value} for kind, name, value in self.compat_props(machine)
        ]

    def cpu_definitions(self, machine: str | None = None) -> Frozen:
        """What query-cpu-definitions answers without KVM on ``machine`` (a name or alias; default: the newest ones).

        Which version a CPU model's plain name stands for depends on the machine.
        """
        info = self.machine(machine) if machine else None
        row = self._part("machine-cpus").get(info.name) if info else None
        group = row[0] if row else None
        if group not in self._cpus:
            self._cpus[group] = self._read_cpu_definitions(group)
        return self._cpus[group]

    def cpu_alias(self, machine: str, model: str) -> str | None:
        """The CPU model that ``model`` is another name of on ``machine`` (a full name)."""
        row = self._part("machine-cpus").get(machine)
        changes: Mapping[str, Any] = self._file.read("cpu-groups").rows()[row[0]] if row else {}
        entry = self._file.read("cpus").get(model)
        alias: str | None = {**(entry[0] if entry else {}), **changes.get(model, {})}.get("alias-of")
        return alias

    def _read_cpu_definitions(self, group: int | None) -> Frozen:
        entries = dict(self._file.read("cpus").rows())
        if group is not None:
            for name, changes in self._file.read("cpu-groups").rows()[group].items():
                entries[name] = {key: value for key, value in {**entries[name], **changes}.items() if value is not None}
        return Frozen(list(entries.values()))

    @cached_property
    def cpu_facts(self) -> CpuFacts:
        """What the CPU models are made of."""
        from qmpd.catalogue.cpus import CpuFacts

        names = ("cpu-words", "cpu-features", "cpu-scalars", "cpu-contents")
        return CpuFacts(*map(self._file.read, names))

    def option_help(self, option: str) -> list[str]:
        """The lines that an option like ``-cpu help`` prints."""
        return self._part("help").get(option) or []

    def compat_props(self, machine: str) -> list[tuple[str, str, str]]:
        """What ``machine`` (a full name) sets otherwise than the newest: (type, property, value) in QEMU's order."""
        row = self._part("machine-compat-props").get(machine)
        if row is None:
            return []
        base, positions = row
        own = [(kind, name, value) for kind, name, value in self._compat_props.pick(positions)]
        return [*self.compat_props(base), *own] if base else own

    @cached_property
    def _compat_props(self) -> _Pool:
        return _Pool(self._file.read("compat-props"))

    def command_line_options(self) -> Frozen:
        """What query-command-line-options answers without ``option``."""
        return self._options

    @cached_property
    def _options(self) -> Frozen:
        return Frozen([entry for _, entry in self._file.read("options").rows()])

    # the human monitor

    def hmp_commands(self, part: str = "hmp") -> dict[str, str]:
        """The human monitor's commands, or with ``hmp-info`` those below ``info``: names to usage, in QEMU's order.

        Names come with their aliases (``cont|c``), usage as ``help`` prints it behind them, lines ending in LF.
        """
        if part not in self._hmp_commands:
            self._hmp_commands[part] = dict(self._file.read(part).rows())
        return self._hmp_commands[part]

    def hmp_answer(self, line: str) -> str | None:
        """What the human monitor answers to ``line`` (words parted by a blank) on all bare machines, if they agree."""
        row = self._part("hmp-answers").get(line)
        return row[0] if row else None

    # what comes with a device

    def brought(self, name: str) -> Brought | None:
        """What a device of the type ``name`` brings along when it is plugged, None if that was not recorded."""
        if name not in self._brought:
            row = self._file.read("plugged").get(name)
            self._brought[name] = self._read_brought(*row) if row else None
        return self._brought[name]

    def rom_files(self) -> frozenset[str]:
        """The files that QEMU's own devices have their option ROM in."""
        rows = self._file.read("plugged").rows()
        return frozenset(values["romfile"] for _, _, _, values, _ in rows if "romfile" in values)

    def _read_brought(self, shared: int, added: Any, values: dict[str, Any], objects: Any) -> Brought:
        below = [
            BroughtObject(path, kind, self._brought_entries(position), answers)
            for path, kind, position, answers in objects
        ]
        pairs = tuple((entry, kind) for entry, kind in added)
        return Brought(shared, pairs, values, {found.path: found for found in below})

    def _brought_entries(self, position: int) -> tuple[tuple[str, str], ...]:
        (pairs,) = self._plugged_entries.pick([position])
        return tuple((entry, kind) for entry, kind in pairs)

    @cached_property
    def _plugged_entries(self) -> _Pool:
        return _Pool(self._file.read("plugged-entries"))

    def refusal(self, name: str) -> QemuError | None:
        """Why QEMU cannot make a device of the type ``name`` when it is told no more than that and an id, if so."""
        row = self._part("refused").get(name)
        return QemuError(row[1], ErrorClass(row[0])) if row else None

    def pci_info(self, name: str) -> dict[str, Any] | None:
        """What query-pci says of a device of the type ``name``, whatever its place, before any firmware has run."""
        row = self._part("pci-info").get(name)
        return row[0] if row else None

    def pci_machine(self, machine: str) -> list[dict[str, Any]]:
        """What query-pci says of the functions that a bare machine of this one's family starts with."""
        row = self._part("pci-machines").get(family_of(machine))
        return row[0] if row else []

    def machine_answer(self, machine: str, subject: str) -> str | None:
        """What ``info`` says about ``subject`` on a bare machine of this one's family, None if not recorded."""
        row = self._part("hmp-machine").get(f"{family_of(machine)} {subject}")
        return row[0] if row else None

    def qtree(self, name: str) -> tuple[list[str], list[str]] | None:
        """What the bus tree shows of each device of the class ``name``: properties that this class adds, and wires."""
        row = self._part("qtree").get(name)
        return (row[0], row[1]) if row else None

    def trace_events(self) -> list[str]:
        """The names of all trace events in the order in which QEMU lists them."""
        rows = self._file.read("trace-events").rows()
        names: list[str] = rows[0] if rows else []
        return names

    def helpful(self, name: str) -> list[str]:
        """The properties without which QEMU cannot make a device of the type ``name``, as far as they are known."""
        row = self._part("refused").get(name)
        return row[2] if row and len(row) > 2 else []

    # the object trees

    def tree(self, machine: str) -> Tree | None:
        """The objects a bare ``machine`` (a name or alias) starts with, None if none was recorded.

        One version stands for all of its family: what pc-q35-10.0 starts with is also said of pc-q35-9.2.
        """
        info = self.machine(machine)
        if info is None:
            return None
        family = family_of(info.name)
        if family not in self._trees:
            rows = self._part(f"tree {family}")
            self._trees[family] = Tree(rows, self._entry_lists) if rows.lines() else None
        return self._trees[family]

    @cached_property
    def _entry_lists(self) -> list[bytes]:
        return self._file.read("entries").lines()

    def setter(self, type_name: str, name: str, kind: str) -> Any:
        """What an object from the start takes for its property ``name`` of the QOM type ``kind``.

        None: it cannot be set; a string: only before the object is realized, and so never, the string being the name
        that the refusal calls it by; a list: a value of the kind that the list names (``link<`` for a link).
        """
        row = self._part("setters").get(type_name)
        if row and name in row[0]:
            return row[0][name]
        if name == "realized" or name.startswith("bootindex"):
            return [kind]
        if kind == "busnr" or name in ("parent_bus", "container") or name.startswith("child["):
            return None
        listed = self.is_a(type_name, "device") and any(
            entry["name"] == name for entry in self.device_properties(type_name).value
        )
        if listed:
            return name
        return [LINK] if kind.startswith(LINK) else None

    def pci_functions(self, machine: str) -> tuple[PciFunction, ...]:
        """The PCI functions that a bare ``machine`` (a name or alias) starts with, by bus and address."""
        info = self.machine(machine)
        row = self._part("pci").get(family_of(info.name)) if info else None
        return tuple(PciFunction(*fields) for fields in row[0]) if row else ()

    def compat_defaults(self, machine: str) -> Mapping[str, Mapping[str, Any]]:
        """What a versioned machine sets otherwise than the newest of its family: type to property to value.

        The type "machine" stands for the machine itself. Values are those that qom-get reads from a realized device.
        Empty for the newest, and for machines without versions.
        """
        info = self.machine(machine)
        row = self._part("compat").get(info.name) if info else None
        if row is None:
            return {}
        kinds = row[0]
        return dict(zip(kinds, self._compat_values.pick(list(kinds.values())), strict=True))

    @cached_property
    def _compat_values(self) -> _Pool:
        return _Pool(self._file.read("compat-values"))

    def _part(self, name: str) -> Part:
        return self._file.part(name)


@cache
def _open(path: str) -> Catalogue:
    return Catalogue(PartFile(path))


class _Pool:
    """Values kept once and used by position; each is parsed when first used, and shared from then on."""

    def __init__(self, part: Part) -> None:
        self._lines = part.lines()
        self._values: list[Any] = [None] * len(self._lines)

    def pick(self, positions: list[int]) -> list[Any]:
        values = self._values
        missing = [position for position in positions if values[position] is None]
        if missing:
            parsed = json.loads(b"[" + b",".join([self._lines[position] for position in missing]) + b"]")
            for position, value in zip(missing, parsed, strict=True):
                values[position] = value
        return [values[position] for position in positions]


def family_of(machine: str) -> str:
    """A machine's name without its version: pc-q35 for pc-q35-10.0, microvm for microvm."""
    family, _, version = machine.rpartition("-")
    return family if version.replace(".", "").isdigit() else machine


def is_listed_for_devices(name: str) -> bool:
    """Whether device-list-properties tells of a property that qom-list-properties has."""
    return name not in _HIDDEN_FROM_DEVICE_LIST and not name.startswith(_HIDDEN_PREFIX)


def _copy(error: QemuError) -> QemuError:
    """A raised exception collects tracebacks, so the kept one is never raised itself."""
    return QemuError(error.desc, error.error_class)


def _machine_info(entry: Mapping[str, Any]) -> MachineInfo:
    return MachineInfo(
        name=entry["name"],
        alias=entry.get("alias"),
        is_default=entry.get("is-default", False),
        cpu_max=entry["cpu-max"],
        hotpluggable_cpus=entry["hotpluggable-cpus"],
        numa_mem_supported=entry["numa-mem-supported"],
        deprecated=entry["deprecated"],
        default_cpu_type=entry.get("default-cpu-type"),
        default_ram_id=entry.get("default-ram-id"),
        acpi=entry.get("acpi", False),
    )
