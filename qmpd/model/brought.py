"""What a device brings along that nothing here models: objects and buses, as the catalogue recorded them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd.catalogue.brought import BroughtObject
from qmpd.errors import QemuError
from qmpd.model.attachments import read
from qmpd.model.bus import Bus
from qmpd.model.recorded import RecordedObject

if TYPE_CHECKING:
    from qmpd.model.catalogue_device import CatalogueDevice


_VIDEO = ("vga.vram[0]", "bochs-display-vram[0]")
MIB = 1 << 20
_MOST_VGA_MEMORY = 512 * MIB


def video_memory(card: CatalogueDevice) -> int | None:
    """How much a graphics card has that can be told, in bytes: rounded up to a power of two (hw/display/vga.c)."""
    if "vgamem_mb" in card.properties:
        size: int = min(max(card.value("vgamem_mb") * MIB, MIB), _MOST_VGA_MEMORY)
    elif "vgamem" in card.properties:
        size = card.value("vgamem")
    else:
        return None
    return 1 << (size - 1).bit_length()


class BroughtNode(RecordedObject):
    """An object inside the device ``owner``."""

    def __init__(self, owner: CatalogueDevice, recorded: BroughtObject) -> None:
        super().__init__(owner.machine.catalogue, recorded.type, dict(recorded.entries))
        self._owner = owner
        self._values = dict(zip(self._kinds, recorded.values, strict=True))

    def value(self, name: str) -> Any:
        if name == "type":
            return self.type
        if name == "chardev" and name in self._owner.properties:
            return read(self._owner, name)
        if name == "size" and self.name in _VIDEO:
            return video_memory(self._owner) or self._values[name]
        value = self._values[name]
        if isinstance(value, list) and len(value) == 1:
            raise QemuError(value[0])
        return self._owner.hotplugged if name == "hotplugged" else self._owner.placed(value)

    def move(self, address: int) -> None:
        """Be at another address than when it was recorded."""
        self._values["addr"] = address


class BroughtBus(Bus):
    """A bus that ``owner`` provides. What handles hot plug on it is nothing, the bus itself, or the device.

    ``number`` counts those of its type, also the ones that have gone.
    """

    def __init__(self, name: str, owner: CatalogueDevice, recorded: BroughtObject) -> None:
        super().__init__(name, recorded.type, owner)
        self._catalogue = owner.machine.catalogue
        self.number = owner.machine.buses.count(recorded.type)
        names = [entry for entry, _ in recorded.entries]
        self._handler: str = recorded.values[names.index("hotplug-handler")]
        self._handles_itself = self._handler.endswith(f"/{recorded.path}")

    def is_a(self, type_name: str) -> bool:
        return super().is_a(type_name) or self._catalogue.is_a(self.type, type_name)

    @property
    def takes_hotplug(self) -> bool:
        return bool(self._handler)

    def own_handler_path(self) -> str:
        if not self._handler or self._handles_itself or self.owner is None:
            return self.path if self._handles_itself else ""
        return self.owner.path
