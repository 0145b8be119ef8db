"""The pictures and texts that a machine has started with, as objects below ``/backend`` (ui/console.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from qmpd import errors
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.qom import Container, Object, Property, computed

if TYPE_CHECKING:
    from qmpd.model.device import Device
    from qmpd.model.machine import Machine

_PAINTERS = frozenset(
    {
        *("VGA", "ati-vga", "bochs-display", "cirrus-vga", "isa-cirrus-vga", "isa-vga", "ramfb", "secondary-vga"),
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
        consoles += [Picture(device, head) for head in range(heads(device))]
    consoles += [Text(fixed=chardev.fixed) for chardev in machine.config.chardevs if chardev.backend == "vc"]
    for number, console in enumerate(consoles):
        backend.add_child(f"console[{number}]", console)


def heads(device: Object) -> int:
    """How many pictures a device paints."""
    if device.type not in _PAINTERS:
        return 0
    return device.get_property(_OUTPUTS) if _OUTPUTS in device.properties else 1


def check(machine: Machine, name: str, head: int) -> None:
    """Raise QEMU's text for a name that is no device's, and of a device without such a picture."""
    device = machine.peripheral.child(name)
    if device is None:
        raise errors.device_not_found(name)
    if not 0 <= head < heads(device):
        raise errors.ui.console_not_bound(name, head)


def shown_by(machine: Machine, name: str | None) -> dict[str, str]:
    """What a remote display tells of the device that it shows: that of a name, or the first."""
    if name is None:
        name = next((device.device_id for device in _at_start(machine) if heads(device)), None)
    return {} if name is None else {"display": name}


def shows_anything(machine: Machine) -> bool:
    """Whether there is a picture or a text that somebody could look at."""
    boards: tuple[Iterable[Object], ...] = (
        machine.board_devices,
        machine.peripheral.children(),
        machine.peripheral_anon.children(),
    )
    return any(map(heads, chain(*boards))) or any(chardev.backend == "vc" for chardev in machine.config.chardevs)


def blank_picture(image_format: str) -> bytes:
    """What a screen shows on which nobody has ever painted, as a file of type ``ppm`` or ``png``."""
    width, height = 640, 480
    line = bytes(3 * width)
    if image_format == "ppm":
        return b"P6\n%d %d\n255\n" % (width, height) + line * height
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress((b"\0" + line) * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


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
