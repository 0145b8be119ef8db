"""Random sessions: devices of all kinds come, go and change size while rules, drivers and the guest's life change."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from qmpd.clock import ManualClock
from qmpd.config import Extras
from qmpd.guest.behaviour import Deed, Occasion, shipped
from qmpd.model.machine import Machine
from qmpd.model.virtio_mem import VirtioMemPci
from qmpd.qemu_argv import parse
from qmpd.vm import Vm
from tests.guest.scenes import GIB, MIB, NATIVE_Q35, Q35
from tests.model.machines import check_invariants

Command = dict[str, Any]
BALLOON = "-device virtio-balloon-pci,id=b0"
MACHINES = (
    ("-machine q35", *Q35, BALLOON),
    ("-machine q35", *NATIVE_Q35, BALLOON),
    ("-machine pc", "-m 1G,slots=4,maxmem=32G", "-device virtio-balloon-pci,id=b0"),
)
PAUSES = (0, 0, 0.001, 0.02, 0.3, 3, 70)
ACTIONS = {
    "boot": 3,
    "release": 6,
    "online": 3,
    "run-out-of-memory": 2,
    "load-driver": 3,
    "unload-driver": 3,
    "reboot": 1,
    "panic": 1,
    "suspend": 1,
}
"""What is done inside the guest, and how often."""


class Session:
    """One machine under the commands that chance chooses from ``seed``."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._clock = ManualClock()
        words = [word for option in MACHINES[seed % len(MACHINES)] for word in option.split()]
        self._has_ports = "q35" in words
        config = parse(["-nodefaults", "-display", "none", "-no-shutdown", *words])
        config.extras = Extras(self._random.choice(shipped()), manual_clock=True, control=True)
        self.vm = Vm(config, self._clock)
        self._monitor = self.vm.open_session()
        self._monitor.greet()
        self._monitor.receive_data(b'{"execute": "qmp_capabilities"}')
        self.output = b""

    def step(self) -> Command:
        """Say something and wait a moment; the result is what was said."""
        command = self._anything()
        self._monitor.receive_data(json.dumps(command).encode())
        self._clock.advance(self._random.choice(PAUSES))
        self.output += self._monitor.data_to_send()
        return command

    def _anything(self) -> Command:
        random = self._random
        ways = (self._add, self._add, self._remove, self._resize, self._resize, self._run, self._inside, self._rule)
        return random.choice(ways)()

    def _command(self, name: str, **arguments: Any) -> Command:
        return {"execute": name, "arguments": {key.replace("_", "-"): value for key, value in arguments.items()}}

    def _bus(self) -> dict[str, str]:
        return {"bus": self._random.choice(("rp1", "rp2", "rp3", "rp4"))} if self._has_ports else {}

    def _add(self) -> Command:
        random, number = self._random, self._random.randrange(3)
        kind = random.choice(("backend", "backend", "dimm", "virtio-mem", "virtio-mem", "rng", "balloon"))
        if kind == "backend":
            size = random.choice((64 * MIB, 256 * MIB, 2 * GIB))
            return self._command("object-add", qom_type="memory-backend-ram", id=f"m{number}", size=size)
        if kind == "dimm":
            return self._command("device_add", driver="pc-dimm", id=f"d{number}", memdev=f"m{number}")
        if kind == "virtio-mem":
            options = {"block-size": random.choice((1, 2, 4, 128, 256)) * MIB, **self._bus()}
            if random.random() < 0.5:
                options["dynamic-memslots"] = True
            return self._command("device_add", driver="virtio-mem-pci", id=f"v{number}", memdev=f"m{number}", **options)
        if kind == "rng":
            return self._command("device_add", driver="virtio-rng-pci", id=f"r{number}", **self._bus())
        return self._command("device_add", driver="virtio-balloon-pci", id="b0", **self._bus())

    def _remove(self) -> Command:
        number = self._random.randrange(3)
        name = self._random.choice((f"d{number}", f"v{number}", f"r{number}", "b0", f"m{number}"))
        return self._command("object-del" if name.startswith("m") else "device_del", id=name)

    def _resize(self) -> Command:
        random = self._random
        if random.random() < 0.3:
            return self._command("balloon", value=random.randrange(1, 2 * GIB))
        size = random.choice((0, 0, 1, 2, 128, 256, 130, 600, 2048)) * MIB
        path = f"v{random.randrange(3)}"
        return self._command("qom-set", path=path, property="requested-size", value=size)

    def _run(self) -> Command:
        return self._command(self._random.choice(("stop", "cont", "cont", "cont", "system_reset", "system_wakeup")))

    def _inside(self) -> Command:
        random = self._random
        if random.random() < 0.2:
            name, value = random.choice((("auto-online", True), ("hot-remove", True), ("behaviour", shipped())))
            value = random.choice(value) if isinstance(value, list) else random.random() < 0.5
            return self._command("x-qmpd-guest-set", **{name: value})
        (action,) = random.choices(list(ACTIONS), list(ACTIONS.values()))
        driver = random.choice(("virtio-mem", "virtio-balloon"))
        return self._command("x-qmpd-guest-do", action=action, driver=driver)

    def _rule(self) -> Command:
        random = self._random
        rule = {
            "on": random.choice(list(Occasion)),
            "do": random.choice([deed for deed in Deed if deed is not Deed.CRASH]),
            "times": random.randrange(1, 4),
            "chance": random.random(),
            "percent": random.randrange(101),
            "jitter": random.random(),
            "floor": [random.randrange(200) * MIB for _ in range(random.randrange(3))],
        }
        if random.random() < 0.3:
            rule |= {"delay": random.random() * 20}
        if random.random() < 0.3:
            rule |= {"rate": random.randrange(1, GIB)}
        return self._command("x-qmpd-guest-rule-add", **rule)


def check(vm: Vm) -> None:
    """What holds at any time."""
    check_invariants(vm.machine)
    check_virtio_mem(vm.machine)
    if vm.guest.linux is not None:
        for device in vm.guest.linux.memory.followed.values():
            plugged = sum(bits.bit_count() for bits in device.plugged) * device.part
            assert plugged == device.memory.size, "the driver and the device do not agree"


def check_virtio_mem(machine: Machine) -> None:
    memory = machine.memory_devices.memory
    used = 0
    for device in machine.memory_devices.memory_device_list():
        used += device.get_used_memslots()
        if isinstance(device, VirtioMemPci):
            assert device.backend.size == device.backend.plugged_blocks() * device.backend.block_size
            assert device.backend.size <= device.backend.length
    assert memory is None or memory.used_memslots == used
