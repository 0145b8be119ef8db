"""The same inputs and seeds give the same bytes, timestamps included, in this process and in any other."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.determinism import life

STEPS = 1500
_ROOT = Path(__file__).parents[1]


def test_a_long_random_life_is_the_same_each_time() -> None:
    first = life(1, STEPS)
    assert first == life(1, STEPS)
    for part in (b"DEVICE_DELETED", b"ACPI_DEVICE_OST", b"RESET", b"failed on purpose"):
        assert part in first, "a life without that is too quiet to prove anything"
    assert life(2, 100) != first[: len(life(2, 100))]


def test_it_is_the_same_in_processes_that_hash_differently() -> None:
    expected = hashlib.sha256(life(3, STEPS)).hexdigest()
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.determinism", "3", str(STEPS)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        told = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=True).stdout
        assert told.strip() == expected
