"""What boards make by themselves; what it looks like is compared with QEMU in tests/conformance/cases/boards."""

from __future__ import annotations

import pytest

from qmpd.errors import StartupError
from tests.model.machines import Client


@pytest.mark.parametrize(
    "options", ["-machine q35,usb=off", "-machine pc -device VGA", "-machine q35 -netdev user,id=n"]
)
def test_a_machine_that_asks_for_nothing_does_not_wait_for_the_board(options: str) -> None:
    assert Client(options).machine.board is None


def test_a_card_of_the_board_takes_the_slot_that_a_plugged_one_would_have_had() -> None:
    bare, whole = Client("-machine pc"), Client("-machine pc", defaults=True)

    slots = []
    for client in (bare, whole):
        client.ask("device_add", driver="e1000", id="n")
        slots.append(client.ask("qom-get", path="n", property="legacy-addr"))

    assert slots == ["02.0", "04.0"]


def test_each_drive_without_a_device_is_told_of_and_the_last_one_ends_the_start() -> None:
    with pytest.raises(StartupError) as refused:
        Client("-machine q35 -drive if=sd,driver=null-co -drive if=mtd,driver=null-co")

    assert refused.value.origin == "-drive if=mtd,driver=null-co"
    assert refused.value.errors[0].desc == "machine type does not support if=mtd,bus=0,unit=0"
