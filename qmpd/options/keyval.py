"""The newer of QEMU's two option grammars, ``key.key=value,…`` to a tree of dicts, lists and strings (util/keyval.c).

What the keys mean and what the strings are worth is decided by whoever reads the tree.
"""

from __future__ import annotations

import re
from typing import Any, Final

from qmpd import errors
from qmpd.options.words import HELP_WORDS, name_end, read_value

Tree = dict[str, Any]
"""Strings, and dicts and lists of them; an index is a key made of digits, so lists are found when all is read."""

_INT_MAX: Final = (1 << 31) - 1
_KEY_MAX: Final = 127
_NAME: Final = r"(?:__[A-Za-z0-9.-]*_)?[A-Za-z][A-Za-z0-9_-]*"
_NAME_OR_INDEX: Final = f"[0-9]+|{_NAME}"


def parse(text: str, implied_key: str = "", into: Tree | None = None) -> tuple[Tree, bool]:
    """The tree that ``text`` spells, merged into an earlier one if given, and whether it asks for help.

    ``implied_key`` is the key of a first value that stands alone. Raises QemuError.
    """
    tree: Tree = {} if into is None else into
    wants_help = False
    position = 0
    while position < len(text):
        key_end = name_end(text, position)
        key = text[position:key_end]
        if key in HELP_WORDS and text[key_end : key_end + 1] != "=":
            wants_help = True
            position = key_end + 1
        elif key and implied_key and text[key_end : key_end + 1] != "=":
            _put(tree, implied_key, key)
            position = key_end + 1
        else:
            position = _parse_pair(tree, text, key, key_end)
        implied_key = ""
    make_lists(tree)
    return tree, wants_help


def _parse_pair(tree: Tree, text: str, key: str, key_end: int) -> int:
    tree, last = _find_place(tree, key)
    if text[key_end : key_end + 1] != "=":
        raise errors.options.parameter_lacks_value(key)
    value, end = read_value(text, key_end + 1)
    _put(tree, last, value, key)
    return end + 1


def put(tree: Tree, key: str, value: str) -> None:
    """Put ``value`` under the path ``key``; indexes stay keys. Raises QemuError."""
    tree, last = _find_place(tree, key)
    _put(tree, last, value, key)


def _find_place(tree: Tree, key: str) -> tuple[Tree, str]:
    fragments = _split_key(key)
    for depth, fragment in enumerate(fragments[:-1]):
        tree = _descend(tree, fragment, ".".join(fragments[: depth + 1]))
    return tree, fragments[-1]


def _split_key(key: str) -> list[str]:
    """``a.0.b`` as its fragments: each a name, or from the second on an index."""
    fragments = []
    start = 0
    while True:
        found = re.compile(_NAME_OR_INDEX if start else _NAME).match(key, start)
        end = found.end() if found else start
        if end == start or (end < len(key) and key[end] != "."):
            raise errors.options.invalid_parameter(key)
        fragment = key[start:end]
        if len(fragment) > _KEY_MAX:
            raise errors.options.parameter_too_long(fragment, whole=fragment == key)
        fragments.append(fragment)
        if end == len(key):
            return fragments
        start = end + 1


def _descend(tree: Tree, fragment: str, path: str) -> Tree:
    child = tree.setdefault(fragment, {})
    if type(child) is not dict:
        raise errors.options.parameters_inconsistent(f"{path}.")
    return child


def _put(tree: Tree, fragment: str, value: str, path: str = "") -> None:
    if type(tree.get(fragment, "")) is not str:
        raise errors.options.parameters_inconsistent(f"{path or fragment}.")
    tree[fragment] = value


def make_lists(tree: Tree, path: str = "") -> Tree | list[Any]:
    """``tree`` with each dict whose keys are all indexes turned into a list."""
    for key, child in tree.items():
        if type(child) is dict:
            tree[key] = make_lists(child, f"{path}{key}.")
    indexes = {key: min(int(key), _INT_MAX) for key in tree if key.isdigit()}
    if not indexes:
        return tree
    if len(indexes) < len(tree):
        raise errors.options.parameters_inconsistent(path)
    elements = {index: tree[key] for key, index in indexes.items()}
    for index in range(max(elements) + 1):
        if index not in elements:
            raise errors.options.parameter_element_missing(f"{path}{index}")
    return [elements[index] for index in range(len(elements))]


def merge(tree: Tree, other: Tree, path: str = "") -> None:
    """Put ``other`` over ``tree``: dicts merge, lists are joined, strings replaced. Raises QemuError."""
    for key, value in other.items():
        old = tree.get(key)
        if old is not None and type(old) is not type(value):
            raise errors.options.parameter_inconsistent(path + key)
        if type(old) is dict:
            merge(old, value, f"{path}{key}.")
        elif type(old) is list:
            old.extend(value)
        else:
            tree[key] = value
