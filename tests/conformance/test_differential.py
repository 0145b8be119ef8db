"""Random sequences against qmpd and a real QEMU at once, for a bounded time and with fresh seeds."""

from __future__ import annotations

import os

import pytest

from tests.peers import missing_peer

from . import differential, runner
from .rules_host import NO_HOST

SECONDS = float(os.environ.get("QMPD_DIFFERENTIAL_SECONDS", "40"))


# every kind of memory device; ``make conformance-long`` mixes in what else sits on PCI
@pytest.mark.parametrize(("rules", "share"), [("KindRules", 0.6), ("HostRules", 0.4)])
def test_random_sequences_get_the_same_answers_from_qmpd_and_qemu(rules: str, share: float) -> None:
    pytest.importorskip("qmpd.vm")
    pytest.importorskip("qmpd.qemu_argv")
    from .in_process import stand_in

    if reason := runner.qemu_is_missing():
        missing_peer(reason)
    if rules == "HostRules" and NO_HOST:
        missing_peer(NO_HOST)
    differential.run(stand_in, runner.qemu, rules=differential.RULES[rules], seconds=SECONDS * share)
