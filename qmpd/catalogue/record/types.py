"""Records the QOM types: their ancestry, their properties, and what is known of the devices among them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from qmpd.catalogue.catalogue import is_listed_for_devices
from qmpd.catalogue.record.peer import Peer, PeerDied
from qmpd.errors import QemuError

Rows = list[Any]

_INTERFACE = "interface"
_SYS_BUS_DEVICE = "sys-bus-device"
_QDM_LINE = re.compile(r'name "([^"]+)"(?:, bus ([^,]+))?(?:, alias "([^"]*)")?(?:, desc "(.*)")?(, no-user)?')

# Between them these have a bus for most kinds of device, so that QEMU gets as far as the question of hot-plugging.
_PLUG_MACHINES = (
    (
        *("-machine", "q35", "-m", "128M,slots=4,maxmem=1G"),
        *("-device", "pcie-root-port,id=rp0", "-device", "virtio-scsi-pci", "-device", "qemu-xhci,id=xhci"),
        *("-device", "virtio-serial-pci", "-device", "usb-ccid", "-device", "intel-hda", "-device", "sdhci-pci"),
        *("-device", "ufs", "-device", "tpci200", "-device", "isa-fdc", "-device", "vmbus-bridge"),
        *("-device", "nvme,serial=1"),
    ),
    ("-machine", "microvm"),
)
_PCI_BUS = {"PCI": "rp0"}
_NO_SUCH_PROPERTY = "no-such-property"


def record_types(peer: Peer) -> Rows:
    """Rows [name, parent, abstract, interfaces added to the parent's] in QEMU's order."""
    listed = peer.ask("qom-list-types", abstract=True)
    parents: dict[str, str | None] = {entry["name"]: entry.get("parent") for entry in listed}
    interfaces = [name for name in parents if _INTERFACE in list(_line(name, parents))]
    members = {
        interface: {entry["name"] for entry in peer.ask("qom-list-types", implements=interface, abstract=True)}
        for interface in interfaces
        if interface != _INTERFACE
    }

    def added(name: str) -> list[str]:
        if name in interfaces:
            return []
        parent = parents[name]
        return [interface for interface, names in members.items() if name in names and parent not in names]

    return [
        [name, parents[name], entry.get("abstract", False), added(name)] for entry in listed for name in [entry["name"]]
    ]


def _line(name: str | None, parents: dict[str, str | None]) -> Iterator[str]:
    while name is not None:
        yield name
        name = parents[name]


# properties


@dataclass
class PropertyRecorder:
    """Rows of all types' property lists, and the pool of descriptors they point into.

    A row is [name, QOM list, device list]. A list is positions in the pool; or the name of an earlier type with the
    same; or QEMU's refusal as {"class", "desc"}; or null where the question kills QEMU. A device list may be true:
    the QOM list without what QEMU hides.
    """

    ask: Callable[[str, str], Any]  #: (command, type) -> reply, None if the question is deadly; raises QemuError
    rows: Rows = field(default_factory=list)
    _pool: dict[str, int] = field(default_factory=dict)
    _first: dict[tuple[int, str], str] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """Record both lists of the type ``name``."""
        device = self._ask("device-list-properties", name)  # first: before QEMU 8 only this loads a type's module
        qom = self._ask("qom-list-properties", name)
        if isinstance(qom, list) and device == [entry for entry in qom if is_listed_for_devices(entry["name"])]:
            device = True
        self.rows.append([name, self._shared(0, name, qom), self._shared(1, name, device)])

    def descriptors(self) -> Rows:
        """The pool, by position."""
        return [json.loads(text) for text in self._pool]

    def described(self) -> dict[str, list[dict[str, Any]]]:
        """The QOM list of each type that has one."""
        pool, lists = self.descriptors(), {}
        for name, qom, _ in self.rows:
            if isinstance(qom, list):
                lists[name] = [pool[position] for position in qom]
            elif isinstance(qom, str) and qom in lists:
                lists[name] = lists[qom]
        return lists

    def _ask(self, command: str, name: str) -> Any:
        try:
            return self.ask(command, name)
        except QemuError as error:
            return {"class": error.error_class.value, "desc": error.desc}

    def _shared(self, column: int, name: str, answer: Any) -> Any:
        if answer is None or answer is True:
            return answer
        if isinstance(answer, list):
            answer = [self._pool.setdefault(json.dumps(entry), len(self._pool)) for entry in answer]
        first = self._first.setdefault((column, json.dumps(answer)), name)
        return answer if first == name else first


class Survivor:
    """Puts questions to one QEMU after another.

    One that dies over a question may have died of an earlier one (of objects that did not clean up), so a fresh one is
    asked again; if that dies too, the answer is None.
    """

    def __init__(self, start: Callable[[], Peer]) -> None:
        self._start = start
        self._peer = start()

    def ask(self, command: str, **arguments: Any) -> Any:
        for _ in range(2):
            try:
                return self._peer.ask(command, **arguments)
            except PeerDied:
                self._peer.close()
                self._peer = self._start()
        return None

    def close(self) -> None:
        self._peer.close()


def record_properties(start: Callable[[], Peer], names: list[str]) -> PropertyRecorder:
    """Both property lists of every type."""
    survivor = Survivor(start)
    recorder = PropertyRecorder(lambda command, name: survivor.ask(command, typename=name))
    try:
        for name in names:
            recorder.add(name)
    finally:
        survivor.close()
    return recorder


# devices


@dataclass(frozen=True)
class _QdmLine:
    name: str
    bus: str | None
    alias: str | None
    desc: str | None
    user_creatable: bool


def record_devices(qemu: str, types: Rows, machines: list[str]) -> tuple[Rows, Rows]:
    """Rows [name, bus, user creatable, hotpluggable, description, machines that take it], and rows [alias, name].

    ``machines``: those to ask which dynamic system-bus devices they take.
    """
    with Peer(qemu, "-machine", "none") as peer:
        text = peer.ask("human-monitor-command", **{"command-line": "info qdm"})
    lines = {line.name: line for line in _qdm_lines(text)}
    verdicts = _hotpluggable(qemu, [line for line in lines.values() if line.user_creatable])
    parents = {row[0]: row[1] for row in types}
    on_system_bus = [
        line.name for line in lines.values() if line.user_creatable and _SYS_BUS_DEVICE in _line(line.name, parents)
    ]
    takers = {machine: _dynamic_system_bus(qemu, machine, on_system_bus) for machine in machines}
    rows = [
        [
            *(line.name, line.bus, line.user_creatable, verdicts.get(line.name), line.desc),
            [machine for machine, names in takers.items() if line.name in names],
        ]
        for line in lines.values()
    ]
    return rows, [[line.alias, line.name] for line in lines.values() if line.alias]


def _qdm_lines(text: str) -> Iterator[_QdmLine]:
    for line in text.splitlines():
        if match := _QDM_LINE.fullmatch(line):
            name, bus, alias, desc, no_user = match.groups()
            yield _QdmLine(name, bus, alias, desc, no_user is None)


def _hotpluggable(qemu: str, lines: list[_QdmLine]) -> dict[str, bool]:
    """What each class says of hot-plugging, where QEMU can be brought to tell."""
    verdicts: dict[str, bool] = {}
    names = {line.name for line in lines}
    for arguments in (_known_only(machine, names) for machine in _PLUG_MACHINES):
        survivor = Survivor(partial(Peer, qemu, *arguments))
        for line in lines:
            bus = {"bus": _PCI_BUS[line.bus]} if line.bus in _PCI_BUS and "q35" in arguments else {}
            verdict = _plug_verdict(survivor, line.name, bus)
            if verdict is not None:
                verdicts.setdefault(line.name, verdict)
        survivor.close()
    return verdicts


def _known_only(arguments: tuple[str, ...], names: set[str]) -> tuple[str, ...]:
    """The options without those for devices that this QEMU does not have."""
    kept: list[str] = []
    for option, value in zip(arguments[::2], arguments[1::2], strict=True):
        if option != "-device" or value.partition(",")[0] in names:
            kept += [option, value]
    return tuple(kept)


def _plug_verdict(survivor: Survivor, name: str, bus: dict[str, str]) -> bool | None:
    """QEMU checks class, bus and hot-plugging before properties, so a wrong one keeps the device from being made."""
    try:
        survivor.ask("device_add", driver=name, **bus, **{_NO_SUCH_PROPERTY: 1})
    except QemuError as error:
        if error.desc == f"Device '{name}' does not support hotplugging":
            return False
        asked_the_class_first = (
            f"Property '{name}.",
            "Bus '",
            f"Device '{name}' can not be hotplugged on this machine",
        )
        return True if error.desc.startswith(asked_the_class_first) else None
    return None


def _dynamic_system_bus(qemu: str, machine: str, names: list[str]) -> set[str]:
    refusal = "Parameter 'driver' expects a dynamic sysbus device type for the machine"
    taken = set()
    with Peer(qemu, "-machine", machine) as peer:
        for name in names:
            try:
                peer.ask("device_add", driver=name, **{_NO_SUCH_PROPERTY: 1})
            except QemuError as error:
                if error.desc != refusal:
                    taken.add(name)
    return taken
