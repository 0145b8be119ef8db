"""Many scenes, and the same ones twice: the guest is quick on a manual clock, and nothing in it is left to accident."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import process_time

import pytest

from qmpd.guest.behaviour import shipped
from tests.guest.chaos import Session, check
from tests.guest.scenes import GIB, NATIVE_Q35, Scene
from tests.guest.test_control import REFUSAL, REMOVAL, Client, ask_back, described, running

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guest.md"


def test_a_thousand_removals_take_less_than_ten_seconds() -> None:
    client = running("stubborn")
    begun = process_time()
    for _ in range(1000):
        assert ask_back(client) == REFUSAL
    assert process_time() - begun < 10


def test_so_do_a_thousand_pci_devices_that_come_and_go() -> None:
    scene = Scene(*NATIVE_Q35)
    begun = process_time()
    for _ in range(1000):
        scene.add("virtio-rng-pci", "dev", bus="rp1")
        scene.after(1)
        scene.remove("dev")
        assert scene.after(7) == ["DEVICE_DELETED", "DEVICE_DELETED dev"]
    assert process_time() - begun < 10


def test_so_do_two_hundred_changes_of_a_virtio_mem_by_eight_blocks_each() -> None:
    scene = Scene()
    scene.add_virtio_mem()
    begun = process_time()
    for number in range(200):
        scene.request(0 if number % 2 else GIB)
        scene.after(5)
        assert scene.size() == (0 if number % 2 else 1024)
    assert process_time() - begun < 10


@pytest.mark.parametrize("seed", range(3))
def test_the_same_inputs_give_the_same_bytes(seed: int) -> None:
    first, again, other = Session(seed), Session(seed), Session(seed + 3)
    for _ in range(250):
        first.step()
        again.step()
        other.step()
    assert first.output == again.output != other.output


@pytest.mark.parametrize("seed", range(100, 103))
def test_whatever_happens_the_books_are_right(seed: int) -> None:
    session = Session(seed)
    for _ in range(250):
        session.step()
        check(session.vm)


FIRMWARE_NEEDS_NOT = ("linux", "queue", "dimms", "pci", "resize", "balloon")


def test_a_machine_without_a_system_does_not_load_what_systems_do() -> None:
    script = (
        "import sys; from qmpd.clock import ManualClock; from qmpd.qemu_argv import parse; from qmpd.vm import Vm;"
        "Vm(parse(['-nodefaults', '-display', 'none']), ManualClock());"
        "print(*(name.removeprefix('qmpd.guest.') for name in sys.modules if name.startswith('qmpd.guest.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not set(loaded.split()) & set(FIRMWARE_NEEDS_NOT)


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
