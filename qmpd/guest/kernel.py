"""What the drivers of one system share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd.guest.conduct import Conduct
from qmpd.guest.pace import GuestTime
from qmpd.guest.queue import HotplugQueue
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.guest.ports import Platform


class Kernel(NamedTuple):
    """``crash`` is called when a rule makes the system go down."""

    platform: Platform
    time: GuestTime
    queue: HotplugQueue
    conduct: Conduct
    crash: Callable[[], None]
