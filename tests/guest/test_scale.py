"""Many scenes, and the same ones twice: the guest is quick on a manual clock, and nothing in it is left to accident."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import pytest

from qmpd.clock import ManualClock
from qmpd.config import Extras
from qmpd.guest.behaviour import shipped
from qmpd.qemu_argv import parse
from qmpd.vm import Vm
from tests.guest.test_control import MACHINE, REFUSAL, REMOVAL, Client, ask_back, described, running

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guest.md"


def test_a_thousand_removals_take_less_than_ten_seconds() -> None:
    client = running("stubborn")
    begun = perf_counter()
    for _ in range(1000):
        assert ask_back(client) == REFUSAL
    assert perf_counter() - begun < 10


def test_the_same_inputs_give_the_same_bytes() -> None:
    def session(seed: int) -> bytes:
        random, clock = Random(seed), ManualClock()
        config = parse(MACHINE.split())
        config.extras = Extras("flaky", manual_clock=True, control=True)
        monitor = Vm(config, clock).open_session()
        monitor.greet()
        monitor.receive_data(b'{"execute": "qmp_capabilities"}')
        for _ in range(500):
            monitor.receive_data(json.dumps(anything(random)).encode())
            clock.advance(random.choice((0, 0.001, 0.05, 3)))
        return bytes(monitor.data_to_send())

    assert session(1) == session(1) != session(2)


def anything(random: Random) -> dict[str, Any]:
    number = random.randrange(4)
    return random.choice(
        [
            {
                "execute": "object-add",
                "arguments": {"qom-type": "memory-backend-ram", "id": f"m{number}", "size": 2**28},
            },
            {"execute": "device_add", "arguments": {"driver": "pc-dimm", "id": f"d{number}", "memdev": f"m{number}"}},
            {"execute": "device_del", "arguments": {"id": f"d{number}"}},
            {"execute": random.choice(("stop", "cont", "system_reset", "query-acpi-ospm-status"))},
        ]
    )


@pytest.mark.parametrize("file", ["README.md", "docs/guest.md"])
def test_the_lines_to_paste_do_what_is_said_of_them(file: str) -> None:
    client = Client("linux")
    lines = (ROOT / file).read_text().split("<<'EOF'\n")[1].split("\nEOF")[0]
    client.session.receive_data(lines.partition('{"execute": "qmp_capabilities"}')[2].encode())
    messages = [json.loads(line) for line in client.session.data_to_send().splitlines()]
    assert not [message for message in messages if "error" in message]
    events = [described(message) for message in messages if "event" in message]
    assert events == ["OST 1/0", *REFUSAL, *REMOVAL, "SHUTDOWN"]


def test_the_guide_names_every_shipped_guest() -> None:
    text = GUIDE.read_text()
    assert [name for name in shipped() if f"| `{name}` |" not in text] == []
