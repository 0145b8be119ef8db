"""Which accelerator is taken. The texts are those of a QEMU that may not open /dev/kvm."""

from __future__ import annotations

from errno import EACCES, ENOENT

import pytest

from qmpd.errors import StartupError
from qmpd.model.accelerator import choose
from qmpd.qemu_argv import parse

DENIED = ["Could not access KVM kernel module: Permission denied", "failed to initialize kvm: Permission denied"]


def chosen(options: str, fault: int = 0) -> tuple[str, list[str]]:
    said: list[str] = []
    config = parse(options.split())
    name = choose(config.accels, config.qtest is not None, lambda path: fault, lambda _, error: said.append(error.desc))
    return name, said


def test_tcg_is_taken_if_nothing_is_asked_for() -> None:
    assert chosen("", EACCES) == ("tcg", [])


def test_kvm_is_taken_where_its_device_opens() -> None:
    assert chosen("-machine q35,accel=kvm:tcg") == ("kvm", [])


@pytest.mark.parametrize("options", ["-machine q35,accel=kvm:tcg", "-accel kvm -accel tcg"])
def test_without_kvm_the_next_is_taken_and_named(options: str) -> None:
    assert chosen(options, EACCES) == ("tcg", [*DENIED, "falling back to tcg"])


def test_unknown_names_of_the_machine_option_are_told_first() -> None:
    assert chosen("-machine q35,accel=kvm:foo:tcg", EACCES) == (
        "tcg",
        ["invalid accelerator foo", *DENIED, "falling back to tcg"],
    )
    assert chosen("-accel kvm -accel foo") == ("kvm", [])
    assert chosen("-machine q35,accel=kvm:foo") == ("kvm", ["invalid accelerator foo", "falling back to KVM"])


def test_a_test_is_not_told_of_the_fallback() -> None:
    assert chosen("-qtest null -accel kvm -accel tcg", EACCES) == ("tcg", DENIED)
    assert chosen("-qtest null -accel kvm -accel tcg", ENOENT) == (
        "tcg",
        ["Could not access KVM kernel module: No such file or directory"],
    )


def test_with_none_left_it_does_not_start() -> None:
    with pytest.raises(StartupError) as failure:
        chosen("-accel kvm -accel foo", EACCES)
    assert failure.value.errors == ()
