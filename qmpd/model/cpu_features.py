"""What one virtual CPU can do: a model's features, what is asked for beyond them, and what TCG leaves of it.

The steps are those of target/i386/cpu.c: load the model, set properties, expand, filter, realize.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from qmpd import errors
from qmpd.catalogue.cpus import CpuFacts
from qmpd.named import NamedTuple

_UNSET = 0xFFFFFFFF
_ALL = (1 << 64) - 1
_LOW, _HIGH = 0xFFFFFFFF, 0xFFFFFFFF << 32
_PHYS_BITS = 40  #: of every CPU with long mode, unless said otherwise
_FEWEST_BITS, _MOST_BITS = 32, 52
_LBR_FORMATS = 0x3F

Place = tuple[str, int | None]  #: a word's name, and ECX where the name is not enough

_VL = ("avx10-128", "avx10-256", "avx10-512")
_7_EBX, _EXTENDED, _EXTENDED_ECX = ("CPUID.07H:EBX", 0), ("CPUID.80000001H:EDX", None), ("CPUID.80000001H:ECX", None)
_EPT_VPID = "MSR(48CH)"

# Features without any of which others make no sense: bits of a word, or a feature.
_DEPENDENCIES: tuple[tuple[tuple[str, ...], Place | str, int], ...] = (
    (("arch-capabilities",), ("MSR(10AH)", None), _ALL),
    (("core-capability",), ("MSR(CFH)", None), _ALL),
    (("pdcm",), ("MSR(345H)", None), _ALL),
    *((("vmx",), (f"MSR({number}H)", None), _ALL) for number in ("48E", "48D", "48F", "490", "485", "480")),
    (("lm",), "vmx-entry-ia32e-mode", 0),
    (("vmx-secondary-ctls",), ("MSR(48BH)", None), _ALL),
    (("xsaves",), "vmx-xsaves", 0),
    (("rdrand",), "vmx-rdrand-exit", 0),
    (("invpcid",), "vmx-invpcid-exit", 0),
    (("mpx",), "vmx-exit-clear-bndcfgs", 0),
    (("mpx",), "vmx-entry-load-bndcfgs", 0),
    (("rdseed",), "vmx-rdseed-exit", 0),
    (("intel-pt",), ("CPUID.14H:ECX", 0), _ALL),
    (("rdtscp",), "vmx-rdtscp-exit", 0),
    (("vmx-ept",), (_EPT_VPID, None), _LOW),
    (("vmx-ept",), "vmx-unrestricted-guest", 0),
    (("vmx-vpid",), (_EPT_VPID, None), _HIGH),
    (("vmx-vmfunc",), ("MSR(491H)", None), _ALL),
    (("svm",), ("CPUID.8000000AH:EDX", None), _ALL),
    (("waitpkg",), "vmx-enable-user-wait-pause", 0),
    *(((name,), "fred", 0) for name in ("lm", "lkgs", "wrmsrns")),
    (("sgx",), "sgxlc", 0),
    *((("sgx",), place, _ALL) for place in (("CPUID.12H:EAX", 0), ("CPUID.12H:EBX", 0), ("CPUID.12H:EAX", 1))),
    (("avx10-128",), "avx10-256", 0),
    (("avx10-256",), "avx10-512", 0),
    (_VL, "avx10", 0),
    (("avx10",), ("CPUID.24H:EBX", 0), _ALL),
)

# Parts of a CPU's state that XSAVE saves: bits, and the features that have them.
_XSAVE_PARTS = (
    (0b11, ("xsave",)),
    (1 << 2, ("avx",)),
    (0b11 << 3, ("mpx",)),
    (0b111 << 5, ("avx512f", "avx10")),
    (1 << 9, ("pku",)),
    (1 << 15, ("arch-lbr",)),
    (0b11 << 17, ("amx-tile",)),
)
_SUPERVISOR_PARTS = 1 << 15
_XCR0, _XCR0_HIGH = ("CPUID.0DH:EAX", 0), ("CPUID.0DH:EDX", 0)
_XSS, _XSS_HIGH = ("CPUID.0DH:ECX", 1), ("CPUID.0DH:EDX", 1)

# Words that raise a level by being used.
_LEVEL_WORDS: tuple[Place, ...] = (
    *(("CPUID.01H:EDX", None), ("CPUID.01H:ECX", None), ("CPUID.06H:EAX", None), ("CPUID.07H:ECX", 0)),
    *(("CPUID.07H:EAX", 1), ("CPUID.07H:EDX", 1), ("CPUID.07H:EDX", 2), _EXTENDED, _EXTENDED_ECX),
    *(("CPUID.80000007H:EDX", None), ("CPUID.80000008H:EBX", None), ("CPUID.C0000001H:EDX", None)),
    *(("CPUID.8000000AH:EDX", None), ("CPUID.0DH:EAX", 1)),
)
_LEVELS = {"level": "min-level", "xlevel": "min-xlevel", "xlevel2": "min-xlevel2"}
KVM_FEATURES = tuple(
    f"kvm{name}"
    for name in (
        *("clock", "-nopiodelay", "-mmu", "-asyncpf", "-steal-time", "-pv-eoi", "-pv-unhalt", "-pv-tlb-flush"),
        *("-asyncpf-vmexit", "-pv-ipi", "-poll-control", "-pv-sched-yield", "-asyncpf-int", "-msi-ext-dest-id"),
        "clock-stable-bit",
    )
)
KVM_WORD: Place = ("CPUID.40000001H:EAX", None)

# On CPUs of AMD these bits of one word repeat those of the other.
_AMD_ALIASES = 0x0183F3FF
_BASIC = ("CPUID.01H:EDX", None)

AMD, INTEL, ZHAOXIN = "AuthenticAMD", "GenuineIntel", ("  Shanghai  ", "CentaurHauls")
_AMD_MICROCODE, _OTHER_MICROCODE = 0x01000065, 0x100000000

_NEVER_BY_ITSELF = ("ht", "topoext")
_WIDE, _NARROW = {"family": 15, "model": 107, "stepping": 1}, {"family": 6, "model": 6, "stepping": 3}

SPELLINGS = {
    "sse3": "pni",
    "pclmuldq": "pclmulqdq",
    "sse4-1": "sse4.1",
    "sse4-2": "sse4.2",
    "sse4_1": "sse4.1",
    "sse4_2": "sse4.2",
    "xd": "nx",
    "ffxsr": "fxsr-opt",
    "i64": "lm",
    "hv-apicv": "hv-avic",
}
"""Other names of properties."""


class Topology(NamedTuple):
    """What a CPU must know of its neighbours."""

    threads_per_socket: int = 1
    threads_per_core: int = 1
    is_deep: bool = False  #: there are dies or modules


class CpuState:
    """One CPU in the making. ``limited`` says that it can do no more than TCG."""

    def __init__(self, facts: CpuFacts, type_name: str, model: str, *, limited: bool = True) -> None:
        """:raise KeyError: there is no such model."""
        contents = facts.contents(model)
        if contents is None:
            raise KeyError(model)
        self.type = type_name
        self._facts = facts
        self.is_limited = limited
        self.words = [contents.bits.get(position, 0) for position in range(len(facts.words))]
        self.filtered = [0] * len(self.words)
        self._asked = [0] * len(self.words)
        self.values: dict[str, Any] = {**facts.values, **contents.values}
        self._described = "legacy-cache" in contents.values
        self.warnings: list[str] = []
        self.warning_once = ""

    # Properties

    def set(self, name: str, value: Any) -> None:
        """Set a property to a value of its type."""
        feature = self._facts.features.get(name)
        if feature is None:
            if canonical(name) not in KVM_FEATURES:  # which without KVM no CPU has
                self.values[canonical(name)] = _kept(name, value)
            return
        word, mask = feature
        self.words[word] = self.words[word] | mask if value else self.words[word] & ~mask
        self._asked[word] |= mask

    def with_value(self, name: str, value: Any) -> CpuState:
        """The same CPU with another value of a property that is no feature."""
        from copy import copy

        changed = copy(self)
        changed.values = {**self.values, name: _kept(name, value)}
        return changed

    def get(self, name: str) -> Any:
        """The value of a property. :raise KeyError: it is none of the model's."""
        feature = self._facts.features.get(name)
        if feature is None:
            return self.values[canonical(name)]
        word, mask = feature
        return self.words[word] & mask == mask

    def has(self, name: str) -> bool:
        """Whether a feature or a switch is on; one that this build does not know is off."""
        feature = self._facts.features.get(name)
        return bool(self.values.get(canonical(name)) if feature is None else self.get(name))

    @property
    def vendor(self) -> str:
        return str(self.values["vendor"])

    def _word(self, place: Place) -> int:
        position = self._facts.position(*place)
        return 0 if position is None else self.words[position]

    def _put(self, place: Place, bits: int) -> None:
        position = self._facts.position(*place)
        if position is not None:
            self.words[position] = bits

    def _emulated(self, place: Place) -> int:
        position = self._facts.position(*place)
        return 0 if position is None else self._facts.words[position].emulated

    @property
    def has_everything(self) -> bool:
        """Whether the model is the one of all features that there are."""
        return "migratable" in self.values

    # The steps

    def expand(self, topology: Topology) -> None:
        """Add what follows from the features, and take away what lacks its premises."""
        if self.has_everything and not self.values["migratable"]:
            for word, fact in enumerate(self._facts.words):
                self.words[word] |= fact.emulated & ~self._asked[word]
            for name in _NEVER_BY_ITSELF:
                if not self._was_asked(name):
                    self.set(name, False)
        if topology.threads_per_socket > 1:
            self._add("ht")
            if self.vendor != INTEL and self.vendor not in ZHAOXIN:
                self._add("cmp-legacy")
        for premises, target, mask in _DEPENDENCIES:
            if not any(self.has(name) for name in premises):
                self._take_away(target, mask)
        self._put(KVM_WORD, 0)
        self._save_parts()
        self._raise_levels(topology)

    def _was_asked(self, name: str) -> bool:
        word, mask = self._facts.feature(name)
        return bool(self._asked[word] & mask)

    def _add(self, name: str) -> None:
        word, mask = self._facts.feature(name)
        self.words[word] |= mask

    def _take_away(self, target: Place | str, mask: int) -> None:
        word: int | None
        if isinstance(target, str):
            word, mask = self._facts.feature(target)
        else:
            word = self._facts.position(*target)
        if word is None:
            return
        lost = self.words[word] & mask
        self._lose(word, lost & self._asked[word], "dependent")
        self.words[word] &= ~lost

    def _lose(self, word: int, bits: int, warning: str) -> None:
        """Take bits away, and tell of it in the text of that name."""
        if not bits:
            return
        if not self.values["x-force-features"]:
            self.words[word] &= ~bits
        self.filtered[word] |= bits
        if warning:
            tell = getattr(errors.cpu, warning)
            self.warnings += [tell(self._bit_name(word, bit)) for bit in _bits(bits)]

    def _bit_name(self, word: int, bit: int) -> str:
        name = feature_name(self._facts, word, bit)
        return f"{self._facts.words[word].name}{'.' if name else ''}{name} [bit {bit}]"

    def _save_parts(self) -> None:
        parts = 0
        if self.has("xsave"):
            for bits, features in _XSAVE_PARTS:
                if any(self.has(name) for name in features):
                    parts |= bits
            if self.is_limited:
                parts &= self._emulated(_XCR0)
        user, supervisor = parts & ~_SUPERVISOR_PARTS, parts & _SUPERVISOR_PARTS
        for low, high, bits in ((_XCR0, _XCR0_HIGH, user), (_XSS, _XSS_HIGH, supervisor)):
            self._put(low, bits & _LOW)
            self._put(high, bits >> 32)

    def _raise_levels(self, topology: Topology) -> None:
        values = self.values
        func7 = self._adjust(_7_EBX)
        if values["full-cpuid-auto-level"]:
            func7 = max(func7, *(self._adjust(place) for place in _LEVEL_WORDS))
            if self.has("intel-pt") and values["x-intel-pt-auto-level"]:
                self._at_least("min-level", 0x14)
            if topology.is_deep and (self.vendor == INTEL or not values["x-vendor-cpuid-only"]):
                self._at_least("min-level", 0x1F)
            if self.has("avx10"):
                self._at_least("min-level", 0x24)
            if self.has("svm"):
                self._at_least("min-xlevel", 0x8000000A)
            if self._word(("CPUID.80000021H:EAX", None)):
                self._at_least("min-xlevel", 0x80000021)
            if self.has("sgx"):
                self._at_least("min-level", 0x12)
        for level, least in _LEVELS.items():
            if values.get(level, _UNSET) == _UNSET:
                values[level] = values[least]
        if values.get("level-func7", _UNSET) == _UNSET:
            values["level-func7"] = func7

    def _adjust(self, place: Place) -> int:
        """Raise the level that a used word needs; the subleaf of leaf 7 that it needs."""
        position = self._facts.position(*place)
        if position is None or not self.words[position]:
            return 0
        word = self._facts.words[position]
        if word.eax is None:
            return 0
        region = {0: "min-level", 8: "min-xlevel", 12: "min-xlevel2"}.get(word.eax >> 28)
        if region is not None:
            self._at_least(region, word.eax)
        return word.ecx or 0 if word.eax == 7 else 0

    def _at_least(self, name: str, level: int) -> None:
        self.values[name] = max(self.values[name], level)

    def filter(self) -> None:
        """Take away what cannot be emulated, with warnings if those are wanted. Raises QEMU's text if that is."""
        values = self.values
        warning = "unsupported" if values["check"] or values["enforce"] else ""
        if self.is_limited:
            for word, fact in enumerate(self._facts.words):
                self._lose(word, self.words[word] & ~fact.emulated, warning)
        lacking = any(self.filtered)
        if values["avx10-version"] and not self.has("avx10"):
            lacking = True
            if warning:
                self.warnings.append(errors.cpu.unsupported(f"avx10.{values['avx10-version']}."))
        if lacking and values["enforce"]:
            raise errors.cpu.features_unsupported()

    def realize(self, topology: Topology) -> None:
        """Settle the rest. Raises QEMU's text."""
        values = self.values
        if self.has_everything and not values["family"]:
            values |= _WIDE if self._was_asked("lm") and self.has("lm") else _NARROW
        values["hv-vendor-id"] = values["hv-vendor-id"] or "Microsoft Hv"
        self.expand(topology)
        self.filter()
        if self.vendor == AMD:
            same = self._word(_BASIC) & _AMD_ALIASES
            self._put(_EXTENDED, self._word(_EXTENDED) & ~_AMD_ALIASES | same)
        if values["guest-phys-bits"] == _UNSET:
            values["guest-phys-bits"] = 0
        if not values["ucode-rev"]:
            values["ucode-rev"] = _AMD_MICROCODE if self.vendor == AMD else _OTHER_MICROCODE
        if self.vendor == AMD and not self.has("topoext") and topology.threads_per_core > 1:
            self.warning_once = errors.cpu.no_hyperthreading(topology.threads_per_core)
        self._settle_phys_bits()
        if not values["legacy-cache"] and not self._described:
            raise errors.cpu.cache_not_described(self.type.removesuffix("-x86_64-cpu"))

    def _settle_phys_bits(self) -> None:
        values = self.values
        bits, guest = values["phys-bits"], values["guest-phys-bits"]
        if self.has("lm"):
            if bits and not _FEWEST_BITS <= bits <= _MOST_BITS:
                raise errors.machine.phys_bits_refused(bits, _FEWEST_BITS, _MOST_BITS)
            values["phys-bits"] = bits or _PHYS_BITS
            if guest and not _FEWEST_BITS <= guest <= values["phys-bits"]:
                raise errors.cpu.guest_phys_bits_refused(guest, _FEWEST_BITS, values["phys-bits"])
            return
        for name in ("phys-bits", "guest-phys-bits"):
            if values[name]:
                raise errors.cpu.phys_bits_in_32_bit(name)
        values["phys-bits"] = 36 if self.has("pse36") or self.has("pae") else 32

    # What is told of the words

    def words_in_cpuid(self, bits: list[int]) -> list[dict[str, Any]]:
        """``words`` or ``filtered`` as the properties show them (X86CPUFeatureWordInfo in qapi/machine-target.json)."""
        shown = []
        for word, number in zip(reversed(self._facts.words), reversed(bits), strict=True):
            if word.register is not None:
                entry: dict[str, Any] = {"cpuid-register": word.register, "cpuid-input-eax": word.eax}
                if word.ecx is not None:
                    entry["cpuid-input-ecx"] = word.ecx
                shown.append(entry | {"features": number})
        return shown

    def unavailable(self) -> list[str]:
        """The features that were asked for in vain."""
        return [feature_name(self._facts, word, bit) for word, bits in enumerate(self.filtered) for bit in _bits(bits)]


