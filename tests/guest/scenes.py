"""A machine whose guest is up, with words for what devices come, go and change size in it."""

from __future__ import annotations

from typing import Any

from qmpd.testing import Machine, Message, described

MIB = 1 << 20
GIB = 1 << 30

PORTS = tuple(f"-device pcie-root-port,id=rp{number},chassis={number},slot={number}" for number in range(1, 5))
NATIVE = "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"
Q35 = ("-m 1G,slots=4,maxmem=32G", *PORTS)
NATIVE_Q35 = (*Q35, NATIVE)
SIZES = {"MEMORY_DEVICE_SIZE_CHANGE": "size", "BALLOON_CHANGE": "actual"}


class Scene:
    """``options`` are QEMU's, several to a string."""

    def __init__(self, *options: str, guest: str = "linux", booted: bool = True) -> None:
        words = [word for option in options or Q35 for word in option.split()]
        self.machine = Machine(*words, guest=guest, booted=booted)
        self.client = self.machine.connect().negotiate()
        self.guest = self.machine.vm.guest

    def ask(self, command: str, /, **arguments: Any) -> Any:
        return self.client.ask(command, **arguments)

    def query(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("x-qmpd-guest-query")
        return found

    def rule(self, on: str, do: str, **members: Any) -> None:
        self.ask("x-qmpd-guest-rule-add", on=on, do=do, **members)

    def do(self, action: str, **members: Any) -> None:
        self.ask("x-qmpd-guest-do", action=action, **members)

    def after(self, seconds: float) -> list[str]:
        """What is told within so many seconds, and since the last look; sizes in MiB."""
        self.machine.advance(seconds)
        messages = [*self.client.events, *self.client.read()]
        self.client.events.clear()
        return [_told(message) for message in messages]

    # Devices

    def add(self, driver: str, name: str, **properties: Any) -> None:
        self.ask("device_add", driver=driver, id=name, **properties)

    def remove(self, name: str) -> None:
        self.ask("device_del", id=name)

    def add_dimm(self, name: str, size: int = 256 * MIB) -> None:
        self.ask("object-add", qom_type="memory-backend-ram", id=f"m-{name}", size=size)
        self.add("pc-dimm", name, memdev=f"m-{name}")

    def add_virtio_mem(self, name: str = "vm0", size: int = 4 * GIB, bus: str = "rp1", **properties: Any) -> None:
        self.ask("object-add", qom_type="memory-backend-ram", id=f"m-{name}", size=size)
        self.add("virtio-mem-pci", name, memdev=f"m-{name}", bus=bus, **properties)

    def request(self, size: int, name: str = "vm0") -> None:
        self.ask("qom-set", path=name, property="requested-size", value=size)

    def size(self, name: str = "vm0") -> int:
        found: int = self.ask("qom-get", path=name, property="size")
        return found // MIB


def _told(message: Message) -> str:
    if message.get("event") in SIZES:
        return f"{message['data'].get('id', 'balloon')} {message['data'][SIZES[message['event']]] / MIB:g}"
    (words,) = described([message])
    return words
