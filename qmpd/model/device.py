"""Devices: the properties every device has, and the two questions hot plug asks of it (hw/core/qdev.c)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.model.qom import BOOL, Kind, Object, Property, computed, link

if TYPE_CHECKING:
    from qmpd.model.bus import Bus
    from qmpd.model.machine import Machine


def _set_realized(device: Device, value: object, typed: bool) -> None:
    wanted = BOOL.read(value, "realized", typed)
    if wanted == device.realized:
        return
    if wanted:
        # QEMU 10.0.2 aborts on device_add with "realized": true; a device is realized by device_add alone.
        raise errors.realized_by_device_add(device.device_id, device.type)
    raise errors.unrealize_unsupported(device.device_id, device.type)


ANY_BUS = ""
"""The bus type of a class that stands for devices on several buses; the catalogue knows that of each."""


class Device(Object):
    """A device, under construction until it is realized.

    ``device_id`` is the id its user gave it, None without one. ``bus_type`` is what it sits on, None for nothing.
    """

    type_name = "device"
    bus_type: ClassVar[str | None] = None
    own_properties: ClassVar[tuple[Property, ...]] = (
        computed("parent_bus", "link<bus>", lambda device: device.bus.path if device.bus is not None else ""),
        Property("realized", "bool", lambda device: device.realized, _set_realized),
        computed("hotplugged", "bool", lambda device: device.hotplugged),
        computed("hotpluggable", "bool", lambda device: device.hotpluggable),
    )

    def __init__(self, machine: Machine, device_type: str = "") -> None:
        super().__init__()
        self.machine = machine
        self.device_id: str | None = None
        self.realized = False
        self.hotplugged = machine.ready
        self.bus: Bus | None = None
        self.child_buses: list[Bus] = []
        self._pending_until: int | None = None

    @property
    def label(self) -> str:
        """What to call the device by: its id, or its path without one."""
        return self.device_id or self.path

    @property
    def class_hotpluggable(self) -> bool:
        """Whether devices of this type may come and go while the machine runs, if their bus lets them."""
        return True

    @property
    def machine_takes_it(self) -> bool:
        """Whether the machine takes such devices while it runs if they sit on no bus."""
        return self.machine.family.hotplugs_dimms

    @property
    def hotpluggable(self) -> bool:
        return self.class_hotpluggable and (self.bus is None or self.bus.hotpluggable)

    def expect_unplug(self, until: int) -> None:
        """The guest was asked to let go, and may be asked again from ``until`` ms of its time on (0: never)."""
        self._pending_until = until

    @property
    def unplug_expected(self) -> bool:
        """Whether the guest was ever asked to let go of the device."""
        return self._pending_until is not None

    def unplug_pending(self, now: int) -> bool:
        """Whether it is too early to ask the guest again, at ``now`` ms of its time."""
        return self._pending_until is not None and (self._pending_until == 0 or self._pending_until > now)

    # The life of a device, in order. What may refuse comes first and changes nothing outside the device.

    def check_address(self) -> None:
        """Ask the bus whether the device may sit where it was told to. Raises QEMU's text."""

    def pre_plug(self) -> None:
        """Ask the machine whether it can take the device. Raises QEMU's text."""

    def realize(self) -> None:
        """Check what only the device itself knows, then take what it needs. Raises QEMU's text and changes nothing."""

    def plug(self) -> None:
        """Become part of the machine. Cannot fail."""

    def unplug_request(self) -> None:
        """Ask the guest to let go of the device. Raises QEMU's text when it cannot be asked."""

    def unplug(self) -> None:
        """Leave the machine, and give back what ``realize`` took."""

    def abandon(self, *, unplugged: bool) -> None:
        """Give back what the properties took; ``unplugged`` unless the device never came to be."""

    @property
    def is_freed(self) -> bool:
        """Whether QEMU, which tells of a device's end when it frees it, ever does so."""
        return True

    @property
    def frees_parts(self) -> bool:
        """Whether it ever frees those inside that leave with it."""
        return self.is_freed

    def parts(self) -> list[Object]:
        """The devices inside this one that leave with it, and are told of first."""
        return []

    def behind(self) -> Iterable[Device]:
        """The devices that leave before this one does: those on its buses."""
        return [sitter for bus in self.child_buses for sitter in bus.leaving() if isinstance(sitter, Device)]


def deletion(device: Object) -> dict[str, Any]:
    """What events about the end of ``device`` carry."""
    path, device_id = device.path, device.device_id if isinstance(device, Device) else None
    return {"path": path} if device_id is None else {"device": device_id, "path": path}


def leave(device: Device) -> list[dict[str, Any]]:
    """Take ``device`` out of the machine. The result is what there is to tell, one event for each part."""
    parts = device.parts()
    told = _leave_behind(device, parts)
    for part in parts:
        told += _leave_behind(part, []) if isinstance(part, Device) else []
    told += [deletion(part) for part in parts if device.frees_parts]
    told += [deletion(device)] if device.is_freed else []
    device.unplug()
    for part in (*parts, device):
        if isinstance(part, Device):
            part.abandon(unplugged=True)
    device.realized = False
    if device.bus is not None:
        device.bus.detach(device)
    device.unparent()
    return told


def _leave_behind(device: Device, parts: list[Object]) -> list[dict[str, Any]]:
    """Take out what sits on the buses of ``device``, less its own parts."""
    behind = [sitter for sitter in device.behind() if sitter not in parts]
    return [data for sitter in behind if sitter.parent is not None for data in leave(sitter)]


def _refuse_when_realized(device: Device, name: str) -> None:
    if device.realized:
        raise errors.set_after_realize(name, device.device_id, device.type)


def static(name: str, kind: Kind, *, field: str = "") -> Property:
    """A property that is fixed once the device is realized (hw/core/qdev-properties.c)."""
    field = field or name.replace("-", "_")

    def set_it(device: Any, value: object, typed: bool) -> None:
        _refuse_when_realized(device, name)
        setattr(device, field, kind.read(value, name, typed))

    return Property(name, kind.name, lambda device: getattr(device, field), set_it)


def static_link(name: str, target_type: str, *, field: str = "") -> Property:
    """A link that is fixed once the device is realized; a target that does not exist is reported first."""

    def check(device: Any) -> None:
        if device.realized:
            raise errors.set_link_after_realize(name, device.device_id, device.type)

    return link(name, target_type, field=field, check=check)