def feature_name(facts: CpuFacts, word: int, bit: int) -> str:
    """QEMU's own name of a bit, empty if it has none."""
    return _feature_names(facts).get((word, bit), "")


@cache
def _feature_names(facts: CpuFacts) -> dict[tuple[int, int], str]:
    return {
        (word, bit): name
        for name, (word, mask) in facts.features.items()
        if "_" not in name and name not in SPELLINGS
        for bit in _bits(mask)
    }


def _bits(number: int) -> list[int]:
    return [bit for bit in range(number.bit_length()) if number >> bit & 1]


def canonical(name: str) -> str:
    """The property that ``name`` is another name of."""
    return SPELLINGS.get(name) or name.replace("_", "-")


def _kept(name: str, value: Any) -> Any:
    """What a CPU keeps of a value."""
    if name == "model-id":
        return value.encode()[:_MODEL_ID_LENGTH].decode(errors="replace")
    return value // 1000 * 1000 if name == "tsc-frequency" else value


_MODEL_ID_LENGTH = 48
_LARGEST = {"family": 0xFF + 0xF, "model": 0xFF, "stepping": 0xF, "tsc-frequency": (1 << 63) - 1}
_VENDOR_LENGTH = 12


def check_value(name: str, value: Any) -> None:
    """Raise QEMU's text for a value of the right type that a CPU's property does not take."""
    if name in _LARGEST and not 0 <= value <= _LARGEST[name]:
        raise errors.cpu.number_too_large(name, _LARGEST[name])
    if name == "vendor" and len(value.encode()) != _VENDOR_LENGTH:
        raise errors.cpu.vendor_length(_VENDOR_LENGTH)
    if name in ("lbr-fmt", "lbr_fmt") and value & ~_LBR_FORMATS:
        raise errors.cpu.lbr_format_invalid(_LBR_FORMATS)
