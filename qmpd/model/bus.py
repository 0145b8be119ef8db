"""Buses: what sits on them, and how a path or a type leads to one (hw/core/bus.c, system/qdev-monitor.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol

from qmpd import errors
from qmpd.model.qom import BOOL, STRING, Object, Property, Root, resolve, resolve_link

SYSTEM_BUS = "main-system-bus"
SYSTEM_BUS_PATH = "/machine/unattached/sysbus"


class Sitter(Protocol):
    """What sits on a bus: a device that was plugged, or one that the machine was born with."""

    @property
    def type(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def device_id(self) -> str | None: ...

    @property
    def child_buses(self) -> list[Bus]:
        """The buses the device provides, the newest first."""
        ...


class BornDevice:
    """A device that the machine was born with; the catalogue knows what else there is to it.

    ``turn`` tells when the board made it, in the recording's numbers.
    """

    def __init__(self, type_name: str, path: str, turn: int = -1) -> None:
        self.type = type_name
        self.path = path
        self.turn = turn
        self.device_id: str | None = None
        self.child_buses: list[Bus] = []


def _set_handler(bus: Bus, value: object, typed: bool) -> None:
    name = "hotplug-handler"
    bus.other_handler = (resolve_link(bus, STRING.read(value, name, typed), name, name),)


def _set_realized(bus: Bus, value: object, typed: bool) -> None:
    if not BOOL.read(value, "realized", typed):
        raise errors.unrealize_unsupported(None, bus.type)


class Bus(Object):
    """A bus of the type ``bus_type``, called ``bus_name`` by users. ``sitters`` come the newest first.

    ``place`` is where the catalogue knows it, for buses that the machine is born with. ``other_handler`` holds what a
    client has set to handle hot plug here, None as well.
    """

    own_properties: ClassVar[tuple[Property, ...]] = (
        Property(
            "hotplug-handler", "link<hotplug-handler>", lambda bus: bus.handler_path(), _set_handler, instance=True
        ),
        Property("realized", "bool", lambda bus: True, _set_realized, instance=True),
    )
    largest: int | None = None
    other_handler: tuple[Object | None] | None = None

    def __init__(self, bus_name: str, bus_type: str, owner: Sitter | None, place: str = "") -> None:
        super().__init__()
        self.bus_name = bus_name
        self.bus_type = bus_type
        self.owner = owner
        self.place = place
        self.sitters: list[Sitter] = []
        self._attached = 0

    @property
    def type(self) -> str:
        return self.bus_type

    @property
    def path(self) -> str:
        return self.place or super().path

    @property
    def hotpluggable(self) -> bool:
        return self.takes_hotplug if self.other_handler is None else self.other_handler[0] is not None

    @property
    def takes_hotplug(self) -> bool:
        return False

    @property
    def full(self) -> bool:
        return self.largest is not None and len(self.sitters) >= self.largest

    def handler_path(self) -> str:
        """The path of what handles hot plug here, empty if nothing does."""
        if self.other_handler is None:
            return self.own_handler_path()
        (handler,) = self.other_handler
        return handler.path if handler is not None else ""

    def own_handler_path(self) -> str:
        return ""

    def attach(self, device: Sitter) -> None:
        """Let ``device`` sit on the bus; it is realized later."""
        self.sitters.insert(0, device)
        self._link(device)

    def attach_after(self, turn: int, device: Sitter, before: str = "") -> None:
        """Let ``device`` sit where the board put it: after those of up to this ``turn``, and ``before`` that type."""
        born = (sitter for sitter in self.sitters if isinstance(sitter, BornDevice))
        later = [sitter for sitter in born if sitter.turn > turn or sitter.type == before]
        self.sitters.insert(len(later), device)
        self.properties, self._order, self._attached = type(self).properties, None, 0  # type: ignore[misc]
        for sitter in reversed(self.sitters):
            self._link(sitter)

    def _link(self, device: Sitter) -> None:
        def follow(bus: Bus) -> Object | None:
            root = bus.root
            return (
                device if isinstance(device, Object) else resolve(root, device.path) if isinstance(root, Root) else None
            )

        name = f"child[{self._attached}]"
        self._attached += 1
        self.add_property(Property(name, f"link<{device.type}>", lambda bus: device.path, instance=True, link=follow))

    def detach(self, device: Sitter) -> None:
        self.sitters.remove(device)
        for name, prop in self.properties.items():
            if name.startswith("child[") and prop.get is not None and prop.get(self) == device.path:
                self.remove_property(name)
                return

    def leaving(self) -> list[Sitter]:
        """What sits here in the order in which it leaves if it must."""
        return list(self.sitters)

    def walk(self) -> Iterator[Bus]:
        """This bus and all behind it, as QEMU searches them: the newest devices first."""
        yield self
        for sitter in self.sitters:
            for bus in sitter.child_buses:
                yield from bus.walk()


def pick(top: Bus, matches: Callable[[Bus], bool]) -> Bus | None:
    """The first bus that matches, a full one only if all are."""
    found = None
    for bus in top.walk():
        if matches(bus):
            if not bus.full:
                return bus
            found = found or bus
    return found


def find_bus(top: Bus, path: str) -> Bus:
    """The bus that ``path`` names: a bus's name or nothing, then devices and buses in turn. Raises QEMU's text."""
    start, _, rest = path.partition("/")
    bus: Bus | None = top
    if start or not path:
        bus = pick(top, lambda candidate: candidate.bus_name == start)
        if bus is None:
            raise errors.bus_not_found(start)
    assert bus is not None
    parts = [part for part in rest.split("/") if part]
    for position in range(0, len(parts), 2):
        device = _find_device(bus, parts[position])
        if position + 1 == len(parts):
            bus = _only_bus(device, parts[position])
        else:
            bus = next((child for child in device.child_buses if child.bus_name == parts[position + 1]), None)
            if bus is None:
                raise errors.bus_not_found(parts[position + 1])
    if bus.full:
        raise errors.pci.bus_full(path)
    return bus


def _find_device(bus: Bus, name: str) -> Sitter:
    for sitter in bus.sitters:
        if sitter.device_id == name:
            return sitter
    for sitter in bus.sitters:
        if sitter.type == name:
            return sitter
    raise errors.device_not_found(name)


def _only_bus(device: Sitter, name: str) -> Bus:
    if not device.child_buses:
        raise errors.pci.device_without_bus(name)
    if len(device.child_buses) > 1:
        raise errors.pci.device_with_many_buses(name)
    return device.child_buses[0]
