"""Arguments that are wrong in many ways, made up from the documents; what QEMU says to them is recorded elsewhere.

Every case breaks a rule for sure, so sending it to a real QEMU executes nothing.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from qmpd.schemas import documents
from qmpd.schemas.documents import Located, Node

SEED = 20250  # any; a fixed one keeps the recorded file stable
OF_EVERY_TYPE: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 2.5,
    "string": "zz",
    "array": [],
    "object": {},
}
BEYOND = {
    "int8": (-129, 128),
    "int16": (-32769, 32768),
    "int32": (-(1 << 31) - 1, 1 << 31),
    "int": (1 << 63, 1 << 64),
    "int64": (1 << 63, 1 << 64),
    "uint8": (-1, 256),
    "uint16": (-1, 65536),
    "uint32": (-1, 1 << 32),
    "uint64": (1 << 64, -(1 << 63) - 1),
    "size": (1 << 64, -(1 << 63) - 1),
}
MOST_PER_COMMAND = 30
DEEPEST = 3
Path = tuple[str | int, ...]
Sample = tuple[Any, dict[Path, Located]]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """(command, wrong arguments), the same in every run."""
    chance = random.Random(SEED)
    for names in documents.index().values():
        for name in names:
            found = documents.command(name)
            if found and found.node.get("gen", True):
                yield from ((name, arguments) for arguments in _command_cases(found, chance))


def _command_cases(found: Located, chance: random.Random) -> Iterator[dict[str, Any]]:
    node = found.node.get("arguments", {"type": "object"})
    samples = list(_samples(Located(node, found.module)))
    most = max(MOST_PER_COMMAND // len(samples), 4)
    for sample, places in samples:
        breaks = list(_breaks(sample, places))
        for change in chance.sample(breaks, min(most, len(breaks))):
            yield _applied(sample, change)
        for count in (2, 3):
            yield _applied(sample, *chance.sample(breaks, min(count, len(breaks))))
        for count in chance.sample(range(1, 13), 2):
            yield _shuffled(_crowded(sample, places, count, chance), chance)


# Valid arguments, as large as can be, one for each branch


def _samples(located: Located, level: int = 0) -> Iterator[Sample]:
    """Valid values of a type; with each, the type at every place inside."""
    node, module = _resolved(located)
    if node.get("type") == "object":
        for branch in node.get("oneOf", [{}]) if "discriminator" in node else [{}]:
            yield from _object_samples(node, branch, module, level)
    elif node.get("type") == "array":
        for element, places in _samples(Located(node["items"], module), level):
            yield [element, element], {(): located} | {(1, *path): place for path, place in places.items()}
    elif "oneOf" in node:
        simplest = min((_resolved(Located(choice, module)) for choice in node["oneOf"]), key=_depth)
        yield next(_samples(simplest, level))[0], {(): located}
    else:
        yield _scalar_sample(node), {(): located}


def _object_samples(node: Node, branch: Node, module: str, level: int) -> Iterator[Sample]:
    tag = node.get("discriminator", {}).get("propertyName")
    picks = branch.get("properties", {}).get(tag, {})
    for tag_value in picks.get("enum", [picks.get("const")]):
        whole = {
            **node,
            "properties": node.get("properties", {})
            | {k: v for k, v in branch.get("properties", {}).items() if k != tag},
            "required": [*node.get("required", ()), *branch.get("required", ())],
        }
        sample: dict[str, Any] = {}
        places: dict[Path, Located] = {(): Located(whole, module)}
        for name, member in whole["properties"].items():
            if level > DEEPEST and name not in whole["required"]:
                continue  # some types contain themselves
            value, inner = next(_samples(Located(member, module), level + 1))
            sample[name] = tag_value if name == tag else value
            places |= {(name, *path): place for path, place in inner.items()}
        yield sample, places


def _resolved(located: Located) -> Located:
    while "$ref" in located.node and not documents.is_builtin(located.node["$ref"]):
        located = documents.resolve(located.node["$ref"], located.module)
    return located


def _depth(located: Located) -> int:
    return ("array", "object").index(located.node["type"]) + 1 if located.node.get("type") in ("array", "object") else 0


def _scalar_sample(node: Node) -> Any:
    if "enum" in node:
        return node["enum"][0]
    return 1 if "$ref" in node else OF_EVERY_TYPE[node["type"]]


# Ways to break them


def _breaks(sample: Any, places: dict[Path, Located]) -> Iterator[tuple[Path, Any]]:
    """(place, what to put there); nothing (``...``) means to take the member away."""
    for path, located in places.items():
        node = _resolved(located).node
        if not path:
            yield from (((name,), ...) for name in node["required"])
            yield ("surplus",), 1
            continue
        yield from ((path, value) for value in _misfits(_resolved(located)))
        if node.get("type") == "object":
            yield from (((*path, name), ...) for name in node["required"])
            yield (*path, "surplus"), 1


def _misfits(located: Located) -> Iterator[Any]:
    node, module = located
    if "$ref" in node:
        integer = documents.type_name(node["$ref"])
        if integer == "any":
            return
        yield from BEYOND[integer]
        accepted = {"integer"}
    elif "oneOf" in node and "type" not in node:
        accepted = {_resolved(Located(choice, module)).node.get("type", "integer") for choice in node["oneOf"]}
        if "integer" in accepted:
            accepted |= {"number"}
    else:
        accepted = {node["type"]}
    if "enum" in node:
        yield from ("bogus", node["enum"][0].upper() + "x", "")
    yield from (value for name, value in OF_EVERY_TYPE.items() if name not in accepted)


def _applied(sample: Any, *changes: tuple[Path, Any]) -> Any:
    broken = copy.deepcopy(sample)
    for path, value in changes:
        holder = broken
        try:
            for step in path[:-1]:
                holder = holder[step]
            if value is ...:
                holder.pop(path[-1])
            else:
                holder[path[-1]] = value
        except (TypeError, KeyError, IndexError, AttributeError):
            continue  # an earlier change took the place away
    return broken


def _crowded(sample: Any, places: dict[Path, Located], count: int, chance: random.Random) -> Any:
    """Valid but for ``count`` members that nobody knows, in one of the objects inside."""
    crowded = copy.deepcopy(sample)
    holder = crowded
    objects = [path for path, located in places.items() if _resolved(located).node.get("type") == "object"]
    for step in chance.choice(objects):
        holder = holder[step]
    letters = "abcdefghijklmnopqrstuvwxyz-_0123456789"
    for _ in range(count):
        holder["x" + "".join(chance.choices(letters, k=chance.randint(1, 12)))] = 1
    return crowded


def _shuffled(arguments: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    members = list(arguments.items())
    chance.shuffle(members)
    return dict(members)
