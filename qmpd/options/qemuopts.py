"""The older of QEMU's two option grammars, ``first,key=value,flag``, and what it keeps of it (util/qemu-option.c).

A group holds what all uses of its option said; a use is ``Opts``, an ordered list of names and strings that may repeat.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from qmpd import errors
from qmpd.named import NamedTuple
from qmpd.options import numbers
from qmpd.options.groups import Group
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.options.values import BOOLEANS, ON_OFF
from qmpd.options.words import HELP_WORDS, name_end, read_value


class HelpWanted(Exception):
    """The option asked for the list of its members."""


class Pair(NamedTuple):
    """One member. ``flag`` is the word as written where it stands without a value: ``wait``, ``nowait``."""

    name: str
    value: str
    flag: str = ""


class Opts:
    """One use of an option, or all uses of one that merges. ``origin`` is where the first of it came from."""

    __slots__ = ("group", "id", "origin", "pairs")

    def __init__(self, group: Group, option_id: str | None, origin: str, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.group = group
        self.id = option_id
        self.origin = origin
        self.pairs = list(pairs)

    def get(self, name: str) -> str | None:
        """The last value of ``name``."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def get_bool(self, name: str, default: bool) -> bool:
        value = self.get(name)
        return default if value is None else BOOLEANS[value]

    def get_number(self, name: str, default: int) -> int:
        value = self.get(name)
        return default if value is None else numbers.parse_uint64(value)

    def get_size(self, name: str, default: int) -> int:
        value = self.get(name)
        return default if value is None else numbers.parse_size(value)

    def set(self, name: str, value: str) -> None:
        """Add a member. Raises QemuError if the group does not have it or its type refuses the value."""
        check(self.group, name, value)
        self.pairs.append((name, value))

    def values(self) -> dict[str, str]:
        """As a dict, the id first, of repeated members the last."""
        start = {} if self.id is None else {"id": self.id}
        return start | dict(self.pairs)


def split(text: str, implied_key: str = "") -> Iterator[Pair]:
    """The members that ``text`` spells; ``implied_key`` names a first value that stands alone."""
    position = 0
    while position < len(text):
        end = name_end(text, position)
        name = text[position:end]
        if text[end : end + 1] == "=":
            value, end = read_value(text, end + 1)
            yield Pair(name, value)
        elif implied_key:
            value, end = read_value(text, position)
            yield Pair(implied_key, value)
        elif name.startswith("no"):
            yield Pair(name[2:], "off", name)
        else:
            yield Pair(name, "on", name)
        implied_key = ""
        position = end + 1


def fill(opts: Opts, text: str, implied_key: str = "", on_flag: Callable[[Pair], None] | None = None) -> None:
    """Add the members that ``text`` spells. Raises QemuError, and HelpWanted if help can be given.

    ``on_flag`` is called for each member without a value, before it is added.
    """
    for pair in split(text, implied_key):
        is_help = pair.flag in HELP_WORDS
        if is_help and opts.group.types:
            raise HelpWanted
        if pair.flag and on_flag and not is_help:
            on_flag(pair)
        if pair.name != "id":
            opts.set(pair.name, pair.value)


def find_id(text: str) -> str | None:
    return next((value for name, value, _ in split(text) if name == "id"), None)


def has_help(text: str) -> bool:
    return any(flag in HELP_WORDS for _, _, flag in split(text) if flag)


def is_identifier(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", text) is not None


def check(group: Group, name: str, value: str) -> None:
    """Raise QemuError unless ``group`` has a member ``name`` that takes ``value``."""
    letter = group.types.get(name)
    if letter:
        _CHECKS[letter](name, value)
    elif letter is None and group.types:
        raise errors.options.invalid_parameter(name)


def _check_bool(name: str, value: str) -> None:
    if value not in BOOLEANS:
        raise errors.invalid_parameter_value(name, ON_OFF)


def _check_number(name: str, value: str) -> None:
    try:
        numbers.parse_uint64(value)
    except OutOfRangeError:
        raise errors.options.option_number_too_large(value, name) from None
    except MalformedError:
        raise errors.invalid_parameter_value(name, "a number") from None


def check_size(name: str, value: str) -> int:
    """The size in bytes that ``value`` spells. Raises QemuError."""
    try:
        return numbers.parse_size(value)
    except OutOfRangeError:
        raise errors.options.option_size_out_of_range(value, name) from None
    except MalformedError:
        raise errors.options.option_size_malformed(name) from None


_CHECKS: Final = {"b": _check_bool, "n": _check_number, "z": check_size}


class Store:
    """All uses of all options of this grammar, by group, in order."""

    def __init__(self) -> None:
        self._uses: dict[str, list[Opts]] = {}

    def all(self, group: str) -> list[Opts]:
        return self._uses.get(group, [])

    def merged(self, group: str) -> Opts | None:
        """The one use of a group that merges, or None if it was not used."""
        uses = self.all(group)
        return uses[0] if uses else None

    def find(self, group: str, option_id: str) -> Opts | None:
        return next((opts for opts in self.all(group) if opts.id == option_id), None)

    def create(self, group: Group, option_id: str | None, origin: str) -> Opts:
        """A new use, or the one there is if the group merges. Raises QemuError for a bad or a taken id."""
        uses = self._uses.setdefault(group.name, [])
        if group.merged:
            if option_id is not None:
                raise errors.options.invalid_parameter("id")
            if uses:
                return uses[0]
        elif option_id is not None:
            if not is_identifier(option_id):
                raise errors.options.option_id_malformed()
            if self.find(group.name, option_id):
                raise errors.options.option_id_duplicate(option_id, group.name)
        opts = Opts(group, option_id, origin)
        uses.append(opts)
        return opts

    def drop(self, opts: Opts) -> None:
        self._uses[opts.group.name].remove(opts)
