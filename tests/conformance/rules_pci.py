"""Random requests about PCI: devices and bridges of all types, plugged anywhere, looked into, asked to leave."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from .rules_host import HostRules
from .rules_memory import JUNK, PCI_ADDRESSES, DimmRules, request_line

# Types that QEMU adds to a running machine when told no more than the type.
_ORDINARY = """
    virtio-rng-pci e1000 virtio-balloon-pci virtio-net-pci virtio-scsi-pci qemu-xhci AMDVI-PCI am53c974 bochs-display
    dc390 e1000-82544gc e1000e edu i6300esb i82550 ich9-ahci ich9-intel-hda igb intel-hda lsi53c810 lsi53c895a megasas
    megasas-gen2 mptsas1068 ne2k_pci nec-usb-xhci pci-serial pci-serial-2x pci-serial-4x pci-testdev pcnet
    piix3-usb-uhci piix4-usb-uhci pvpanic-pci pvscsi rtl8139 sdhci-pci secondary-vga tpci200 tulip ufs usb-ehci
    virtio-keyboard-pci virtio-mouse-pci virtio-serial-pci virtio-tablet-pci vmxnet3
    virtio-net-pci-transitional virtio-net-pci-non-transitional virtio-rng-pci-transitional
    virtio-balloon-pci-non-transitional virtio-scsi-pci-transitional virtio-serial-pci-non-transitional
"""
# ... and types that want to be told more.
_NEEDY = """
    virtio-blk-pci vhost-vsock-pci vhost-user-fs-pci virtio-9p-pci virtio-crypto-pci nvme ivshmem-plain vfio-pci
    virtio-sound-pci VGA nonesuch pci-device virtio-net-device pxb-pcie i82801b11-bridge usb-kbd
