"""``qmpd.named.NamedTuple`` does what Python's own does."""

from __future__ import annotations

import copy
import typing
from collections.abc import Callable
from typing import Any

import pytest

from qmpd import named


class Ours(named.NamedTuple):
    """A place."""

    x: int
    y: int = 2
    name: str = ""

    @property
    def sum(self) -> int:
        return self.x + self.y


class Theirs(typing.NamedTuple):
    """A place."""

    x: int
    y: int = 2
    name: str = ""

    @property
    def sum(self) -> int:
        return self.x + self.y


def _set(place: Any, name: str) -> None:
    setattr(place, name, 1)


def _match(place: Any) -> object:
    match place:
        case (Ours() | Theirs()) as whole:
            return [*whole]
    return None


USES: list[Callable[[Any], object]] = [
    lambda kind: kind(1),
    lambda kind: kind(1, name="n"),
    lambda kind: kind(*"abc"),
    lambda kind: kind(),
    lambda kind: kind(1, 2, 3, 4),
    lambda kind: kind(1, z=2),
    lambda kind: kind(1)._replace(y=5, x=6),
    lambda kind: kind(1)._asdict(),
    lambda kind: (kind(1).x, kind(1).y, kind(1).sum, *kind(1)),
    lambda kind: kind(1) == (1, 2, "") == kind(1, 2),
    lambda kind: hash(kind(1)),
    lambda kind: copy.deepcopy(kind(1)),
    lambda kind: _set(kind(1), "x"),
    lambda kind: _set(kind(1), "z"),
    lambda kind: _match(kind(1)),
    lambda kind: (kind._fields, kind.__match_args__, kind.__doc__, kind.__module__),
    lambda kind: typing.get_type_hints(kind),
    lambda kind: isinstance(kind(1), tuple),
]


@pytest.mark.parametrize("use", USES)
def test_it_is_used_as_pythons(use: Callable[[Any], object]) -> None:
    said = []
    for kind in (Ours, Theirs):
        try:
            said.append(repr(use(kind)).replace(kind.__name__, "Kind"))
        except (TypeError, ValueError, AttributeError) as refusal:
            said.append(repr(refusal).replace(kind.__name__, "Kind"))
    assert said[0] == said[1]


@pytest.mark.parametrize("kind", [Ours, Theirs])
def test_a_field_that_is_not_there_cannot_be_replaced(kind: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="unexpected field names"):  # it depends on Python's version
        kind(1)._replace(z=5)
