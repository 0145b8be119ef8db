"""Devices of as many types as there is time for, in a new order or that of QMPD_SEED, against a real QEMU."""

from __future__ import annotations

import os

import pytest

from . import runner, survey

SECONDS = float(os.environ.get("QMPD_SURVEY_SECONDS", "15"))


def test_devices_of_any_type_are_plugged_shown_and_removed_alike() -> None:
    if reason := runner.qemu_is_missing():
        pytest.fail(reason) if os.environ.get("QMPD_REQUIRE_PEERS") == "1" else pytest.skip(reason)
    from .in_process import stand_in

    seed = runner.chosen_seed()
    visited = list(survey.run(stand_in, SECONDS, seed))
    differences = [str(difference) for _, difference in visited if difference is not None]
    assert visited
    assert not differences, f"to repeat it: python -m tests.conformance.survey --seed {seed}\n" + "\n".join(differences)
