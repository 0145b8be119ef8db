"""How scenes are set up, and how long they may take."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest

from qmpd.testing import Client, Machine, described

SECONDS = 0.05

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


def scene_with_a_dimm(**options: str) -> Scene:
    scene = Scene(**options)
    scene.plug()
    assert scene.after(1)[-1:] == ["OST 1/0"]
    return scene


def negotiated(machine: Machine) -> Client:
    return machine.connect().negotiate()


@pytest.fixture(scope="session", autouse=True)
def _everything_is_loaded() -> None:
    scene = Scene()
    scene.arrange("x-qmpd-fault-add", on="reply", do="drop", command="none")
    scene.plug()


@pytest.fixture(autouse=True)
def _a_scene_takes_no_time(_everything_is_loaded: None) -> Iterator[None]:
    begun = process_time()
    yield
    assert process_time() - begun < SECONDS
