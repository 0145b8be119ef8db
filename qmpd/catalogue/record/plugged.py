"""Records what a device of each type brings along when it is plugged: its objects, and what its properties read."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

from qmpd.catalogue.brought import OWN_ID, UPSTREAM, initial_value
from qmpd.catalogue.record.peer import Peer, PeerDied
from qmpd.catalogue.record.trees import Recorded, walk
from qmpd.catalogue.tree import CHILD
from qmpd.errors import ErrorClass, QemuError
from qmpd.hashorder import GHashOrder

Rows = list[Any]

_ALL = "/machine/peripheral"
_ID = "QQ"
"""What the device is called that OWN_ID stands for: nothing else has this in its name."""
_PATH = f"{_ALL}/{_ID}"
_PORT = "/machine/peripheral/rp0"
_MACHINE = ("-machine", "q35,usb=off", "-m", "128M,slots=2,maxmem=1G", "-device", "pcie-root-port,id=rp0")
PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "PCI": ((), "rp0"),
    "SCSI": (("-device", "virtio-scsi-pci,id=scsi"), "scsi.0"),
    "usb-bus": (("-device", "qemu-xhci,id=usb"), "usb.0"),
    "ccid-bus": (("-device", "qemu-xhci,id=usb", "-device", "usb-ccid,id=ccid"), "ccid.0"),
    "virtio-serial-bus": (("-device", "virtio-serial-pci,id=serial"), "serial.0"),
    "HDA": (("-device", "ich9-intel-hda,id=hda"), "hda.0"),
    "IDE": ((), "ide.1"),
    "ISA": ((), "isa.0"),
    "floppy-bus": (("-device", "isa-fdc,id=fdc"), "fdc.0"),
    "nvme-bus": (("-device", "nvme,serial=1,id=nvme"), "nvme"),
}
"""Where a device goes, by the bus type it wants: what provides the bus, and the bus's name."""
_NOWHERE: tuple[tuple[str, ...], None] = ((), None)
_AT_THE_ROOT = ((), "pcie.0")
_ROOTED = frozenset({"virtio-iommu-pci"})  #: PCI devices that go nowhere else
ON_SYSTEM_BUS = frozenset({"ramfb", "intel-iommu"})
_CARD = "igb"  #: brings virtual functions along, which nobody can plug
_BUSLESS = frozenset({"vmcoreinfo", "vmgenid", "nvme-subsys", "ipmi-bmc-sim"})

SET_UP = (
    *("-blockdev", "null-co,node-name=disk", "-chardev", "null,id=line", "-netdev", "hubport,id=net,hubid=0"),
    *("-audiodev", "none,id=sound", "-object", "memory-backend-ram,size=1M,share=on,id=mem"),
    *("-object", "cryptodev-backend-builtin,id=crypto", "-fsdev", "local,id=files,path=/tmp,security_model=none"),
)
_NEEDS: dict[str, dict[str, Any]] = {
    **{
        name: {"chassis": 9} for name in ("pcie-root-port", "ioh3420", "xio3130-downstream", "cxl-downstream", "cxl-rp")
    },
    **{name: {"chassis_nr": 1} for name in ("pci-bridge", "pci-bridge-seat")},
}
"""What some must be told."""

_VARIANTS = ("", "-transitional", "-non-transitional")
BACKENDS: dict[str, dict[str, Any]] = {
    **{
        name: {"drive": "disk"}
        for name in (
            *(f"virtio-blk-pci{variant}" for variant in _VARIANTS),
            *("scsi-hd", "ide-hd", "ide-cf", "usb-storage", "nvme-ns", "ufs-lu"),
        )
    },
    **{name: {"chardev": "line"} for name in ("isa-serial", "isa-parallel", "isa-debugcon", "usb-serial")},
    "usb-braille": {"chardev": "line"},
    **{name: {"chardev": "line"} for name in ("virtserialport", "virtconsole")},
    **{
        name: {"audiodev": "sound"}
        for name in (
            *("AC97", "ES1370", "virtio-sound-pci", "usb-audio", "hda-duplex", "hda-micro", "hda-output"),
            *("sb16", "gus", "adlib", "cs4231a"),
        )
    },
    **{f"virtio-9p-pci{variant}": {"fsdev": "files", "mount_tag": "tag"} for variant in _VARIANTS},
    "nvme": {"serial": "1"},
    "usb-net": {"netdev": "net"},
    "usb-redir": {"chardev": "line"},
    "ccid-card-passthru": {"chardev": "line"},
    "usb-mtp": {"rootdir": "/tmp"},
    **{name: {"memdev": "mem"} for name in ("ivshmem-plain", "acpi-erst")},
    "virtio-crypto-pci": {"cryptodev": "crypto"},
    "cxl-type3": {"volatile-memdev": "mem"},
}
"""What some can do with, or cannot do without."""
_GIVEN = frozenset(name for needs in BACKENDS.values() for name in needs)

