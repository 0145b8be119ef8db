"""The way in for a process that does nothing but serve one virtual machine."""

from __future__ import annotations

import gc
from collections.abc import Callable

from qmpd.config import VmConfig


def serve(config: VmConfig, on_ready: Callable[[], None] | None = None) -> int:
    """``qmpd.server.run.serve``, sooner. Not for a process that has other plans.

    All that is loaded now stays, so looking for garbage in it only costs: 2 ms of the start, and later a pause each
    time.
    """
    gc.disable()
    from qmpd.server.run import serve

    def ready() -> None:
        gc.freeze()
        gc.enable()
        if on_ready is not None:
            on_ready()

    return serve(config, on_ready=ready)
