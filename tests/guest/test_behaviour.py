"""Behaviours as documents: the shipped ones keep to the schema, and what is wrong with others is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from qmpd.guest import behaviour
from qmpd.guest.behaviour import BadBehaviour, Deed, Occasion, Rule, System, Timing
from qmpd.guest.contact import Quirk
from qmpd.rules import DuplicateRule, RuleBook, UnknownRule
from qmpd.schemas import documents

SCHEMA = documents.document("guest")


@pytest.mark.parametrize("name", behaviour.shipped())
def test_a_shipped_behaviour_keeps_to_the_schema_and_says_what_it_is(name: str) -> None:
    document = json.loads((Path(behaviour.__file__).parent / "sets" / f"{name}.json").read_text())
    Draft202012Validator(SCHEMA).validate(document)
    assert document["description"].endswith((".", "tests."))
    assert behaviour.load(name).name == name


def test_the_behaviours_people_ask_for_are_shipped() -> None:
    wanted = {"linux", "instant", "firmware", "absent", "stubborn", "slow", "partial", "flaky", "crash-on-unplug"}
    assert wanted <= set(behaviour.shipped())


def test_the_schema_knows_the_same_words_as_the_guest() -> None:
    rule = SCHEMA["$defs"]["rule"]["properties"]
    assert rule["on"]["enum"] == [occasion.value for occasion in Occasion]
    assert rule["do"]["enum"] == [deed.value for deed in Deed]
    assert set(rule) == set(Rule._fields)
    timing = {name.replace("-", "_") for name in SCHEMA["properties"]["timing"]["properties"]}
    assert timing == set(Timing._fields)
    assert SCHEMA["properties"]["quirks"]["items"]["enum"] == [quirk.value for quirk in Quirk]
    assert SCHEMA["properties"]["system"]["enum"] == [system.value for system in System]
    members = {name.replace("-", "_") for name in SCHEMA["properties"]} - {"description"}
    assert members == set(behaviour.Behaviour._fields) - {"name"}


def test_a_file_is_a_behaviour_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"system": "linux", "timing": {"boot": 1}, "rules": [{"on": "dimm-unplug", "do": "refuse"}]}')
    loaded = behaviour.load(str(file))
    assert (loaded.name, loaded.system, loaded.timing.boot) == ("mine", System.LINUX, 1)
    assert loaded.rules == (Rule(Occasion.DIMM_UNPLUG, Deed.REFUSE),)


def test_a_file_names_the_drivers_and_the_quirks(tmp_path: Path) -> None:
    file = tmp_path / "bare.json"
    file.write_text('{"system": "linux", "drivers": ["virtio-balloon"], "quirks": ["abort-on-reset"]}')
    loaded = behaviour.load(str(file))
    assert (loaded.drivers, loaded.quirks) == (("virtio-balloon",), (Quirk.ABORT_ON_RESET,))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not JSON"),
        ("{}", "'system' is a required property"),
        ('{"system": "windows"}', "$.system: 'windows' is not one of"),
        ('{"system": "linux", "rules": [{"on": "dimm-unplug", "do": "explode"}]}', "$.rules[0].do: 'explode'"),
        ('{"system": "linux", "timing": {"boot": -1}}', "$.timing.boot: -1 is less than"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    with pytest.raises(BadBehaviour) as problem:
        behaviour.load(str(file))
    assert complaint in str(problem.value)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadBehaviour, match=r"neither one of absent, .*, stubborn nor a file"):
        behaviour.load("windows")


def followed(book: RuleBook[Rule], occasions: int, device: str = "d0") -> list[bool]:
    return [book.find(Occasion.DIMM_UNPLUG, device) is not None for _ in range(occasions)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "yyyyyyyy"),
        ({"times": 2}, "yy------"),
        ({"skip": 2}, "--yyyyyy"),
        ({"every": 3}, "y--y--y-"),
        ({"skip": 1, "every": 2, "times": 2}, "-y-y----"),
    ],
)
def test_a_rule_counts_the_occasions_it_meets(counts: dict[str, Any], expected: str) -> None:
    book = RuleBook([Rule(Occasion.DIMM_UNPLUG, **counts)], 0)
    assert "".join("-y"[hit] for hit in followed(book, 8)) == expected
    (count,) = book
    assert (count.met, count.hits) == (8, expected.count("y"))


def test_a_rule_is_about_devices_whose_id_fits_and_about_its_occasion() -> None:
    book = RuleBook([Rule(Occasion.DIMM_UNPLUG, device="dimm-?")], 0)
    assert book.find(Occasion.DIMM_UNPLUG, "dimm-1") is not None
    assert book.find(Occasion.DIMM_UNPLUG, "d0") is None
    assert book.find(Occasion.DIMM_PLUG, "dimm-1") is None


def test_the_rule_added_last_is_asked_first_and_can_be_removed() -> None:
    book = RuleBook([Rule(Occasion.DIMM_UNPLUG, Deed.REFUSE, name="old")], 0)
    assert book.add(Rule(Occasion.DIMM_UNPLUG, Deed.STALL)) == "rule-1"
    found = book.find(Occasion.DIMM_UNPLUG, "d0")
    assert found is not None
    assert found.do is Deed.STALL
    book.remove("rule-1")
    found = book.find(Occasion.DIMM_UNPLUG, "d0")
    assert found is not None
    assert found.name == "old"
    with pytest.raises(DuplicateRule):
        book.add(Rule(Occasion.DIMM_PLUG, name="old"))
    with pytest.raises(UnknownRule):
        book.remove("rule-1")


def test_chance_is_the_same_for_the_same_seed() -> None:
    rule = Rule(Occasion.DIMM_UNPLUG, chance=0.5)
    first, same, other = (followed(RuleBook([rule], seed), 64) for seed in (1, 1, 2))
    assert first == same != other
    assert 16 < sum(first) < 48
