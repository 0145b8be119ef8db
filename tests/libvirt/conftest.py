"""One daemon for all tests here; it takes seconds to learn what QEMU can do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import peers

from .daemon import Libvirt


@pytest.fixture(scope="session")
def libvirt() -> Iterator[Libvirt]:
    for program in ("libvirtd", "virsh"):
        peers.require_peer(program)
    libvirt = Libvirt()
    try:
        libvirt.start()
        yield libvirt
    finally:
        libvirt.clean_up()