_OTHER_IDS = ("x", "dev0", "net1", "pci.9")
"""Where a bus stands among the other names depends on the id; several ids tell more of when it was added."""
_BARE_ID, _BARE = "bare", {"edid": False}
"""So does a device with less in it."""

_FUNCTION = ("bus master container[0]", "bus master[0]")
_MSIX = ("msix-table[0]", "msix-pba[0]")
_XHCI = ("xhci-core", "p2", "legacy-host", "streams", "p3", "host", *_FUNCTION, "@.0", *_MSIX)
_PIIX_IDE = (
    *("isa-irq[0]", "isa-irq[1]", _FUNCTION[0], "piix-bmdma-container[0]", "piix-bmdma[0]", "bmdma[0]"),
    *("piix-bmdma[1]", "bmdma[1]", "@.0", "@.1", _FUNCTION[1]),
)
_KNOWN_ORDERS: dict[str, tuple[str, ...]] = {
    "nec-usb-xhci": _XHCI,
    "qemu-xhci": _XHCI,
    "ich9-ahci": ("ahci[0]", "ahci-idp[0]", *_FUNCTION, *(f"@.{port}" for port in range(6))),
    "isa-fdc": ("bootindexA", "bootindexB", "fdc[0]", "fdc[1]", "@.0"),
    "isa-ide": ("@.0", "ide[0]", "ide[1]"),
    "nvme": ("bootindex", "smart_critical_warning", *_FUNCTION, "@", "nvme-bar0[0]", "nvme[0]", *_MSIX),
    "piix3-ide": _PIIX_IDE,
    "piix4-ide": _PIIX_IDE,
    "mptsas1068": (*_FUNCTION, "mptsas-mmio[0]", "mptsas-io[0]", "mptsas-diag[0]", "@.0"),
    "vmxnet3": (
        *("bootindex", *_FUNCTION, "vmxnet3-b0[0]", "vmxnet3-b1[0]", "vmxnet3-msix-bar[0]", *_MSIX, "vmxnet3.rom[0]"),
    ),
    "pci-serial-4x": (
        *(f"serial[{port}]" for port in range(4)),
        *(*_FUNCTION, "multiserial[0]", *(f"uart #{port}[0]" for port in range(1, 5))),
    ),
    "igbvf": (*_FUNCTION, "igbvf-mmio[0]", "igbvf-msix[0]", *_MSIX),
    "bochs-display": (
        *("big-endian-framebuffer", *_FUNCTION, "bochs-display-vram[0]", "bochs dispi interface[0]"),
        *("qemu extended regs[0]", "bochs-display-mmio[0]", "edid[0]", "bochs-display.rom[0]"),
    ),
    "vmware-svga": (
        *(_FUNCTION[0], "vmsvga-io[0]", "vga.vram[0]", "vga-lowmem[0]", *(f"vga[{part}]" for part in range(5))),
        *("vbe[0]", "vmware_vga.rom[0]", _FUNCTION[1]),
    ),
}
"""The orders in which devices add their names, where the few lists that are asked for leave several to choose from."""

# These depend on where the device is, or on others of its kind.
_PLACED = frozenset(
    {
        *("type", "parent_bus", "realized", "hotplugged", "hotpluggable", "addr", "legacy-addr"),
        *("mac", "sas_address", "aw-bits", "primary-bus", "disable-legacy", "chassis", "chassis_nr"),
        *("unit", "serial", "nr", "cad", "lun", "scsi-id", "channel", "iobase", "irq", "index", "subsys", "port"),
    }
)
# IOMMUs have some of these for each PCI function there is.
_OF_OTHERS = re.compile(r"(vtd-|virtio-iommu-memory-region|system\[)")
_FIRST = _FUNCTION
_COLD = frozenset({"HDA", "IDE", "ISA", "floppy-bus", "nvme-bus"})
_BACKEND = "virtio-backend"
_TRIES = 5_000


def record_plugged(qemu: str, devices: Rows, properties: Mapping[str, Any]) -> dict[str, Rows]:
    """The parts "plugged", "plugged-entries" and "refused". ``properties``: what qom-list-properties says of types."""
    recorder = PlugRecorder(properties)
    recorder.record(qemu, devices)
    return recorder.parts()


