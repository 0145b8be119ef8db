"""The helper that other tests hold replies and events against refuses what no QEMU would send."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import ValidationError

from qmpd.frozen import Frozen

from .validation import validate_event, validate_reply

NOW = {"seconds": 1, "microseconds": 2}
DIMM: dict[str, Any] = {
    "type": "dimm",
    "data": {
        "id": "d", "memdev": "/objects/m", "hotplugged": True, "addr": 1 << 32, "slot": 0, "size": 1 << 27,
        "hotpluggable": True, "node": 0,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "value"),
    [
        ("query-status", {"running": False, "status": "prelaunch"}),
        ("query-memory-devices", [DIMM]),
        ("query-memory-devices", Frozen([Frozen(DIMM)])),
        ("qom-get", [1, None]),
        ("stop", {}),
        ("query-memory-size-summary", {"base-memory": (1 << 64) - 1}),
    ],
)
def test_a_good_reply_passes(command: str, value: Any) -> None:
    validate_reply(command, value)


@pytest.mark.parametrize(
    ("command", "value"),
    [
        ("query-status", {"running": 0, "status": "prelaunch"}),
        ("query-status", {"running": False, "status": "asleep"}),
        ("query-status", {"running": False}),
        ("query-status", {"running": False, "status": "paused", "singlestep": False}),
        ("query-memory-devices", [{**DIMM, "type": "sgx-epc"}]),
        ("query-memory-devices", [{**DIMM, "extra": 1}]),
        ("query-memory-devices", [{"type": "dimm", "data": {**DIMM["data"], "extra": 1}}]),
        ("query-memory-devices", {}),
        ("query-memory-size-summary", {"base-memory": -1}),
        ("query-memory-size-summary", {"base-memory": 1 << 64}),
    ],
)
def test_a_bad_reply_does_not(command: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        validate_reply(command, value)


def test_a_command_that_returns_nothing_returns_an_empty_object() -> None:
    with pytest.raises(AssertionError):
        validate_reply("stop", {"stopped": True})


def test_a_good_event_passes() -> None:
    validate_event({"timestamp": NOW, "event": "STOP"})
    validate_event({"timestamp": NOW, "event": "DEVICE_DELETED", "data": {"path": "/machine/peripheral/d"}})


@pytest.mark.parametrize(
    "data", [{}, {"device": "d"}, {"path": 1}, {"path": "/", "device": None}, {"path": "/", "x": 1}]
)
def test_an_event_with_bad_data_does_not(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate_event({"timestamp": NOW, "event": "DEVICE_DELETED", "data": data})


@pytest.mark.parametrize(
    "event", [{"event": "STOP", "data": {}}, {"event": "DEVICE_DELETED"}, {"event": "STOP", "x": 1}]
)
def test_an_event_with_the_wrong_frame_does_not(event: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        validate_event({"timestamp": NOW, **event})


def test_unknown_names_are_an_error_of_the_test() -> None:
    with pytest.raises(KeyError):
        validate_reply("nope", {})
    with pytest.raises(KeyError):
        validate_event({"timestamp": NOW, "event": "NOPE"})
