"""Records what QEMU says about its machine types and CPU models, and what old machine versions set otherwise."""

from __future__ import annotations

import json
from typing import Any

from qmpd.catalogue.catalogue import family_of
from qmpd.catalogue.record.peer import Peer, PeerDied
from qmpd.catalogue.record.trees import RTC, walk
from qmpd.catalogue.tree import CHILD
from qmpd.errors import QemuError

Rows = list[Any]
Defaults = dict[str, dict[str, Any]]

_LINK = "link<"
_VOLATILE = frozenset({"rtc-time", "date"})

# Devices whose properties a machine version may set otherwise, in a machine that can have them.
_MEMORY_DEVICES = (
    *("-m", "128M,slots=4,maxmem=4G", "-nodefaults"),
    *("-object", "memory-backend-ram,id=m0,size=128M", "-device", "pc-dimm,memdev=m0"),
    *("-object", "memory-backend-ram,id=m1,size=128M", "-device", "nvdimm,memdev=m1"),
    *("-object", "memory-backend-ram,id=m2,size=128M", "-device", "virtio-mem-pci,memdev=m2"),
    *("-object", "memory-backend-ram,id=m3,size=128M", "-device", "virtio-pmem-pci,memdev=m3"),
    *("-device", "virtio-balloon-pci", "-device", "virtio-rng-pci"),
)
_FAMILIES = {
    "pc-q35": (*_MEMORY_DEVICES, "-device", "pcie-root-port"),
    "pc-i440fx": _MEMORY_DEVICES,
}


def record_machines(peer: Peer) -> Rows:
    """Rows [name, what query-machines says of it] in QEMU's order."""
    return [[entry["name"], entry] for entry in peer.ask("query-machines")]


def record_compat_props(peer: Peer) -> dict[str, Rows]:
    """What query-machines tells of versions: parts "compat-props" and "machine-compat-props".

    A pool of [type, property, value], and rows [machine, machine whose list begins its own or null, positions of the
    rest]. Machines stand behind those that they refer to.
    """
    pool: dict[str, int] = {}
    lists: dict[str, list[int]] = {}
    try:
        machines = peer.ask("query-machines", **{"compat-props": True})
    except QemuError:  # before 9.1
        machines = []
    for entry in machines:
        props = [json.dumps([prop["qom-type"], prop["property"], prop["value"]]) for prop in entry["compat-props"]]
        lists[entry["name"]] = [pool.setdefault(prop, len(pool)) for prop in props]
    rows: Rows = []
    for name, positions in sorted(lists.items(), key=lambda item: len(item[1])):
        begins = [row[0] for row in rows if lists[row[0]] and positions[: len(lists[row[0]])] == lists[row[0]]]
        base = begins[-1] if begins else None
        rows.append([name, base, positions[len(lists[base]) if base else 0 :]])
    return {"machine-compat-props": rows, "compat-props": [json.loads(text) for text in pool]}


def record_options(peer: Peer) -> Rows:
    """Rows [option, what query-command-line-options says of it] in QEMU's order."""
    return [[entry["option"], entry] for entry in peer.ask("query-command-line-options")]


def record_cpus(qemu: str, machines: list[str]) -> dict[str, Rows]:
    """The parts "cpus" (rows [name, entry]), "machine-cpus" ([machine, group]) and "cpu-groups" ({name: changes}).

    Changes are members of the entry with their other value, or with null where the entry lacks the member.
    """
    with Peer(qemu, "-machine", "none") as peer:
        common = _cpu_entries(peer)
    groups: dict[str, int] = {}
    members: Rows = []
    for machine in machines:
        try:
            with Peer(qemu, "-machine", machine) as peer:
                entries = _cpu_entries(peer)
        except PeerDied:
            continue  # a machine that does not start without more options
        other = {name: _patch(common[name], entry) for name, entry in entries.items() if entry != common[name]}
        if other:
            members.append([machine, groups.setdefault(json.dumps(other), len(groups))])
    return {
        "cpus": [[name, entry] for name, entry in common.items()],
        "machine-cpus": members,
        "cpu-groups": [json.loads(text) for text in groups],
    }


def _patch(common: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry.get(key) for key in {**common, **entry} if entry.get(key) != common.get(key)}


def _cpu_entries(peer: Peer) -> dict[str, Any]:
    return {entry["name"]: entry for entry in peer.ask("query-cpu-definitions")}


def record_compat(qemu: str, machines: Rows) -> dict[str, Rows]:
    """What differs from the newest machine of a family: parts "compat" and "compat-values".

    Rows [machine, {type: position}], and the pool of {property: value} they point into.
    """
    rows: Rows = []
    pool: dict[str, int] = {}
    for family, arguments in _FAMILIES.items():
        names = [name for name, _ in machines if family_of(name) == family]
        newest = next(name for name, entry in machines if name in names and "alias" in entry)
        baseline = _defaults(qemu, newest, arguments)
        for name in names:
            if name != newest:
                try:
                    defaults = _defaults(qemu, name, arguments)
                except PeerDied:
                    continue  # a machine too old for hot-plugged memory
                changes = _differences(defaults, baseline)
                positions = {kind: pool.setdefault(json.dumps(values), len(pool)) for kind, values in changes.items()}
                rows.append([name, positions])
    return {"compat": rows, "compat-values": [json.loads(text) for text in pool]}


def _defaults(qemu: str, machine: str, arguments: tuple[str, ...]) -> Defaults:
    """The properties of the machine ("machine") and of the first device of each type."""
    found: Defaults = {}
    with Peer(qemu, "-machine", f"{machine},nvdimm=on", *arguments, "-rtc", RTC[0]) as peer:
        for path, recorded in walk(peer, "/machine"):
            kind = "machine" if path == "/machine" else recorded.type
            if (kind == "machine" or "realized" in recorded.answers) and kind not in found:
                found[kind] = {
                    name: recorded.answers[name].value
                    for name, entry_type in recorded.entries
                    if not entry_type.startswith((CHILD, _LINK)) and name not in _VOLATILE
                }
    return found


def _differences(defaults: Defaults, baseline: Defaults) -> Defaults:
    differing = {
        kind: {name: value for name, value in values.items() if name != "type" and baseline[kind].get(name) != value}
        for kind, values in defaults.items()
        if kind in baseline
    }
    return {kind: values for kind, values in differing.items() if values}
