"""From ``-cpu`` to CPUs: which model a name stands for, and the settings of options, machine versions and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from qmpd import errors, visit
from qmpd.catalogue import Catalogue
from qmpd.errors import QemuError
from qmpd.hashorder import qdict_order
from qmpd.model.cpu_features import KVM_FEATURES, KVM_WORD, CpuState, Topology, check_value, feature_name
from qmpd.model.qom import resolve_link
from qmpd.named import NamedTuple
from qmpd.options import numbers, stringvisitor, values

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_MEMORY = "/machine/unattached/system[0]"
SUFFIX = "-x86_64-cpu"
NO_APIC = 0xFFFFFFFF
MICROVM = "microvm"
HOST, MAX = "host", "max"
_COMMON_TYPES = ("x86_64-cpu", "cpu", "device")
_LAST_FREQUENCY = (1 << 63) - 1
_HYPERVISORS = frozenset({"kvm", "qtest"})  #: where nothing is held against what TCG can do


class CpuOptions(NamedTuple):
    """``-cpu`` taken apart: properties with values, and features that are put on or off behind them."""

    model: str
    settings: tuple[tuple[str, str], ...] = ()
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def parse_cpu(text: str) -> CpuOptions:
    """Raises QEMU's text (target/i386/cpu.c, x86_cpu_parse_featurestr())."""
    model, _, rest = text.partition(",")
    settings: list[tuple[str, str]] = []
    signed: dict[str, list[str]] = {"+": [], "-": []}
    warnings: list[str] = []
    for feature in filter(None, rest.split(",")):
        if feature[0] in signed:
            signed[feature[0]].append(feature[1:].replace("_", "-"))
            continue
        name, has_value, value = feature.partition("=")
        name, value = name.replace("_", "-"), value if has_value else "on"
        warnings += [errors.cpu.ambiguous(sign, name, value) for sign, names in signed.items() if name in names]
        settings.append(_frequency(value) if name == "tsc-freq" else (name, value))
    if warnings:
        warnings.append(errors.cpu.ambiguity_not_kept())
    return CpuOptions(model, tuple(settings), tuple(signed["+"]), tuple(signed["-"]), tuple(warnings))


def _frequency(text: str) -> tuple[str, str]:
    """A frequency in hertz; suffixes are decimal."""
    factor = 1000 ** (1 + "KMGTPE".find(text[-1:].upper())) if text else 1
    try:
        frequency = round(numbers.parse_float(text if factor == 1 else text[:-1]) * factor)
    except numbers.MalformedError:
        raise errors.cpu.frequency_malformed(text) from None
    if not 0 <= frequency <= _LAST_FREQUENCY:
        raise errors.cpu.frequency_malformed(text)
    return "tsc-frequency", str(frequency)


class CpuMaker:
    """Makes the states of a machine's CPUs."""

    def __init__(self, machine: Machine) -> None:
        self._catalogue = machine.catalogue
        self._machine = machine
        self._compat = self._catalogue.compat_props(machine.info.name)
        self._options = machine.cpu_options

    def create(self, type_name: str, properties: Mapping[str, Any], *, path: str = "") -> CpuState:
        """A CPU with what machine, options and ``properties`` say, not expanded. Raises QEMU's text.

        ``path`` is what errors put in front of a property's name where the value is of the wrong kind.
        """
        state = self.start(type_name)
        for name in qdict_order(properties):
            self.set(state, name, properties[name], JSON, path)
        self.finish(state)
        return state

    def start(self, type_name: str) -> CpuState:
        """A CPU with what machine and options say of all CPUs of its type. Raises QEMU's text."""
        state = self._load(type_name)
        kinds = _kinds(self._catalogue, type_name)
        types = (type_name, *_COMMON_TYPES)
        for owner, name, text in self._compat:
            if owner in types:
                state.set(name, GLOBAL.read(text, name, kinds[name]))
        for owner, name, text in self._machine.config.globals:
            if owner in types:
                self._set_global(state, owner, name, text)
        if type_name == self._machine.cpus.type:
            for name, text in self._options.settings:
                self._set_global(state, type_name, name, text)
        return state

    def set(self, state: CpuState, name: str, value: Any, form: Form, path: str = "") -> None:
        """Set one property. Raises QEMU's text."""
        read = read_property(self._catalogue, state.type, name, value, form, path)
        if name == "memory":
            resolve_link(self._machine, read, name, "memory-region")
        state.set(name, read)

    def finish(self, state: CpuState) -> None:
        """Put on and off what ``-cpu`` says behind all properties. Raises QEMU's text."""
        kinds = _kinds(self._catalogue, state.type)
        for names, value in ((self._options.plus, True), (self._options.minus, False)):
            for name in names:
                if name not in kinds:
                    raise errors.property_not_found(state.type, name)
                state.set(name, value)

    def _load(self, type_name: str) -> CpuState:
        facts = self._catalogue.cpu_facts
        model = type_name.removesuffix(SUFFIX)
        limited = self._machine.accelerator not in _HYPERVISORS
        contents = resolve_model(self._catalogue, self._machine.info.name, model)
        return CpuState(facts, type_name, contents, limited=limited)

    def _set_global(self, state: CpuState, owner: str, name: str, text: str) -> None:
        try:
            self.set(state, name, text, GLOBAL)
        except QemuError as error:
            raise errors.machine.global_not_applicable(owner, name, text, error) from None


def read_property(catalogue: Catalogue, type_name: str, name: str, value: Any, form: Form, path: str = "") -> Any:
    """What a CPU of this type makes of ``value``. Raises QEMU's text."""
    kinds = _kinds(catalogue, type_name)
    if name not in kinds:
        raise errors.property_not_found(type_name, name)
    if name in _READ_ONLY:
        raise errors.property_not_writable(type_name, name)
    read = form.read(value, path + name, kinds[name])
    check_value(name, read)
    return read


