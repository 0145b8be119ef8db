"""The rules that hold for a guest now: which of them fits an occasion, and how often each has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from qmpd.guest.behaviour import Occasion, Rule

if TYPE_CHECKING:
    from random import Random


class UnknownRule(Exception):
    """There is no rule of that name."""


class DuplicateRule(Exception):
    """There is a rule of that name already."""


class Count(NamedTuple):
    """A rule with the number of occasions that it ``met`` and of those where it was followed (``hits``)."""

    rule: Rule
    met: int
    hits: int


class RuleBook:
    """Rules in the order in which they are asked; the last one added comes first, and the first that fits holds."""

    def __init__(self, rules: Iterable[Rule], seed: int) -> None:
        self._seed = seed
        self._counts: dict[str, Count] = {}
        self._named = 0
        for rule in reversed(tuple(rules)):
            self.add(rule)

    def add(self, rule: Rule) -> str:
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

    def __iter__(self) -> Iterator[Count]:
        return iter(self._counts.values())

    def find(self, occasion: Occasion, device: str) -> Rule | None:
        """The rule to follow now, if there is one."""
        for name, (rule, met, hits) in self._counts.items():
            if rule.on is not occasion or not _fits(device, rule.device):
                continue
            holds = self._holds(rule, met)
            self._counts[name] = Count(rule, met + 1, hits + holds)
            if holds:
                return rule
        return None

    def _holds(self, rule: Rule, met: int) -> bool:
        number = met - rule.skip
        if number < 0 or number % rule.every or (rule.times is not None and number // rule.every >= rule.times):
            return False
        return rule.chance >= 1 or self._random.random() < rule.chance

    def jitter(self, rule: Rule) -> float:
        """Seconds that are not to be foreseen without the seed."""
        return self._random.uniform(0, rule.jitter) if rule.jitter else 0.0

    @cached_property
    def _random(self) -> Random:
        from random import Random  # slow to import, and most guests leave nothing to chance

        return Random(self._seed)


def _fits(device: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    from fnmatch import fnmatchcase

    return fnmatchcase(device, pattern)
