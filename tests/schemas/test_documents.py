"""The documents by themselves: valid JSON Schema, complete, and told truly by the index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from qmpd.schemas import documents

DIRECTORY = Path(documents._directory())
MODULES = sorted(
    path.stem for path in DIRECTORY.glob("*.json") if path.stem not in ("faults", "guest", "index", "stubs")
)
COMMAND_KEYS = {"description", "arguments", "returns", "allow-oob", "allow-preconfig", "gen", "features"}
EVENT_KEYS = {"description", "data", "features"}


def schemas_in(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that a document holds, with its name."""
    for name, command in document.get("commands", {}).items():
        yield from ((f"{name}.{part}", command[part]) for part in ("arguments", "returns") if part in command)
    for name, event in document.get("events", {}).items():
        yield from [(name, event["data"])] if "data" in event else []
    yield from document.get("$defs", {}).items()


def nodes_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes_in(value)


def references() -> Iterator[tuple[str, str]]:
    """(module, reference) of every reference in every document."""
    for module in MODULES:
        for node in nodes_in(documents.document(module)):
            if isinstance(node.get("$ref"), str):
                yield module, node["$ref"]


@pytest.mark.parametrize("module", MODULES)
def test_every_schema_is_valid_json_schema(module: str) -> None:
    document = documents.document(module)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(document)
    for _, schema in schemas_in(document):
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("module", MODULES)
def test_a_document_says_what_it_and_each_command_and_event_is_for(module: str) -> None:
    document = documents.document(module)
    assert document["title"] == module
    assert document["description"].endswith(".")
    for entry in [*document.get("commands", {}).values(), *document.get("events", {}).values()]:
        assert entry["description"].endswith(".")


@pytest.mark.parametrize("module", MODULES)
def test_no_command_or_event_carries_a_word_that_nobody_reads(module: str) -> None:
    document = documents.document(module)
    for entry in document.get("commands", {}).values():
        assert entry.keys() <= COMMAND_KEYS
    for entry in document.get("events", {}).values():
        assert entry.keys() <= EVENT_KEYS


def test_the_index_names_exactly_the_commands_and_events_of_the_documents() -> None:
    described = {
        module: {*documents.document(module).get("commands", {}), *documents.document(module).get("events", {})}
        for module in MODULES
    }
    assert {module: set(names) for module, names in documents.index(extended=True).items()} == {
        module: names for module, names in described.items() if names
    }


@pytest.mark.parametrize("module", documents.index(extended=True))
def test_a_document_lists_commands_and_events_in_the_order_of_the_index(module: str) -> None:
    order = documents.index(extended=True)[module]
    for section in ("commands", "events"):
        named = documents.document(module).get(section, {})
        assert list(named) == [name for name in order if name in named]


def test_every_reference_leads_to_a_type() -> None:
    for module, reference in references():
        node, _ = documents.resolve(reference, module)
        assert isinstance(node, dict), reference


def test_every_type_is_used() -> None:
    used = {(documents.resolve(target, module).module, documents.type_name(target)) for module, target in references()}
    for module in set(MODULES) - {"builtin"}:
        for name in documents.document(module).get("$defs", {}):
            assert (module, name) in used


def test_branches_of_the_same_title_have_the_same_members() -> None:
    members: dict[str, Any] = {}
    for module in MODULES:
        for node in nodes_in(documents.document(module)):
            tag = node.get("discriminator", {}).get("propertyName")
            for branch in node["oneOf"] if tag else ():
                if "title" in branch:
                    own = {name: member for name, member in branch["properties"].items() if name != tag}
                    assert members.setdefault(branch["title"], own) == own


def test_a_union_has_one_branch_for_each_value_of_its_discriminator() -> None:
    for module in MODULES:
        for node in nodes_in(documents.document(module)):
            if "discriminator" in node:
                tag = node["discriminator"]["propertyName"]
                tag_type, _ = documents.resolve(node["properties"][tag]["$ref"], module)
                picks = [branch["properties"][tag] for branch in node["oneOf"]]
                picked = [value for pick in picks for value in pick.get("enum") or [pick["const"]]]
                assert sorted(picked) == sorted(tag_type["enum"])