def resolve_model(catalogue: Catalogue, machine: str, model: str) -> str:
    """The model with its version that a name stands for on a machine. :raise KeyError: there is none."""
    if model == HOST:
        return MAX
    facts = catalogue.cpu_facts
    if facts.contents(model) is not None:
        return model
    alias = catalogue.cpu_alias(machine, model)
    if alias is not None:
        return resolve_model(catalogue, machine, alias)
    # A machine older than versions of models takes the first one, unless the name means a certain one anywhere.
    first = f"{model}-v1"
    return first if facts.contents(first) is not None else catalogue.cpu_alias("", model) or first


@cache
def _kinds(catalogue: Catalogue, type_name: str) -> dict[str, str]:
    return {entry["name"]: entry["type"] for entry in catalogue.qom_properties(type_name).value}


_READ_ONLY = frozenset(
    {"type", "parent_bus", "hotplugged", "hotpluggable", "crash-information", "feature-words", "filtered-features"}
    | {"unavailable-features", "legacy-memory"}
)
_NARROW = frozenset({"int8", "int16", "int32", "uint8", "uint16", "uint32"})
_UNSIGNED = frozenset({"family", "model", "stepping"})

Reader = Callable[[Any, str], Any]


class Form(NamedTuple):
    """How values come: in which words they are refused."""

    plain: Reader
    boolean: Reader
    signed: Reader
    unsigned: Reader
    narrow: Callable[[Any, str, str], Any]

    def read(self, value: Any, path: str, kind: str) -> Any:
        """A value of the QOM type ``kind`` for the property that ``path`` ends in."""
        if kind in _NARROW:
            return self.narrow(value, path, kind)
        if kind == "bool":
            return self.boolean(value, path)
        if kind == "uint64" or path.rpartition(".")[2] in _UNSIGNED:
            return self.unsigned(value, path)
        return self.signed(value, path) if kind == "int" else self.plain(value, path)


JSON = Form(visit.visit_str, visit.visit_bool, visit.visit_int64, visit.visit_uint64, visit.visit_narrow)
GLOBAL = Form(
    stringvisitor.visit_str_string,
    stringvisitor.visit_bool_string,
    stringvisitor.visit_int64_string,
    stringvisitor.visit_uint64_string,
    stringvisitor.visit_narrow_string,
)
OPTION = Form(
    values.visit_str_string,
    values.visit_bool_string,
    values.visit_int64_string,
    values.visit_uint64_string,
    values.visit_narrow_string,
)


def is_read_only(name: str) -> bool:
    """Whether no CPU, not even one in the making, takes this property."""
    return name in _READ_ONLY


def topology(machine: Machine) -> Topology:
    """What the CPUs of a machine know of each other."""
    smp = machine.cpus.smp
    per_socket = smp.dies * smp.modules * smp.cores * smp.threads
    return Topology(per_socket, smp.threads, is_deep=smp.modules > 1 or smp.dies > 1)


def adopt(machine: Machine, state: CpuState) -> None:
    """Set what a machine insists on for its own CPUs (hw/i386/microvm.c)."""
    if machine.info.name == MICROVM:
        state.set("host-phys-bits", True)


def boot_state(machine: Machine) -> CpuState:
    """What the CPUs that a machine starts with can do; each of them warns. Raises QEMU's text."""
    state = CpuMaker(machine).create(machine.cpus.type, {})
    adopt(machine, state)
    if machine.info.default_cpu_type is None and state.get("apic-id") == NO_APIC:
        raise errors.cpu.apic_id_missing()
    state.realize(topology(machine))
    if machine.cpu_options.model == HOST and state.is_limited:
        raise errors.cpu.host_model_needs_kvm(HOST)
    return state


def expansion(machine: Machine, model: str, properties: object, *, full: bool) -> dict[str, Any]:
    """The properties that ``query-cpu-model-expansion`` answers. Raises QEMU's text."""
    type_name = f"{model}{SUFFIX}"
    if not machine.catalogue.has_type(type_name) or not machine.catalogue.is_a(type_name, "x86_64-cpu"):
        raise errors.cpu.model_not_found(model)
    if not isinstance(properties, dict):
        raise errors.invalid_parameter_type("model.props", "object")
    state = CpuMaker(machine).create(type_name, properties, path="model.props.")
    state.expand(Topology())
    for text in state.warnings:
        machine.warn(text)
    told = {"memory": _MEMORY, "realized": False}
    names = _expanded_names(machine.catalogue, type_name, full)
    return {name: told[name] if name in told else state.get(name) for name in names}


@cache
def _expanded_names(catalogue: Catalogue, type_name: str, full: bool) -> list[str]:
    """In the order in which QEMU collects them, which decides how they are written."""
    facts = catalogue.cpu_facts
    if full:
        names: list[str] = [entry["name"] for entry in catalogue.qom_properties(type_name).value]
        return [name for name in reversed(names) if name not in _HIDDEN]
    named = [
        [name for bit in range(64) if (name := feature_name(facts, word, bit))] for word in range(len(facts.words))
    ]
    kvm = facts.position(*KVM_WORD)
    if kvm is not None:
        named[kvm] += (name for name in KVM_FEATURES if name in facts.values)
    return qdict_order([*_STATIC, *chain.from_iterable(named)])


_STATIC = ("min-level", "min-xlevel", "family", "model", "stepping", "model-id", "vendor", "lmce")
_HIDDEN = _READ_ONLY
