"""The schema documents: where they are, one at a time, and what their references point at.

A document describes the commands, events and types of one QAPI module in JSON Schema. What that means for a
request or for introspection is read out of it elsewhere.
"""

from __future__ import annotations

import json
import os
from functools import cache, lru_cache
from typing import Any

from qmpd.named import NamedTuple

EXTENSION = "x-qmpd"
"""The module of what QEMU does not have."""

Node = dict[str, Any]
"""A JSON Schema object."""


class Located(NamedTuple):
    """A node and the module whose document it stands in, against which its references are read."""

    node: Node
    module: str


def _directory() -> str:
    """Inside the package when installed, beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    installed = os.path.join(package, "_schema")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "schema")


def _load(name: str) -> Any:
    with open(os.path.join(_directory(), f"{name}.json"), "rb") as file:
        return json.load(file)


@lru_cache(maxsize=4)
def document(module: str) -> Node:
    """The document of a QAPI module, such as ``machine``. Raises FileNotFoundError.

    Only a few are kept, for they are large: who has used a command once needs its document no more.
    """
    loaded: Node = _load(module)
    return loaded


@cache
def _index() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = _load("index")
    return loaded


@cache
def index(extended: bool = False) -> dict[str, list[str]]:
    """Modules, and in each the names of its commands and events, all in the order in which QEMU knows them.

    ``extended`` by what QEMU does not know.
    """
    return {module: names for module, names in _index().items() if extended or module != EXTENSION}


@cache
def _module_of() -> dict[str, str]:
    return {name: module for module, names in _index().items() for name in names}


def command(name: str) -> Located | None:
    """The description of a command, or None where no such command is."""
    return _find(name, "commands")


def event(name: str) -> Located | None:
    """The description of an event, or None where no such event is."""
    return _find(name, "events")


def _find(name: str, section: str) -> Located | None:
    module = _module_of().get(name)
    if module is None:
        return None
    node = document(module).get(section, {}).get(name)
    return None if node is None else Located(node, module)


def is_builtin(reference: str) -> bool:
    return reference.startswith("builtin.json#")


def type_name(reference: str) -> str:
    return reference.rpartition("/")[2]


def resolve(reference: str, module: str) -> Located:
    """The type that ``reference``, found in the document of ``module``, points at."""
    file, _, _ = reference.partition("#")
    home = file.removesuffix(".json") or module
    return Located(document(home)["$defs"][type_name(reference)], home)


class BadDocument(Exception):
    """A file that cannot be used; the text says why."""


def read_file(path: str, name: str) -> Any:
    """A user's file, which has to be what the document ``name`` describes. Raises BadDocument."""
    try:
        with open(path, "rb") as file:
            value = json.load(file)
    except OSError as error:
        raise BadDocument(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BadDocument(f"{path} is not JSON: {error}") from None
    problem = complaint(name, value)
    if problem:
        raise BadDocument(f"{path}: {problem}")
    return value


def complaint(name: str, value: object) -> str:
    """What keeps ``value`` from being what the document ``name`` describes; empty if nothing does."""
    return _complaint({"$ref": f"{name}.json"}, value)


def reply_complaint(name: str, value: object) -> str:
    """What keeps ``value`` from being what the command ``name`` returns; empty if nothing does or there is none."""
    found = command(name)
    if found is None:
        return ""
    if "returns" not in found.node:
        return "" if value == {} else "it returns nothing, which is {}"
    return _complaint({"$ref": f"{found.module}.json#/commands/{name}/returns"}, value)


def _complaint(schema: Node, value: object) -> str:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # slow, and hardly ever needed
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
    from referencing import Registry, Resource

    def read(uri: str) -> Resource[Any]:
        return Resource.from_contents(document(uri.removesuffix(".json")))

    validator = Draft202012Validator(schema, registry=Registry(retrieve=read))  # type: ignore[call-arg]
    error = best_match(validator.iter_errors(value))
    return "" if error is None else f"{error.json_path}: {error.message}"
