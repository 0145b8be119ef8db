"""A long random life of a machine on the manual clock, as the bytes that its client gets.

python -m tests.determinism SEED STEPS     # writes their hash: another process, another order of Python's sets
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from random import Random
from typing import Any

from qmpd.testing import Machine

PORTS = 6
OPTIONS = (
    "-no-shutdown",
    *("-machine", "q35,nvdimm=on", "-m", "1G,slots=8,maxmem=64G", "-smp", "2,maxcpus=4"),
    *("-object", "memory-backend-ram,id=n0,size=512M", "-object", "memory-backend-ram,id=n1,size=512M"),
    *("-numa", "node,nodeid=0,memdev=n0", "-numa", "node,nodeid=1,memdev=n1"),
    *(word for port in range(PORTS) for word in ("-device", f"pcie-root-port,id=rp{port},chassis={port + 1}")),
)
SIZES = (0, 64 << 20, 128 << 20, 256 << 20, 1 << 30, 12345)
QUERIES = (
    *("query-memory-devices", "query-acpi-ospm-status", "query-memdev", "query-memory-size-summary", "query-status"),
    *("query-balloon", "query-hotpluggable-cpus", "query-pci", "query-yank", "query-chardev"),
    *("x-qmpd-guest-query", "x-qmpd-fault-query"),
)
PATHS = ("/machine", "/objects", "/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached")
TOPICS = ("memory-devices", "qtree", "mtree", "qom-tree", "numa", "memdev")

Request = tuple[str, dict[str, Any]]


def _object_add(random: Random) -> Request:
    size = random.choice(SIZES)
    return "object-add", {"qom_type": "memory-backend-ram", "id": _name(random, "m"), "size": size}


def _device_add(random: Random) -> Request:
    driver = random.choice(
        (
            "pc-dimm",
            "pc-dimm",
            "pc-dimm",
            "nvdimm",
            "virtio-mem-pci",
            "virtio-mem-pci",
            "virtio-pmem-pci",
            "virtio-balloon-pci",
            "virtio-rng-pci",
        )
    )
    arguments: dict[str, Any] = {"driver": driver, "id": _name(random, "d")}
    if driver not in ("virtio-balloon-pci", "virtio-rng-pci"):
        arguments["memdev"] = _name(random, "m")
    if driver.endswith("-pci"):
        arguments["bus"] = f"rp{random.randrange(PORTS)}"
    if driver == "virtio-mem-pci":
        arguments["requested_size"] = random.choice(SIZES)
    if random.random() < 0.3:
        arguments["node"] = random.randrange(3)
    return "device_add", arguments


def _rule(random: Random) -> Request:
    deed = random.choice(("refuse", "partial", "stall", "obey", "fail"))
    arguments = {"on": random.choice(("dimm-plug", "dimm-unplug")), "do": deed, "chance": 0.5, "times": 3}
    return "x-qmpd-guest-rule-add", {**arguments, "jitter": random.choice((0, 2.5))}


def _fault(random: Random) -> Request:
    arguments = random.choice(
        (
            {"on": "request", "do": "fail", "command": "q*"},
            {"on": "reply", "do": "delay", "delay": 0.5, "jitter": 1.0, "command": "[!x]*"},
            {"on": "event", "do": "delay", "delay": 3},
            {"on": "event", "do": "drop", "event": "ACPI*"},
            {"on": "message", "do": "split", "bytes": 9, "delay": 0.25},
        )
    )
    return "x-qmpd-fault-add", {**arguments, "chance": 0.3, "times": 4}


def _query(random: Random) -> Request:
    return random.choice(QUERIES), {}


def _look(random: Random) -> Request:
    path = random.choice(
        ("/machine", "/objects", "/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached")
    )
    return "qom-list", {"path": path}


def _human(random: Random) -> Request:
    line = random.choice(
        ("info memory-devices", "info qtree", "info mtree", "info qom-tree", "info numa", "info memdev")
    )
    return "human-monitor-command", {"command_line": line}


MAKERS: tuple[tuple[int, Callable[[Random], Request]], ...] = (
    (8, _object_add),
    (10, _device_add),
    (6, lambda random: ("device_del", {"id": _name(random, "d")})),
    (3, lambda random: ("object-del", {"id": _name(random, "m")})),
    (12, lambda random: ("qom-set", _requested_size(random))),
    (2, lambda random: ("balloon", {"value": random.choice(SIZES)})),
    (2, lambda random: (random.choice(("stop", "cont", "system_reset", "system_wakeup", "system_powerdown")), {})),
    (2, lambda random: ("x-qmpd-guest-do", {"action": random.choice(("reboot", "suspend", "release", "boot"))})),
    (1, _rule),
    (1, _fault),
    (6, _query),
    (2, lambda random: ("qom-get", {"path": "/machine", "property": "rtc-time"})),
    (2, _look),
    (1, _human),
)


def _name(random: Random, kind: str) -> str:
    return f"{kind}{random.randrange(12)}"


def _requested_size(random: Random) -> dict[str, Any]:
    return {"path": _name(random, "d"), "property": "requested-size", "value": random.choice(SIZES)}


def life(seed: int, steps: int) -> bytes:
    """What comes of ``steps`` random requests with random times between them."""
    random = Random(seed)
    machine = Machine(*OPTIONS, guest="flaky")
    client = machine.connect().negotiate()
    weights = [weight for weight, _ in MAKERS]
    said = []
    for _ in range(steps):
        (_, make) = random.choices(MAKERS, weights)[0]
        command, arguments = make(random)
        client.send(command, **arguments)
        machine.advance(random.choice((0, 0, 0.001, 0.5, 10)))
        said.append(client.read_bytes())
    return b"".join(said)


if __name__ == "__main__":
    print(hashlib.sha256(life(int(sys.argv[1]), int(sys.argv[2]))).hexdigest())
