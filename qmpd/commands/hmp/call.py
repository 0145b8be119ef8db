"""One command of the human monitor that is to be run: who asks, and with which arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from qmpd.commands.context import Context


@dataclass(frozen=True, slots=True)
class Call:
    """``arguments`` by their names in ``table``, those not given left out; ``cpu`` is None where there are no CPUs.

    ``select_cpu`` chooses another for the commands to come.
    """

    context: Context
    cpu: int | None
    arguments: dict[str, Any]
    select_cpu: Callable[[int], object]


Handler: TypeAlias = Callable[[Call], str]
"""Answers the text to print, lines ending in LF. :raise QemuError: what is printed as ``Error: …`` instead."""
