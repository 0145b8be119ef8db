"""The same inputs and seeds give the same bytes, timestamps included, in this process and in any other."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.determinism import life

STEPS = 1500
HAPPENINGS = (
    *(b"ACPI_DEVICE_OST", b"BALLOON_CHANGE", b"DEVICE_DELETED", b"MEMORY_DEVICE_SIZE_CHANGE", b"RESET", b"SUSPEND"),
    *(b"failed on purpose", b"tm_sec"),
)
_ROOT = Path(__file__).parents[1]


def test_a_long_random_life_is_the_same_each_time() -> None:
    first = life(2, STEPS)
    assert first == life(2, STEPS) != life(1, STEPS)
    for part in HAPPENINGS:
        assert part in first, "a life without that is too quiet to prove anything"


def test_it_is_the_same_in_processes_that_hash_differently() -> None:
    expected = hashlib.sha256(life(3, STEPS)).hexdigest()
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.determinism", "3", str(STEPS)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        told = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=True).stdout
        assert told.strip() == expected
