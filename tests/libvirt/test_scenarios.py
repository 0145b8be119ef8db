"""Each scenario with the real QEMU and with qmpd: all that virsh prints on the way must be the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

import pytest

from .daemon import Libvirt
from .domain import QMPD, Domain
from .scenarios import SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_libvirt_sees_no_difference(libvirt: Libvirt, qemu: str, scenario: Callable[[Domain], None]) -> None:
    theirs, ours = (_transcript(libvirt, emulator, scenario) for emulator in (qemu, QMPD))
    if ours != theirs:
        pytest.fail("\n".join(difflib.unified_diff(theirs, ours, "qemu", "qmpd", n=20, lineterm="")), pytrace=False)


def _transcript(libvirt: Libvirt, emulator: str, scenario: Callable[[Domain], None]) -> list[str]:
    domain = Domain(libvirt, emulator)
    try:
        scenario(domain)
    finally:
        domain.end()
    return "\n".join(domain.seen).splitlines()


@pytest.mark.parametrize("machine", ["q35", "pc", "microvm", "pc-q35-7.2", "nope"])
def test_libvirt_learns_the_same_about_what_can_be_defined(libvirt: Libvirt, qemu: str, machine: str) -> None:
    theirs, ours = (_capabilities(libvirt, emulator, machine) for emulator in (qemu, QMPD))
    assert ours == theirs


def _capabilities(libvirt: Libvirt, emulator: str, machine: str) -> str:
    asked = ("--virttype", "qemu", "--machine", machine)
    return libvirt.virsh("domcapabilities", "--emulatorbin", emulator, *asked).stdout.replace(emulator, "EMULATOR")


def test_libvirt_learns_the_same_about_what_the_emulator_can_do(libvirt: Libvirt, qemu: str) -> None:
    for emulator in (qemu, QMPD):
        _capabilities(libvirt, emulator, "q35")
    theirs, ours = (re.findall("<flag name='(.*)'/>", libvirt.learned(emulator)) for emulator in (qemu, QMPD))
    assert len(theirs) > 100
    assert ours == theirs
