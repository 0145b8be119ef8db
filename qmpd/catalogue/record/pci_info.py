"""Records what ``query-pci`` says of a device of each type before any firmware has seen it, and of bare machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmpd.catalogue.record.peer import Peer, PeerDied
from qmpd.catalogue.record.plugged import BACKENDS, ON_SYSTEM_BUS, PLACES, SET_UP
from qmpd.catalogue.record.qtree import QtreeRecorder

Rows = list[Any]

_ID = "it"
_NO_VENDOR = 0xFFFF  #: of virtual functions
_PLACED = frozenset({"bus", "slot", "function", "qdev_id"})
_MACHINE = ("-machine", "q35", "-m", "128M,slots=2,maxmem=1G")
_MEMORY = ("-object", "memory-backend-ram,id=m0,size=128M,share=on")
_NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("pcie-root-port", "ioh3420"), ("chassis=9", ())),
    **dict.fromkeys(("pci-bridge", "pci-bridge-seat"), ("chassis_nr=1", ())),
    **{f"virtio-mem-pci{kind}": ("memdev=m0", _MEMORY) for kind in ("", "-non-transitional")},
    **{f"virtio-pmem-pci{kind}": ("memdev=m0", _MEMORY) for kind in ("", "-non-transitional")},
    "pxb-pcie": ("bus_nr=8", ()),
    "pxb-cxl": ("bus_nr=8", ("-machine", "cxl=on")),
    "pxb": ("bus_nr=8", ("-machine", "pc")),
}
"""What some must be told, and the options that make what it names."""


def record_pci_info(qemu: str, devices: Rows, machines: Mapping[str, str], shown: QtreeRecorder) -> dict[str, Rows]:
    """The parts "pci-info", rows [type, what is said of it], and "pci-machines", rows [family, all functions].

    ``shown`` takes in how the same devices look in the bus tree: the part "qtree".
    """
    for name in machines.values():
        with Peer(qemu, "-machine", name, defaults=True) as peer:
            shown.take(peer.ask("human-monitor-command", **{"command-line": "info qtree"}))
    for name, bus, creatable, *_ in devices:
        if creatable and bus != "PCI" and (bus in PLACES or name in ON_SYSTEM_BUS):
            _take(qemu, name, *PLACES.get(bus, ((), "")), shown)
    names = [row[0] for row in devices if row[1] == "PCI" and row[2]]
    return {
        "pci-info": list(_types(qemu, names, shown)),
        "qtree": shown.rows(),
        "pci-machines": [
            [family, functions] for family, name in machines.items() if (functions := _functions(qemu, name))
        ],
    }


def _types(qemu: str, names: list[str], shown: QtreeRecorder) -> Iterator[list[Any]]:
    for name in names:
        properties, options = _NEEDS.get(name) or _backend(name)
        device = ",".join(filter(None, (name, f"id={_ID}", properties)))
        try:
            with Peer(qemu, *_MACHINE, *options, "-device", device) as peer:
                buses = peer.ask("query-pci")
                shown.take(peer.ask("human-monitor-command", **{"command-line": "info qtree"}))
        except PeerDied:
            continue  # needs what a bare machine does not have
        # A bridge that an expander brings along has the same id.
        functions = next(bus["devices"] for bus in buses if not bus["bus"])
        for entry in (entry for entry in functions if entry["qdev_id"] == _ID):
            yield [name, _unplaced(entry)]
        virtual = [entry for entry in functions if entry["id"]["vendor"] == _NO_VENDOR]
        if virtual and name == "igb":
            yield ["igbvf", _unplaced(virtual[0])]


def _take(qemu: str, name: str, provider: tuple[str, ...], bus: str, shown: QtreeRecorder) -> None:
    """Let ``shown`` see a device of the type ``name`` on the ``bus`` of ``provider``, or where there is no choice."""
    properties, options = _backend(name)
    device = ",".join(filter(None, (name, bus and f"bus={bus}", properties)))
    try:
        with Peer(qemu, *_MACHINE, *provider, *options, "-device", device) as peer:
            shown.take(peer.ask("human-monitor-command", **{"command-line": "info qtree"}))
    except PeerDied:
        pass  # needs what a bare machine does not have


def _unplaced(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _PLACED}


def _backend(name: str) -> tuple[str, tuple[str, ...]]:
    needs = BACKENDS.get(name, {})
    return ",".join(f"{key}={value}" for key, value in needs.items()), SET_UP if needs else ()


def _functions(qemu: str, machine: str) -> list[dict[str, Any]]:
    with Peer(qemu, "-machine", machine) as peer:
        return [entry for bus in peer.ask("query-pci") for entry in bus["devices"]]
