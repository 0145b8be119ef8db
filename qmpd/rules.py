"""Rules that say when something shall go otherwise: which of them fits an occasion, and how often each has.

What there is to be done then is not known here. The guest has such rules, and so has the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from random import Random


class BadRule(Exception):
    """Something that makes no rule; the text says what is wrong with it."""


class UnknownRule(Exception):
    """There is no rule of that name."""


class DuplicateRule(Exception):
    """There is a rule of that name already."""


class Conditions(Protocol):
    """The part of a rule that says when.

    It holds ``on`` an occasion, for things whose name fits ``pattern``, after ``skip`` such occasions, for ``times`` of
    them (None: from then on), of those each ``every``-th, and with the probability ``chance``.
    """

    @property
    def on(self) -> object: ...
    @property
    def name(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def skip(self) -> int: ...
    @property
    def times(self) -> int | None: ...
    @property
    def every(self) -> int: ...
    @property
    def chance(self) -> float: ...
    @property
    def jitter(self) -> float: ...

    def _replace(self, *, name: str) -> Self: ...


R = TypeVar("R", bound=Conditions)


class Count(NamedTuple, Generic[R]):
    """A rule with the number of occasions that it ``met`` and of those where it was followed (``hits``)."""

    rule: R
    met: int
    hits: int

    @property
    def is_over(self) -> bool:
        """Whether the rule has had all its occasions, followed or left to chance."""
        rule = self.rule
        return rule.times is not None and -((rule.skip - self.met) // rule.every) >= rule.times


class RuleBook(Generic[R]):
    """Rules in the order in which they are asked; the last one added comes first, and the first that fits holds."""

    def __init__(self, rules: Iterable[R], seed: int) -> None:
        self._seed = seed
        self._counts: dict[str, Count[R]] = {}
        self._named = 0
        for rule in reversed(tuple(rules)):
            self.add(rule)

    def add(self, rule: R) -> str:
        """Put a rule before all others; the result is its name, which is made up if it has none."""
        name = rule.name
        while not name or (not rule.name and name in self._counts):
            self._named += 1
            name = f"rule-{self._named}"
        if name in self._counts:
            raise DuplicateRule(name)
        self._counts = {name: Count(rule._replace(name=name), 0, 0)} | self._counts
        return name

    def remove(self, name: str) -> None:
        if self._counts.pop(name, None) is None:
            raise UnknownRule(name)

    def __iter__(self) -> Iterator[Count[R]]:
        return iter(self._counts.values())

    def find(self, occasion: object, name: str, concerns: Callable[[R], bool] | None = None) -> R | None:
        """The rule to follow now, if there is one, among those that ``concerns`` says yes to."""
        for key, (rule, met, hits) in self._counts.items():
            if rule.on is not occasion or not _fits(name, rule.pattern) or not (concerns is None or concerns(rule)):
                continue
            holds = self._holds(rule, met)
            self._counts[key] = Count(rule, met + 1, hits + holds)
            if holds:
                return rule
        return None

    def _holds(self, rule: R, met: int) -> bool:
        number = met - rule.skip
        if number < 0 or number % rule.every or (rule.times is not None and number // rule.every >= rule.times):
            return False
        return rule.chance >= 1 or self._random.random() < rule.chance

    def jitter(self, rule: R) -> float:
        """Seconds that are not to be foreseen without the seed."""
        return self._random.uniform(0, rule.jitter) if rule.jitter else 0.0

    @cached_property
    def _random(self) -> Random:
        from random import Random  # slow to import, and most rules leave nothing to chance

        return Random(self._seed)


def _fits(name: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)
