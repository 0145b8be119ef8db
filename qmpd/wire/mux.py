"""Several on one character device, one of whom is heard: what stands in front of a human monitor (chardev/char-mux.c).

Beside the monitor there are only guests' ports, on which nobody here speaks or listens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

_ESCAPE: Final = 1  # C-a

_HELP: Final = (
    b"\n\r"
    b"C-a h    print this help\n\r"
    b"C-a x    exit emulator\n\r"
    b"C-a s    save disk data back to file (if -snapshot)\n\r"
    b"C-a t    toggle console timestamps\n\r"
    b"C-a b    send break (magic sysrq)\n\r"
    b"C-a c    switch between console and monitor\n\r"
    b"C-a C-a  sends C-a\n\r"
)


class Talker(Protocol):
    """The monitor's client."""

    def write(self, data: bytes) -> None: ...

    def enter(self, banners: int) -> None:
        """Show so many banners, and ask for a line."""

    def quit(self) -> None:
        """End the machine."""


class Mux:
    """It outlives the clients. ``ports`` is how many there are beside the monitor; the last one is heard at first.

    ``early`` says that there was no client when the machine started; the monitor has greeted nobody then, and will have
    greeted twice when it is heard.
    """

    def __init__(self, ports: int, early: bool) -> None:
        self._ports = ports
        self._focus = ports  # 0 is the monitor
        self._unheard = int(early and ports > 0)
        self._escaped = False

    def opened(self, talker: Talker) -> None:
        """A client has come."""
        self._unheard += 1
        if self._focus == 0:
            self._enter(talker)

    def _enter(self, talker: Talker) -> None:
        banners, self._unheard = self._unheard, 0
        talker.enter(banners)

    def takes(self, key: int, talker: Talker) -> bool:
        """Whether a key was not for the monitor."""
        if self._escaped:
            self._escaped = False
            if key != _ESCAPE:
                act = _ORDERS.get(key)
                if act is not None:
                    act(self, talker)
                return True
        elif key == _ESCAPE:
            self._escaped = True
            return True
        return self._focus != 0

    def _help(self, talker: Talker) -> None:
        talker.write(_HELP)

    def _exit(self, talker: Talker) -> None:
        talker.write(b"QEMU: Terminated\n\r")
        talker.quit()

    def _switch(self, talker: Talker) -> None:
        if self._focus == 0:
            talker.write(b"\r\n")
        self._focus = (self._focus + 1) % (self._ports + 1)
        if self._focus == 0:
            self._enter(talker)


_ORDERS: Final[dict[int, Callable[[Mux, Talker], None]]] = {
    ord("?"): Mux._help,
    ord("c"): Mux._switch,
    ord("h"): Mux._help,
    ord("x"): Mux._exit,
}
