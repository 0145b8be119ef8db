"""The way in for a process that does nothing but serve one virtual machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from qmpd.config import VmConfig


def serve(config: VmConfig, on_ready: Callable[[], None] | None = None) -> int:
    """``qmpd.server.run.serve``, sooner. Not for a process that has other plans.

    asyncio takes OpenSSL along, which costs a start 7 ms and 4 MB although no monitor speaks TLS. It does without
    where Python was built without, and that is what it is told here. And since all that is loaded now stays, looking
    for garbage in it only costs: 2 ms of the start, and later a pause each time.
    """
    gc.disable()
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment]
        try:
            import asyncio  # noqa: F401
        finally:
            del sys.modules["ssl"]
    from qmpd.server.run import serve

    def ready() -> None:
        gc.freeze()
        gc.enable()
        if on_ready is not None:
            on_ready()

    return serve(config, on_ready=ready)
