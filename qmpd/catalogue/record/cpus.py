"""Records what CPU models are made of, as far as TCG shows it: feature words, the properties behind their bits, models.

Nothing lists these. They are found by making CPUs with one property set and looking at what came of it: two properties
tell of the words that stand in CPUID, a complaint on standard error of a bit that TCG lacks in any word.
"""

from __future__ import annotations

import re
from typing import Any

from qmpd.catalogue.record.peer import Peer
from qmpd.errors import QemuError

Rows = list[Any]
Words = dict[str, int]
"""Bits of words. A name is as complaints give it, with ECX added where the word depends on it."""

Features = dict[str, tuple[str, int]]
"""Properties to the word and the bits that they stand for."""

CPU = "/machine/unattached/device[0]"
_COMPLAINT = re.compile(r": (CPUID\.\w+:\w+|MSR\(\w+\))\S* \[bit (\d+)\]$", re.MULTILINE)
_SLOTS = 250
_PLAIN = ("-machine", "pc", "-m", "16M")
_BOARD = (*_PLAIN, "-smp", f"1,sockets={_SLOTS},maxcpus={_SLOTS}", "-cpu", "base,apic=on")
_APIC = "apic"  # QEMU dies of CPUs of which some have one and others not
_NO_FEATURES = frozenset({"realized", "hotplugged", "hotpluggable", _APIC})
# What has to be there for features that depend on it to show.
_PREMISES = ("vmx", "svm", "pdcm", "arch-capabilities", "core-capability", "intel-pt", "sgx")
_AUTO_LEVEL = "full-cpuid-auto-level"
_NO_SCALARS = frozenset(
    {"realized", "memory", "level", "level-func7", "xlevel", "xlevel2"}
)  #: found when a CPU is made
_LEVEL_7 = "CPUID.07H:EBX#0"
_AMD_ALIASES = {"CPUID.80000001H:EDX": 0x0183F3FF}  #: bits that on CPUs of AMD repeat those of another word
_COMPUTED = frozenset({"CPUID.0DH:EAX#0", "CPUID.0DH:EDX#0", "CPUID.0DH:ECX#1", "CPUID.0DH:EDX#1"})


def record_cpu_models(qemu: str, names: list[str]) -> dict[str, Rows]:
    """The parts that say what the CPU models ``names`` are made of.

    "cpu-words": rows [name, register, EAX, ECX or null, bits that TCG has], null and 0 for a word that is not in CPUID.
    "cpu-features": rows [property, position of its word, mask]. "cpu-scalars": rows [property, its value in a CPU of
    the model "base"]. "cpu-contents": rows [model, {position of word: bits}, {property: other value}].
    """
    shapes, features = _record_features(qemu)
    order, supported = _record_order(qemu, list(shapes), features)
    with Peer(qemu, "-machine", "none") as peer:
        recorder = _ModelRecorder(qemu, peer, features, supported)
        models = {name: recorder.record(name) for name in names}
    at = {name: position for position, name in enumerate(order)}
    return {
        "cpu-words": [
            [name.partition("#")[0], *shapes.get(name, (None, None, None)), recorder.supported.get(name, 0)]
            for name in order
        ],
        "cpu-features": [[name, at[word], mask] for name, (word, mask) in features.items()],
        "cpu-scalars": [[name, value] for name, value in recorder.base.items()],
        "cpu-contents": [
            [name, {str(at[word]): bits for word, bits in words.items() if bits}, scalars]
            for name, (words, scalars) in models.items()
        ],
    }


def words_of(peer: Peer, path: str, name: str) -> Words:
    """One of a CPU's two properties that tell of the words in CPUID, in QEMU's order."""
    return {_name(entry): entry["features"] for entry in reversed(peer.ask("qom-get", path=path, property=name))}


def _name(entry: dict[str, Any]) -> str:
    name = f"CPUID.{entry['cpuid-input-eax']:02X}H:{entry['cpuid-register']}"
    return f"{name}#{entry['cpuid-input-ecx']}" if "cpuid-input-ecx" in entry else name


def _record_features(qemu: str) -> tuple[dict[str, list[Any]], Features]:
    """The words in CPUID as [register, EAX, ECX], and what the properties stand for."""
    with Peer(qemu, *_BOARD) as peer:
        booleans = [entry["name"] for entry in peer.ask("qom-list", path=CPU) if entry["type"] == "bool"]
        shapes = {
            _name(entry): [entry["cpuid-register"], entry["cpuid-input-eax"], entry.get("cpuid-input-ecx")]
            for entry in reversed(peer.ask("qom-get", path=CPU, property="feature-words"))
        }
    names = [name for name in booleans if name not in _NO_FEATURES]
    features: Features = {_APIC: _apic(qemu)}
    for start in range(0, len(names), _SLOTS - 1):
        with Peer(qemu, *_BOARD) as peer:
            plain = _all_words(peer, CPU)
            peer.complaints()
            for number, name in enumerate(names[start : start + _SLOTS - 1], 1):
                if found := _probe(peer, number, name, plain):
                    features[name] = found
    return shapes, features


