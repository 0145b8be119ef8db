"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import peers


@pytest.fixture(name="require_peer")
def _require_peer() -> Callable[..., str]:
    """``require_peer(name)``: the path of a program, or the test is skipped, or failed where peers are required."""
    return peers.require_peer


@pytest.fixture
def qemu() -> str:
    """The real QEMU."""
    return peers.require_peer(peers.QEMU)
