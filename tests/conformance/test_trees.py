"""Object trees of some machines, picked with a fresh seed or with QMPD_SEED, against the real QEMU."""

from __future__ import annotations

import random

import pytest

from . import runner
from .trees import differences, picked

FIXED = (
    "-machine q35 -smp 3 -cpu EPYC-Milan",
    "-machine pc,hpet=off -m 6G,slots=2,maxmem=10G",
    "-machine microvm",
)
DEFAULT = (
    "-machine q35",
    "-machine pc -smp 2 -hda null-co:// -net nic,model=virtio -net user -usb",
    "-machine isapc -vga std -serial null -serial null",
)
NUMBER = 5


@pytest.fixture(autouse=True)
def _needs_qemu() -> None:
    if reason := runner.qemu_is_missing():
        from tests.peers import missing_peer

        missing_peer(reason)


@pytest.mark.parametrize("options", FIXED)
def test_a_fresh_machine_shows_the_tree_of_qemu(options: str) -> None:
    assert list(differences(options.split())) == []


@pytest.mark.parametrize("options", DEFAULT)
def test_a_machine_with_defaults_shows_the_tree_of_qemu(options: str) -> None:
    assert list(differences(options.split(), defaults=True)) == []


def test_machines_picked_at_random_show_the_trees_of_qemu() -> None:
    seed = runner.chosen_seed()
    chance = random.Random(seed)
    for _ in range(NUMBER):
        options, defaults = picked(chance)
        assert list(differences(options, defaults=defaults)) == [], (
            f"python -m tests.conformance.trees --seed {seed}: {options}"
        )
