"""What a real QEMU with a real Linux was seen to say, qmpd says too: in the same order, with the same fields."""

from __future__ import annotations

import pytest

from tests.guest.recordings import SCRIPTS
from tests.guest.replay import TRACES, Replay, Trace
from tests.invariants import check_invariants


def test_every_recording_is_replayed() -> None:
    assert {path.stem for path in TRACES.glob("*.jsonl")} == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_recorded_session_comes_out_the_same(name: str) -> None:
    Replay(Trace.read(name), SCRIPTS[name], check_invariants).check()
