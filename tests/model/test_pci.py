"""Buses, slots and removal of PCI devices. Expected values are QEMU 10.0.2's."""

from __future__ import annotations

from typing import Any

import pytest

from qmpd.clock import ManualClock

from .machines import Client

PORT = "-device pcie-root-port,id=rp0"
NATIVE = "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"


def _error(client: Client, command: str, **arguments: Any) -> str:
    reply = client.reply(command, **arguments)
    return str(reply["error"]["desc"])


def _later(client: Client) -> list[dict[str, Any]]:
    """The data of the removals told once the last reply is out."""
    assert isinstance(client.vm.clock, ManualClock)
    client.vm.clock.advance(0)
    return [message["data"] for message in client.ask_raw("") if message.get("event") == "DEVICE_DELETED"]


@pytest.mark.parametrize(
    ("bus", "refusal"),
    [
        ("nope", "Bus 'nope' not found"),
        ("", "Bus '' not found"),
        ("pcie.0", "Bus 'pcie.0' does not support hotplugging"),
        ("isa.0", "Device 'e1000e' can't go on ISA bus"),
        ("/", "Device 'e1000e' can't go on System bus"),
        ("pcie.0/mch", "Device 'mch' has no child bus"),
        ("pcie.0/ich9-ahci", "Device 'ich9-ahci' has multiple child buses"),
        ("pcie.0/ICH9-LPC/x", "Bus 'x' not found"),
    ],
)
def test_a_bus_is_found_by_name_or_path_or_refused(bus: str, refusal: str) -> None:
    assert _error(Client(f"-machine q35 {PORT}"), "device_add", driver="e1000e", bus=bus) == refusal


def test_a_conventional_bus_takes_32_slots_less_those_of_the_board() -> None:
    client = Client("-machine pc")
    for number in range(30):
        client.ask("device_add", driver="e1000", id=f"e{number}")

    assert client.ask("qom-get", path="e0", property="legacy-addr") == "02.0"
    assert _error(client, "device_add", driver="e1000") == (
        "PCI: no slot/function available for e1000, all in use or reserved"
    )


@pytest.mark.parametrize("address", ["20", "1.8", "x", "", "1."])
def test_an_address_is_a_slot_and_a_function_in_hexadecimal(address: str) -> None:
    client = Client("-machine pc")
    assert _error(client, "device_add", driver="e1000", addr=address) == (
        f"Property 'e1000.addr' doesn't take value '{address}'"
    )
    client.ask("device_add", driver="e1000", id="e", addr="1f.7")
    assert client.ask("qom-get", path="e", property="addr") == 255


def test_acpi_keeps_a_removal_pending_until_a_reset_completes_it() -> None:
    client = Client(f"-machine q35 {PORT}")
    client.ask("device_add", driver="virtio-rng-pci", id="r", bus="rp0")
    client.ask("device_del", id="r")
    assert _error(client, "device_del", id="r") == "Device r is already in the process of unplug"

    client.ask("system_reset")

    path = "/machine/peripheral/r"
    assert _later(client) == [{"path": f"{path}/virtio-backend"}, {"device": "r", "path": path}]


def test_a_slot_without_power_gives_up_its_device_at_once() -> None:
    client = Client(f"-machine q35 {NATIVE} {PORT}")
    client.ask("device_add", driver="e1000e", id="e", bus="rp0")
    client.ask("device_del", id="e")

    assert _later(client) == [{"device": "e", "path": "/machine/peripheral/e"}]
    client.ask("device_add", driver="e1000e", id="e", bus="rp0")


def test_a_slot_that_was_filled_at_start_asks_the_guest() -> None:
    client = Client(f"-machine q35 {NATIVE} {PORT} -device e1000e,id=e,bus=rp0")
    client.ask("device_del", id="e")

    assert _later(client) == []
    assert _error(client, "device_del", id="e") == "Device e is already in the process of unplug"


def test_what_sits_behind_a_hotplugged_bridge_leaves_with_it() -> None:
    client = Client("-machine pc")
    client.ask_raw('{"execute": "device_add", "arguments": {"driver": "pci-bridge", "id": "b", "chassis_nr": 1}}')
    client.ask("device_add", driver="e1000", id="e", bus="b", addr="1")
    client.ask("device_del", id="b")
    client.ask("system_reset")

    assert [data["device"] for data in _later(client)] == ["e", "b"]
