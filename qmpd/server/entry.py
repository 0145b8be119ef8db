"""The way in for a process that does nothing but serve one virtual machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from qmpd.config import VmConfig


class _Later(ModuleType):
    """A module that is loaded when somebody first asks it for something that is not ``known``."""

    def __init__(self, name: str, known: dict[str, Any]) -> None:
        super().__init__(name)
        vars(self).update(known)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system has a look
            raise AttributeError(name)
        del sys.modules[self.__name__]
        module = import_module(self.__name__)
        vars(self).update(vars(module))
        return getattr(module, name)


_SELDOM_USED = ("inspect", "linecache", "locale", "subprocess", "textwrap", "asyncio.sslproto", "asyncio.staggered")
_WANTED_AT_ONCE = {"subprocess": {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3}}


def _import_asyncio() -> None:
    """Without what it takes along and nobody here needs: it would be a quarter of the start, and of the memory.

    Without OpenSSL (7 ms, 4 MB), as where Python was built without; the others (8 ms, 1 MB) when they are needed.
    """
    sys.modules["ssl"] = None  # type: ignore[assignment]
    for name in _SELDOM_USED:
        sys.modules.setdefault(name, _Later(name, _WANTED_AT_ONCE.get(name, {})))
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]


def serve(config: VmConfig, on_ready: Callable[[], None] | None = None) -> int:
    """``qmpd.server.run.serve``, sooner. Not for a process that has other plans.

    All that is loaded now stays, so looking for garbage in it only costs: 2 ms of the start, and later a pause each
    time.
    """
    gc.disable()
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        _import_asyncio()
    from qmpd.server.run import serve

    def ready() -> None:
        gc.freeze()
        gc.enable()
        if on_ready is not None:
            on_ready()

    return serve(config, on_ready=ready)
