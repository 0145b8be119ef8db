"""Every type of device plugged into qmpd and a real QEMU side by side: the first answer, all that can then be read of
the device and of what it brings along, the bus tree with it, and its removal.

``python -m tests.conformance.survey [--seconds N] [--seed N] [TYPE ...]``
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from qmpd.catalogue import Catalogue

from . import runner
from .pair import Difference, Pair, machine, reduced
from .runner import Launch

_MEMORY = "-m 128M,slots=4,maxmem=1G"
_MACHINES = ("q35", "pc", "pc-q35-6.0", "pc-q35-2.6", "pc-i440fx-3.1")
_ON_PORTS = "q35"
_BUSES = "-device lsi -device qemu-xhci -device usb-ccid -device virtio-serial-pci"
ARGS = {
    machine: f"-machine {machine} {_MEMORY} {_BUSES}" + " -device pcie-root-port,id=rp0" * (_ON_PORTS in machine)
    for machine in _MACHINES
}
ID = "x"
_STAY = frozenset({"rocker"})
"""QEMU 10.0.2 dies when a rocker leaves."""
_REDUCING_SECONDS = 3.0
_CATALOGUE = Catalogue.open()


class Place(NamedTuple):
    """A type of device, where to plug it, and under which id."""

    type: str
    machine: str
    id: str | None


def places(ours: Launch, seed: int) -> list[Place]:
    """All there is to try, in an order that ``seed`` decides."""
    pair = Pair(machine("-machine none"), ours, runner.qemu)
    (listed,) = pair.tell(_request("qom-list-types", implements="device"))
    pair.close()
    types = sorted(entry["name"] for entry in json.loads(listed)["return"])
    found = [Place(name, machine, device_id) for name in types for machine in ARGS for device_id in (ID, None)]
    random.Random(seed).shuffle(found)
    return found


class Survey:
    """Plugs one after the other, into fresh machines whenever one has changed."""

    def __init__(self, ours: Launch) -> None:
        self._ours = ours
        self._pairs: dict[str, Pair] = {}

    def visit(self, place: Place) -> None:
        """Plug a device, look at everything in it, ask it to leave. Raises Difference."""
        pair = self._pairs.get(place.machine) or Pair(machine(ARGS[place.machine]), self._ours, runner.qemu)
        self._pairs[place.machine] = pair
        try:
            if not self._plug(pair, place):
                return
            path = f"/machine/peripheral/{ID}" if place.id is not None else _newest(pair)
            walk(pair, path)
            if _CATALOGUE.qtree(place.type) is not None:
                pair.tell(_request("human-monitor-command", **{"command-line": "info qtree"}), changes=False)
            if place.type not in _STAY:
                pair.tell(_request("device_del", id=path))
        except Difference:
            self._forget(place.machine)
            raise
        self._forget(place.machine)

    def _plug(self, pair: Pair, place: Place) -> bool:
        named = {} if place.id is None else {"id": place.id}
        wants_port = _ON_PORTS in place.machine and _CATALOGUE.type_info(place.type).bus == "PCI"
        bus = {"bus": "rp0"} if wants_port else {}
        request = {"driver": place.type, **named, **bus}
        return "error" not in json.loads(pair.tell(_request("device_add", **request))[0])

    def _forget(self, machine: str) -> None:
        self._pairs.pop(machine).close()

    def close(self) -> None:
        for name in list(self._pairs):
            self._forget(name)


def walk(pair: Pair, path: str) -> None:
    """Read all properties of the object at ``path`` and of those below it. Raises Difference."""
    paths = [path]
    while paths:
        path = paths.pop()
        (answer,) = pair.tell(_request("qom-list", path=path), changes=False)
        entries = json.loads(answer).get("return", [])
        pair.tell(b"".join(_request("qom-get", path=path, property=entry["name"]) for entry in entries), changes=False)
        paths += [f"{path}/{entry['name']}" for entry in entries if entry["type"].startswith("child<")]


def _newest(pair: Pair) -> str:
    path = "/machine/peripheral-anon"
    (answer,) = pair.tell(_request("qom-list", path=path), changes=False)
    numbers = [int(entry["name"][7:-1]) for entry in json.loads(answer)["return"] if entry["name"] != "type"]
    return f"{path}/device[{max(numbers)}]"


def _request(command: str, **arguments: Any) -> bytes:
    return json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"


def run(
    ours: Launch, seconds: float, seed: int, types: Sequence[str] = ()
) -> Iterator[tuple[Place, Difference | None]]:
    """Visit what there is, for so long: each place with the difference found there."""
    end = time.monotonic() + seconds
    survey = Survey(ours)
    try:
        for place in places(ours, seed):
            if types and place.type not in types:
                continue
            try:
                survey.visit(place)
                yield place, None
            except Difference as difference:
                yield place, reduced(difference, ours, runner.qemu, _REDUCING_SECONDS)
            if time.monotonic() > end:
                return
    finally:
        survey.close()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.survey", description="Plug every device.")
    parser.add_argument("--seconds", type=float, default=1e9, help="how long (until all is done)")
    parser.add_argument("--seed", type=int, default=0, help="decides about the order")
    parser.add_argument("types", nargs="*", metavar="TYPE", help="only these")
    options = parser.parse_args(argv)
    if reason := runner.qemu_is_missing():
        print(reason, file=sys.stderr)
        return 2
    from .in_process import stand_in

    visited = differing = 0
    for _, difference in run(stand_in, options.seconds, options.seed, options.types):
        visited += 1
        if difference is not None:
            differing += 1
            print(f"{difference}\n", flush=True)
    print(f"{differing} differences at {visited} places")
    return differing > 0


if __name__ == "__main__":
    sys.exit(main())
