"""The pictures and texts that a machine has started with, as objects below ``/backend`` (ui/console.c)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.qom import Container, Object, Property, computed

if TYPE_CHECKING:
    from qmpd.model.device import Device
    from qmpd.model.machine import Machine

_PAINTERS = frozenset(
    {
        *("VGA", "ati-vga", "bochs-display", "cirrus-vga", "isa-cirrus-vga", "isa-vga", "secondary-vga"),
        *("virtio-gpu-pci", "virtio-vga", "vmware-svga"),
    }
)
_OUTPUTS = "max_outputs"


class Picture(Object):
    """What a device paints, one of its ``heads``."""

    type_name = "qemu-graphic-console"
    own_properties: ClassVar[tuple[Property, ...]] = (
        Property(
            "device",
            "link<device>",
            lambda console: console.device.path if console.device.parent is not None else "",
            link=lambda console: console.device,
        ),
        computed("head", "uint32", lambda console: console.head),
    )

    def __init__(self, device: Object, head: int) -> None:
        super().__init__()
        self.device = device
        self.head = head


class Text(Object):
    """What is written to a character device that is shown to people; a ``fixed`` one has its own size."""

    def __init__(self, *, fixed: bool) -> None:
        super().__init__()
        self._fixed = fixed

    @property
    def type(self) -> str:
        return "qemu-fixed-text-console" if self._fixed else "qemu-text-console"


def show_consoles(machine: Machine, backend: Container) -> None:
    """Put them below ``backend``; those of devices that came later are not shown."""
    consoles: list[Object] = []
    for device in _at_start(machine):
        if device.type in _PAINTERS:
            heads = device.get_property(_OUTPUTS) if _OUTPUTS in device.properties else 1
            consoles += [Picture(device, head) for head in range(heads)]
    consoles += [Text(fixed=chardev.fixed) for chardev in machine.config.chardevs if chardev.backend == "vc"]
    for number, console in enumerate(consoles):
        backend.add_child(f"console[{number}]", console)


def _at_start(machine: Machine) -> Iterator[Device]:
    """The devices that were there when the machine started, in the order in which they came."""
    yield from machine.board_devices
    unnamed = 0
    for arguments in machine.config.devices:
        name = arguments.values.get("id")
        if name is None:
            found = machine.peripheral_anon.child(f"device[{unnamed}]")
            unnamed += 1
        else:
            found = machine.peripheral.child(name)
        if isinstance(found, CatalogueDevice) and not found.hotplugged:
            yield found
