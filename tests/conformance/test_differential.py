"""Random sequences against qmpd and a real QEMU at once, for a bounded time and with fresh seeds."""

from __future__ import annotations

import os

import pytest

from . import differential, runner

SECONDS = float(os.environ.get("QMPD_DIFFERENTIAL_SECONDS", "40"))


def test_random_sequences_get_the_same_answers_from_qmpd_and_qemu() -> None:
    pytest.importorskip("qmpd.vm")
    pytest.importorskip("qmpd.qemu_argv")
    from .in_process import stand_in

    if reason := runner.qemu_is_missing():
        if os.environ.get("QMPD_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    # every kind of memory device; ``make conformance-long`` mixes in what else sits on PCI
    differential.run(stand_in, runner.qemu, rules=differential.KindRules, seconds=SECONDS)