class PlugRecorder:
    """Rows of the parts "plugged" and "refused", and the pool of entry lists they point into.

    A device that QEMU takes is [type, properties of its class, names in the order in which they were added to it,
    values, objects below it]. Names stand as [name, QOM type], values only where they differ from the defaults, objects
    as [path from the device on, type, position of its entries, values]. A refused one is [type, class, text], and the
    names of the properties that help, if that is known.
    """

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._properties = properties  #: type to what qom-list-properties says
        self._pool: dict[str, int] = {}
        self.plugged: Rows = []
        self.refused: Rows = []

    def parts(self) -> dict[str, Rows]:
        return {
            "plugged": self.plugged,
            "plugged-entries": [json.loads(text) for text in self._pool],
            "refused": self.refused,
        }

    def record(self, qemu: str, devices: Rows) -> None:
        """Plug a device of each user-creatable type among the ``devices`` rows on a bus that can be provided.

        Those that cannot come at run time are there from the start. One without properties lacks a module that is not
        installed, and nothing can be made of it.
        """
        for name, bus, user_creatable, hotpluggable, _, _ in devices:
            placed = bus in PLACES or name in _BUSLESS or name in ON_SYSTEM_BUS
            if user_creatable and placed and name in self._properties:
                self._record_one(qemu, name, bus, cold=hotpluggable is False or bus in _COLD or bus is None)
            if name == _CARD and name in self._properties:
                self._record_virtual_function(qemu)

    def _record_virtual_function(self, qemu: str) -> None:
        """One of those that come with a network card."""
        with Peer(qemu, *_MACHINE) as peer:
            peer.ask("device_add", driver=_CARD, bus="rp0")
            path = peer.ask("qom-get", path=f"{_PORT}/rp0", property="child[1]")
            self._add_row(path, dict(walk(peer, path)), {}, _FIRST)

    def _record_one(self, qemu: str, name: str, bus: str | None, *, cold: bool) -> None:
        needs = _NEEDS.get(name, {})
        try:
            objects, listings = self._plug(qemu, name, bus, needs, cold)
        except (QemuError, PeerDied) as refusal:
            text = _general(refusal.desc if isinstance(refusal, QemuError) else str(refusal).rpartition("}: ")[2])
            told = list(BACKENDS.get(name, {}))
            self.refused.append([name, ErrorClass.GENERIC.value, text, *([told] if told else [])])
            if name not in BACKENDS:
                return
            objects, listings = self._plug(qemu, name, bus, {**needs, **BACKENDS[name]}, cold)
        self._add_row(_PATH, objects, listings, _FIRST[:1] if cold else _FIRST)

    def _plug(
        self, qemu: str, name: str, bus: str | None, needs: dict[str, Any], cold: bool
    ) -> tuple[dict[str, Recorded], dict[str, list[str]]]:
        """All objects of a device, and the names of its entries when it has another id."""
        provider, bus_name = _AT_THE_ROOT if name in _ROOTED else PLACES.get(bus or "", _NOWHERE)
        objects: dict[str, Recorded] = {}
        listings = {}
        can_be_bare = not cold and any(entry["name"] in _BARE for entry in self._properties[name])
        for device_id in (_ID, *[_BARE_ID] * can_be_bare, *_OTHER_IDS):
            options = {**needs, **_BARE} if device_id == _BARE_ID else needs
            device = {"driver": name, "id": device_id, **({"bus": bus_name} if bus_name else {}), **options}
            arguments = (*_MACHINE, *provider, *(SET_UP if needs or cold else ()))
            with Peer(qemu, *arguments, *(("-device", json.dumps(device)) if cold else ())) as peer:
                if not cold:
                    peer.ask("device_add", **device)
                if device_id == _ID:
                    objects = dict(walk(peer, _PATH))
                    has_bus = any(_ID in entry for entry, _ in objects[_PATH].entries)
                else:
                    listings[device_id] = [entry["name"] for entry in peer.ask("qom-list", path=f"{_ALL}/{device_id}")]
            if not has_bus and not (can_be_bare and device_id == _ID):
                break
        return objects, listings

    def _add_row(
        self, top: str, objects: dict[str, Recorded], listings: dict[str, list[str]], first: tuple[str, ...]
    ) -> None:
        """The row of the device at ``top``; a virtio device behind a PCI function has a row of its own.

        ``listings`` are the names of its entries when it has another id, ``first`` those that it adds before others.
        """
        device = objects[top]
        if any(row[0] == device.type for row in self.plugged):
            return
        entries = self._properties[device.type]
        kinds = dict(device.entries)
        shared = _common(device.entries, [(entry["name"], entry["type"]) for entry in entries])
        known = {entry["name"]: initial_value(entry) for entry in entries}
        behind = f"{top}/{_BACKEND}"
        if behind in objects:
            self._add_row(behind, {path: found for path, found in objects.items() if path.startswith(behind)}, {}, ())
            order = [_general(name) for name in list(kinds)[shared:] if name not in known]
        else:
            guess = _KNOWN_ORDERS.get(device.type, ())
            shared, order = _split({_ID: list(kinds), **listings}, shared, known, first, guess)
        self.plugged.append(
            [
                *(device.type, shared),
                [[name, kinds[name.replace(OWN_ID, _ID)]] for name in order if not _OF_OTHERS.match(name)],
                _values(top, device, known),
                [
                    self._object(top, path, found)
                    for path, found in objects.items()
                    if path != top
                    and not path.startswith(behind)
                    and not _OF_OTHERS.match(path.removeprefix(f"{top}/"))
                ],
            ]
        )

    def _object(self, top: str, path: str, recorded: Recorded) -> list[Any]:
        entries = [(_general(name), kind) for name, kind in recorded.entries]
        position = self._pool.setdefault(json.dumps(entries), len(self._pool))
        values = [
            None
            if name == "type" or kind.startswith(CHILD)
            else [_general(answer.error["desc"])]
            if (answer := recorded.answers[name]).error is not None
            else _relative(answer.value, top)
            for name, kind in recorded.entries
        ]
        return [_general(path.removeprefix(f"{top}/")), recorded.type, position, values]


