"""Devices of as many types as there is time for, in an order that is new each time, against a real QEMU."""

from __future__ import annotations

import os
import random

import pytest

from . import runner, survey

SECONDS = float(os.environ.get("QMPD_SURVEY_SECONDS", "15"))


def test_devices_of_any_type_are_plugged_shown_and_removed_alike() -> None:
    if reason := runner.qemu_is_missing():
        pytest.fail(reason) if os.environ.get("QMPD_REQUIRE_PEERS") == "1" else pytest.skip(reason)
    from .in_process import stand_in

    seed = random.SystemRandom().randrange(1 << 32)
    visited = list(survey.run(stand_in, SECONDS, seed))
    differences = [str(difference) for _, difference in visited if difference is not None]
    assert visited
    assert not differences, f"to repeat it: python -m tests.conformance.survey --seed {seed}\n" + "\n".join(differences)
