"""How scenes are set up, and how long they may take."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from time import process_time

import pytest

from qmpd.testing import CommandFailed, Machine, described

SECONDS = 0.05
"""Of this process; what others do meanwhile does not count, nor does garbage of other tests."""

GIB = 1 << 30


class Scene:
    """A machine, its manager's client, and what is arranged behind the manager's back."""

    def __init__(self, *options: str, guest: str = "linux") -> None:
        self.machine = Machine(*options, guest=guest)
        self.manager = self.machine.connect().negotiate()
        self._director = self.machine.connect().negotiate()

    def arrange(self, command: str, /, **arguments: object) -> None:
        self._director.ask(command, **arguments)

    def after(self, seconds: float) -> list[str]:
        """What the manager is told in so many seconds."""
        self.machine.advance(seconds)
        return described(self.manager.read())

    def plug(self, name: str = "d0", size: int = GIB, **properties: object) -> None:
        """A DIMM; the guest has not had time yet to take it in."""
        self.manager.ask("object-add", qom_type="memory-backend-ram", id=f"m-{name}", size=size)
        self.manager.ask("device_add", driver="pc-dimm", id=name, memdev=f"m-{name}", **properties)

    def plugged(self) -> list[str]:
        return [entry["data"]["id"] for entry in self._director.ask("query-memory-devices")]


def scene_with_a_dimm(*options: str, guest: str = "linux") -> Scene:
    scene = Scene(*options, guest=guest)
    scene.plug()
    assert scene.after(1)[-1:] == ["OST 1/0"]
    return scene


@cache
def _load_everything() -> None:
    """What is imported, read and compiled when it is first needed, by each kind of device."""
    scene = scene_with_a_dimm("-device", "pcie-root-port,id=rp0,chassis=1", "-m", "1G,slots=2,maxmem=64G")
    scene.arrange("x-qmpd-fault-add", on="reply", do="drop", command="none")
    scene.manager.ask("device_add", driver="virtio-rng-pci", id="rng0", bus="rp0")
    for name in ("rng0", "d0"):
        scene.manager.ask("device_del", id=name)
        scene.after(10)
    scene.manager.ask("device_add", driver="virtio-mem-pci", id="v0", memdev="m-d0", bus="rp0", requested_size=GIB)
    scene.after(10)
    with pytest.raises(CommandFailed):
        scene.manager.ask("device_del", id="v0")


@pytest.fixture(autouse=True)
def _a_scene_takes_no_time() -> Iterator[None]:
    _load_everything()
    gc.disable()
    begun = process_time()
    yield
    taken = process_time() - begun
    gc.enable()
    assert taken < SECONDS
