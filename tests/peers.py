"""Programs that tests compare qmpd with or drive it by, and the rule for what happens when one is missing.

Without a peer its tests are skipped, so that the suite runs anywhere. Where ``QMPD_REQUIRE_PEERS=1`` is set, as in CI,
a missing peer is a failure: there a skipped comparison would be a comparison nobody makes.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

QEMU = os.environ.get("QMPD_QEMU", "qemu-system-x86_64")


def require_peer(name: str, reason: str = "") -> str:
    """The path of a program, or the end of the test: skipped, or failed where peers are required."""
    found = shutil.which(name)
    if found is None:
        missing_peer(f"{name} is not installed{': ' + reason if reason else ''}")
    return found


def missing_peer(problem: str) -> NoReturn:
    """End the test because of ``problem`` with a peer, by the same rule."""
    problem += "; `make peers` installs what the tests compare with"
    if os.environ.get("QMPD_REQUIRE_PEERS") == "1":
        pytest.fail(problem, pytrace=False)
    pytest.skip(problem)
