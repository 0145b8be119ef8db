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


class _Logger:
    """A logger that gets ``logging`` when it has something to say; here nobody listens to what is for debugging."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        import logging

        return getattr(logging.root.manager.getLogger(self._name), name)

    def debug(self, *message: object) -> None: ...


_SELDOM_USED: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("inspect", "linecache", "locale", "textwrap", "traceback")},
    **{name: {} for name in ("asyncio.sslproto", "asyncio.staggered")},
    "subprocess": {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3},
    "logging": {"DEBUG": 10, "getLogger": _Logger},
    "concurrent.futures": {name: name for name in ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED")},
}
"""Modules, and what asyncio wants of each at once."""


def _import_asyncio() -> None:
    """Without what it takes along and nobody here needs: it would be a quarter of the start, and of the memory.

    Without OpenSSL (7 ms, 4 MB), as where Python was built without; the others (11 ms, 2 MB) when they are needed.
    """
    sys.modules["ssl"] = None  # type: ignore[assignment]
    import concurrent

    for name, known in _SELDOM_USED.items():
        sys.modules.setdefault(name, _Later(name, known))
    concurrent.futures = sys.modules["concurrent.futures"]
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
