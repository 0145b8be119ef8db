"""What CPU models are made of: words of feature bits, the properties behind the bits, and other properties' values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qmpd.catalogue.parts import Part
from qmpd.named import NamedTuple

_LATER = {
    "avx10-version": 0,
    "guest-phys-bits": 0,
    "module-id": -1,
    "x-force-features": False,
    "x-vendor-cpuid-only": True,
}
"""How CPUs are that do not have these properties yet."""


class Word(NamedTuple):
    """Up to 64 features. ``name`` is QEMU's, ``register``, ``eax`` and ``ecx`` say where in CPUID it stands, if there.

    ``emulated`` are the bits that TCG has.
    """

    name: str
    register: str | None
    eax: int | None
    ecx: int | None
    emulated: int


class Contents(NamedTuple):
    """One model: bits by the position of their word, and its own values of other properties."""

    bits: Mapping[int, int]
    values: Mapping[str, Any]


class CpuFacts:
    """The words in QEMU's order; ``features``: properties to the position of a word and a mask; ``values``: what the
    other properties are unless a model says something else.
    """

    def __init__(self, words: Part, features: Part, values: Part, contents: Part) -> None:
        self.words = [Word(*row) for row in words.rows()]
        self.features: dict[str, tuple[int, int]] = {name: (word, mask) for name, word, mask in features.rows()}
        self.values: dict[str, Any] = {**_LATER, **dict(values.rows())}
        self._contents = contents
        self._at = {(word.name, word.ecx): position for position, word in enumerate(self.words)}

    def position(self, name: str, ecx: int | None = None) -> int | None:
        """Where the word of that name stands, None if this build has none."""
        return self._at.get((name, ecx))

    def feature(self, name: str) -> tuple[int, int]:
        """The word and the bits that a property sets; no bits if this build has no such property."""
        return self.features.get(name, (0, 0))

    def contents(self, model: str) -> Contents | None:
        """The model of that name, with its version if it has versions."""
        row = self._contents.get(model)
        if row is None:
            return None
        bits, values = row
        return Contents({int(position): number for position, number in bits.items()}, values)