def _apic(qemu: str) -> tuple[str, int]:
    found = []
    for model in ("base,apic=on", "base"):
        with Peer(qemu, *_PLAIN, "-cpu", model) as peer:
            found.append(words_of(peer, CPU, "feature-words"))
    return next((word, bits & ~found[1][word]) for word, bits in found[0].items() if bits != found[1][word])


def _all_words(peer: Peer, path: str) -> dict[str, tuple[int, int]]:
    have, lack = (words_of(peer, path, name) for name in ("feature-words", "filtered-features"))
    return {name: (have[name], lack[name]) for name in have}


def _probe(peer: Peer, number: int, name: str, plain: dict[str, tuple[int, int]]) -> tuple[str, int] | None:
    """The word and the bits that the property ``name`` sets; None for what is no feature, or not one of TCG."""
    place = {"socket-id": number, "core-id": 0, "thread-id": 0}
    try:
        peer.ask("device_add", driver="base-x86_64-cpu", id=f"cpu{number}", **place, **{name: True})
    except QemuError:  # before QEMU 8, what Hyper-V offers is refused without KVM
        return None
    words = _all_words(peer, f"/machine/peripheral/cpu{number}")
    complaints = _COMPLAINT.findall(peer.complaints())
    for word, bits in words.items():
        if bits != plain[word]:
            return word, (bits[0] ^ plain[word][0]) | (bits[1] ^ plain[word][1])
    if not complaints:
        return None
    return complaints[0][0], sum(1 << int(bit) for _, bit in complaints)


def _record_order(qemu: str, in_cpuid: list[str], features: Features) -> tuple[list[str], Words]:
    """All words as QEMU goes through them, and the bits that TCG has.

    QEMU complains in that order of a CPU with everything. The words outside of CPUID stand together; those that it does
    not complain of are taken for the first of them.
    """
    outside = {word for word, _ in features.values()} - set(in_cpuid)
    everything = ",".join(f"{name}=on" for name in features)
    with Peer(qemu, *_PLAIN, "-cpu", f"base,{everything}") as peer:
        mentioned = list(dict.fromkeys(word for word, _ in _COMPLAINT.findall(peer.complaints())))
        supported = words_of(peer, CPU, "feature-words")
        for name, (word, mask) in features.items():
            if word in outside and peer.ask("qom-get", path=CPU, property=name):
                supported[word] = supported.get(word, 0) | mask
    last = max(at for at, word in enumerate(mentioned) if word in outside)
    behind = next(at for at, word in enumerate(in_cpuid) if word.partition("#")[0] == mentioned[last + 1])
    ordered = sorted(outside, key=lambda word: mentioned.index(word) if word in mentioned else -1)
    return [*in_cpuid[:behind], *ordered, *in_cpuid[behind:]], supported


class _ModelRecorder:
    """Asks for one model after the other. ``supported`` collects the bits that TCG was seen to have."""

    def __init__(self, qemu: str, peer: Peer, features: Features, supported: Words) -> None:
        self._qemu = qemu
        self._peer = peer
        self._features = features
        self.supported = supported
        self.base = self._scalars("base")

    def record(self, name: str) -> tuple[Words, dict[str, Any]]:
        """The bits of each word that the model asks for, and its scalars that differ from those of "base"."""
        scalars = self._scalars(name)
        with Peer(self._qemu, *_PLAIN, "-cpu", name) as peer:
            have, lack = (words_of(peer, CPU, kind) for kind in ("feature-words", "filtered-features"))
        with Peer(self._qemu, *_PLAIN, "-cpu", ",".join([name, *(f"{premise}=on" for premise in _PREMISES)])) as peer:
            complaints = _COMPLAINT.findall(peer.complaints())
        for word, bits in have.items():
            self.supported[word] = self.supported.get(word, 0) | bits
        words = {word: bits | lack[word] for word, bits in have.items() if word not in _COMPUTED}
        words = {word: bits & ~_AMD_ALIASES.get(word, 0) for word, bits in words.items()}
        for word, bit in complaints:
            if word.startswith("MSR"):  # some of these bits have no name
                words[word] = words.get(word, 0) | 1 << int(bit)
        with_premises = self._expand(name, dict.fromkeys(_PREMISES, True))
        for feature, (word, mask) in self._features.items():
            if word not in have and with_premises[feature]:
                words[word] = words.get(word, 0) | mask
            elif word in _AMD_ALIASES and with_premises[feature]:
                words[word] |= mask
        return words, {key: value for key, value in scalars.items() if value != self.base.get(key)}

    def _scalars(self, name: str) -> dict[str, Any]:
        """What is no feature, before any feature raises a level."""
        off = {feature: False for feature, (word, _) in self._features.items() if word == _LEVEL_7}
        found = self._expand(name, {_AUTO_LEVEL: False, **off}) | {_AUTO_LEVEL: True}
        return {key: value for key, value in found.items() if key not in self._features and key not in _NO_SCALARS}

    def _expand(self, name: str, props: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._peer.ask("query-cpu-model-expansion", type="full", model={"name": name, "props": props})
        except QemuError:
            return {}
        expanded: dict[str, Any] = answer["model"]["props"]
        return expanded