def _general(text: str) -> str:
    """A name or a message with the placeholder for the device's id."""
    return text.replace(_ID, OWN_ID)


def _values(top: str, device: Recorded, known: Mapping[str, Any]) -> dict[str, Any]:
    """What properties read that do not depend on where the device is, unless it is what ``known`` has.

    One that an inner object refuses to read has that object's [text].
    """
    values = {}
    for name, kind in device.entries:
        answer = device.answers[name]
        if name in _PLACED or name in _GIVEN or kind.startswith(CHILD):
            continue
        if answer.error is None:
            if known.get(name) != answer.value:
                values[name] = _relative(answer.value, top)
        elif f"'{device.type}." not in answer.error["desc"]:
            values[name] = [_general(answer.error["desc"])]
    return values


def _common(listed: list[tuple[str, str]], described: list[tuple[str, str]]) -> int:
    """How many entries both lists begin with: the properties of the class."""
    pairs = zip(listed, described, strict=False)
    return next(
        (number for number, (one, other) in enumerate(pairs) if one != other or one[1].startswith(CHILD)),
        min(len(listed), len(described)),
    )


def _relative(value: Any, top: str) -> Any:
    if not isinstance(value, str):
        return value
    for path, placeholder in ((top, OWN_ID), (_PORT, UPSTREAM)):
        if value == path or value.startswith(f"{path}/"):
            return placeholder + _general(value.removeprefix(path))
    return value


def _split(
    listings: dict[str, list[str]],
    shared: int,
    known: Mapping[str, Any],
    first: tuple[str, ...] = _FIRST,
    guess: tuple[str, ...] = (),
) -> tuple[int, list[str]]:
    """Where the class's properties end, at most ``shared``, and an order in which the others may have been added.

    ``listings`` are the names of all properties in QEMU's order, for several ids of the device.
    """
    for number in range(shared, shared - 4, -1):
        order = insertion_order({name: listing[number:] for name, listing in listings.items()}, known, first, guess)
        if order is not None:
            return number, order
    raise ValueError(f"no order explains {listings}")


def insertion_order(
    listings: dict[str, list[str]],
    known: Mapping[str, Any],
    first: tuple[str, ...] = _FIRST,
    guess: tuple[str, ...] = (),
) -> list[str] | None:
    """An order in which QEMU may have added the names that it lists like this, None if there is none.

    Names of its buses have the placeholder in the order. It is ``guess`` if that explains the lists; else those
    ``known`` before the device was plugged came first, then ``first``; the rest is found by trying.
    """
    wanted = {name: listing[::-1] for name, listing in listings.items()}
    names = [_general(name) for name in wanted[_ID]]
    chance = random.Random(1)
    before = [name for name in names if name in known]
    order = before + [name for name in first if name in names]
    movable = [(0, len(before)), (len(order), len(names))]
    movable = [(low, high) for low, high in movable if high - low > 1]
    order += [name for name in names if name not in order]
    if sorted(guess) == sorted(names) and not _distance(list(guess), wanted):
        return list(guess)
    cost = _distance(order, wanted)
    for _ in range(_TRIES):
        if not cost or not movable:
            break
        low, high = chance.choice(movable)
        trial = list(order)
        trial.insert(chance.randrange(low, high), trial.pop(chance.randrange(low, high)))
        trial_cost = _distance(trial, wanted)
        if trial_cost <= cost or chance.random() < 0.01:
            order, cost = trial, trial_cost
    return None if cost else order


def _distance(order: list[str], wanted: dict[str, list[str]]) -> int:
    """In how many places the names, added in this ``order``, would be listed otherwise."""
    distance = 0
    for device_id, names in wanted.items():
        added = [name.replace(OWN_ID, device_id) for name in order]
        present = list(GHashOrder([name for name in added if name in names]))
        distance += sum(one != other for one, other in zip(present, names, strict=False))
        distance += len(names) - len(present)
    return distance
