"""The fixture ``qmpd`` for pytest, there wherever qmpd is installed. It gives ``qmpd.testing.Process``es."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from qmpd.testing import Process


@pytest.fixture
def qmpd() -> Iterator[Callable[..., Process]]:
    """``qmpd(*options)`` starts a machine behind a socket; it ends with the test."""
    from qmpd.testing import Process  # whoever does not use the fixture should not wait for this

    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(Process(*options))