"""
PCI_TYPES = st.sampled_from([*_ORDINARY.split(), *_ORDINARY.split(), *_NEEDY.split()])
PCI_IDS = st.sampled_from([*(f"p{number}" for number in range(10)), "d0", "d1", None, None])
BRIDGE_IDS = st.sampled_from([*(f"b{number}" for number in range(5)), "p0", None])
PCI_BUSES = st.sampled_from(
    [
        *[{}, {}, *({"bus": bus} for bus in ["rp0", "rp1", "rp2", "pci.0"] * 2)],
        *({"bus": bus} for bus in ["b0", "b1", "b2", "b3", "b4", "b0", "b1", "b2", "cb", "cp"]),
        *({"bus": bus} for bus in ["nope", "pcie.0", "p0", "p0.0", "ide.0", "main-system-bus", "pci.1", "/rp0", ""]),
    ]
)
PCI_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "addr": PCI_ADDRESSES,
        "multifunction": st.booleans(),
        "acpi_index": st.sampled_from([0, 1, 2, 3, 16383, 16384]),
        "rombar": st.sampled_from([0, 1, -1]),
        "romfile": st.sampled_from(["", "nope.rom"]),
        "mac": st.sampled_from(["52:54:00:12:34:57", "52:54:00:AB:CD:ef", "x", "0:1:2:3:4:5", "52-54-00-12-34-58"]),
        "vectors": st.sampled_from([0, 1, 3, 8, 130, 4000, 2**32 - 1]),
        "bootindex": st.sampled_from([-1, 0, 1, 2]),
    },
)
BRIDGE_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "chassis": st.integers(0, 4),
        "slot": st.integers(0, 3),
        "chassis_nr": st.sampled_from([1, 1, 0, 2]),
        "shpc": st.booleans(),
        "hotplug": st.sampled_from([True, False]),
        "addr": PCI_ADDRESSES,
        "multifunction": st.booleans(),
    },
)
BRIDGES = st.sampled_from(
    [
        *["pcie-root-port", "pci-bridge", "pcie-pci-bridge", "x3130-upstream", "xio3130-downstream"] * 2,
        *["ioh3420", "i82801b11-bridge"],
    ]
)
_INSIDE = ["", "", "", "/virtio-backend", "/virtio-bus", "/bus master[0]", "/msix-table[0]", "/nope"]


def known_options(driver: str, options: dict[str, Any]) -> dict[str, Any]:
    """``options`` less most of those that ``driver`` does not have."""
    kept = {"addr", "multifunction", "acpi_index", "rombar", "romfile"}
    kept |= {"mac", "bootindex"} if any(part in driver for part in ("e1000", "net", "8255", "rtl", "tulip")) else set()
    kept |= {"vectors"} if driver.startswith("virtio-") and driver.endswith("-pci") else set()
    kept |= {"chassis", "slot", "hotplug"} if any(p in driver for p in ("port", "ioh", "downstream")) else set()
    kept |= {"chassis_nr", "shpc"} if driver == "pci-bridge" else set()
    if driver.startswith("virtio-"):
        kept.discard("romfile")  # QEMU 10.0.2 dies of a virtio device whose romfile does not exist,
    if driver in ("virtio-keyboard-pci", "virtio-mouse-pci", "virtio-tablet-pci"):
        kept.discard("vectors")  # and of the memory that these take for each vector.
    return {name: value for name, value in options.items() if name in kept}


class PciRules(HostRules):
    """PCI devices and bridges of all types: plugged anywhere, looked into, asked to leave."""

    pci = Bundle("pci")

    def plug(self, driver: str, id: str | None, bus: dict[str, str], options: dict[str, Any]) -> Any:
        named = {} if id is None else {"id": id}
        added = self.ask("device_add", driver=driver, **named, **bus, **known_options(driver, options))
        return id if added and id is not None else multiple()

    @rule(target=pci, driver=PCI_TYPES, id=PCI_IDS, bus=PCI_BUSES, options=PCI_OPTIONS)
    def plug_pci(self, driver: str, id: str | None, bus: dict[str, str], options: dict[str, Any]) -> Any:
        return self.plug(driver, id, bus, options)

    @rule(target=pci, driver=PCI_TYPES, id=PCI_IDS, bus=PCI_BUSES)
    def plug_plain_pci(self, driver: str, id: str | None, bus: dict[str, str]) -> Any:
        return self.plug(driver, id, bus, {})

    @rule(target=pci, driver=BRIDGES, id=BRIDGE_IDS, bus=PCI_BUSES, options=BRIDGE_OPTIONS)
    def plug_bridge(self, driver: str, id: str | None, bus: dict[str, str], options: dict[str, Any]) -> Any:
        return self.plug(driver, id, bus, options)

    @rule(line=st.sampled_from(["info qtree", "info qtree -b", "info pci", "info qom-tree /machine/peripheral"]))
    def ask_for_the_trees(self, line: str) -> None:
        assert self.pair is not None
        # What KVM and vhost devices are there is not modelled.
        if not self.pair.section.host and "-accel kvm" not in self.pair.section.headers["args"]:
            self.ask("human-monitor-command", command_line=line)

    @rule(id=pci | DimmRules.dimms)
    def walk(self, id: str) -> None:
        """Look at everything in a device. One with an empty id has no path: it would lead round and round."""
        assert self.pair is not None
        paths = [f"/machine/peripheral/{id}"] if id else []
        while paths:
            path = paths.pop()
            (answer,) = self.pair.tell(request_line(f"qom-list {path}"), changes=False)
            entries = json.loads(answer).get("return", [])
            requests = [
                {"execute": "qom-get", "arguments": {"path": path, "property": entry["name"]}} for entry in entries
            ]
            self.pair.tell(b"".join(json.dumps(line).encode() + b"\n" for line in requests), changes=False)
            paths += [f"{path}/{entry['name']}" for entry in entries if entry["type"].startswith("child<")]

    @rule(
        path=st.sampled_from(
            [
                *("/machine/q35/pcie.0", "/machine/i440fx/pci.0", "/machine/peripheral/rp0/rp0"),
                *("/machine/peripheral/b0/b0", "/machine/peripheral/b1/b1", "/machine/peripheral/cb/cb", "rp1/rp1"),
            ]
        )
    )
    def look_at_bus(self, path: str) -> None:
        self.ask("qom-list", path=path)

    @rule(id=pci, inside=st.sampled_from(_INSIDE), property=st.data(), value=JUNK)
    def change_pci(self, id: str, inside: str, property: st.DataObject, value: Any) -> None:
        assert self.pair is not None
        path = f"/machine/peripheral/{id}{inside}"
        (answer,) = self.pair.tell(request_line(f"qom-list {path}"), changes=False)
        names = [entry["name"] for entry in json.loads(answer).get("return", [])]
        name = property.draw(st.sampled_from([*names, "nope"]))
        if name != "realized":
            self.ask("qom-set", path=path, property=name, value=value)

    @rule(id=pci | st.sampled_from(["rp0", "rp1", "cb", "cp", "/machine/q35/mch", "/machine/peripheral/p1"]))
    def ask_pci_to_leave(self, id: str) -> None:
        self.ask("device_del", id=id)
