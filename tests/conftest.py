"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qmpd import vm
from qmpd.event import Event
from qmpd.wire.encode import encode
from tests import peers
from tests.invariants import check_invariants
from tests.schemas.validation import validate_event, validate_reply


@pytest.fixture(name="require_peer")
def _require_peer() -> Callable[..., str]:
    """``require_peer(name)``: the path of a program, or the test is skipped, or failed where peers are required."""
    return peers.require_peer


@pytest.fixture
def qemu() -> str:
    """The real QEMU."""
    return peers.require_peer(peers.QEMU)


@pytest.fixture(autouse=True)
def _every_step_is_held_to_schema_and_invariants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold whatever a machine in this process answers or announces against schema/, and its memory to its rules."""
    dispatch, deliver = vm.dispatch, vm.Vm._deliver

    def checked_dispatch(context: Any, name: str, arguments: dict[str, Any] | None, out_of_band: bool) -> Any:
        try:
            result = dispatch(context, name, arguments, out_of_band)
        finally:
            check_invariants(context.machine)
        if name not in context.host.stubs:
            _hold(name, result)
        return result

    def checked_deliver(machine: vm.Vm, event: Event) -> None:
        message: dict[str, Any] = {
            "timestamp": {"seconds": event.seconds, "microseconds": event.microseconds},
            "event": event.name,
        }
        validate_event(message if event.data is None else message | {"data": event.data})
        check_invariants(machine.machine)
        deliver(machine, event)

    monkeypatch.setattr(vm, "dispatch", checked_dispatch)
    monkeypatch.setattr(vm.Vm, "_deliver", checked_deliver)


_valid: set[tuple[str, bytes]] = set()


def _hold(name: str, result: object) -> None:
    """Validate a reply that was not seen before; jsonschema takes its time."""
    seen = name, encode(result)
    if seen not in _valid:
        validate_reply(name, result)
        _valid.add(seen)
