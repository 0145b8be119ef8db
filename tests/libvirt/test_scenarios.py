"""Each scenario with the real QEMU and with qmpd: all that virsh prints on the way must be the same."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import pytest

from .daemon import Libvirt
from .domain import QMPD, Domain
from .scenarios import SCENARIOS


@pytest.mark.xfail(reason="commands that libvirt asks for are not there yet", strict=False)
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
