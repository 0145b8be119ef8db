"""Replies and events held against the documents by plain jsonschema, for every test that sees one."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from qmpd.frozen import Frozen
from qmpd.schemas import documents

_EVENT_FRAME = {"timestamp", "event", "data"}


def _retrieve(uri: str) -> Resource[Any]:
    return Resource.from_contents(documents.document(uri.removesuffix(".json")))


@cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference}, registry=Registry(retrieve=_retrieve))


def validate_reply(command: str, value: Any) -> None:
    """Raises jsonschema.ValidationError unless ``value`` is what ``command`` may return, KeyError for no command."""
    found = documents.command(command)
    if found is None:
        raise KeyError(command)
    if "returns" in found.node:
        _validator(f"{found.module}.json#/commands/{command}/returns").validate(thawed(value))
    else:
        assert thawed(value) == {}, f"{command} returns nothing, yet {value!r}"


def validate_event(event: dict[str, Any]) -> None:
    """The same for a whole event message: ``{"timestamp": …, "event": …, "data": …}``."""
    found = documents.event(event["event"])
    if found is None:
        raise KeyError(event["event"])
    assert event.keys() <= _EVENT_FRAME, event
    assert event["timestamp"].keys() == {"seconds", "microseconds"}, event
    assert ("data" in event) == ("data" in found.node), event
    if "data" in event:
        _validator(f"{found.module}.json#/events/{event['event']}/data").validate(thawed(event["data"]))


def thawed(value: Any) -> Any:
    """``value`` with each Frozen replaced by what it holds."""
    if isinstance(value, Frozen):
        return thawed(value.value)
    if isinstance(value, dict):
        return {name: thawed(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [thawed(element) for element in value]
    return value
