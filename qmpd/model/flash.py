"""The flash chips that a PC may have for its firmware (hw/i386/pc_sysfw.c, hw/block/pflash_cfi01.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from qmpd import errors
from qmpd.errors import StartupError
from qmpd.model import ram
from qmpd.model.block.permissions import ALL, NONE, Permission
from qmpd.model.bus import SYSTEM_BUS, SYSTEM_BUS_PATH
from qmpd.model.catalogue_device import CatalogueDevice
from qmpd.model.hostmem import Region
from qmpd.model.qom import Property, computed

if TYPE_CHECKING:
    from qmpd.model.block.drive import Drive
    from qmpd.model.machine import Machine

_CHIPS = 2
_BLOCK = 512
_SECTOR = 4096
_END = 1 << 32
_LARGEST = 8 << 20


class FlashChip(CatalogueDevice):
    """One chip, with a drive behind."""

    own_properties: ClassVar[tuple[Property, ...]] = (
        computed("parent_bus", "link<bus>", lambda chip: SYSTEM_BUS_PATH),
    )

    def __init__(self, machine: Machine, number: int) -> None:
        super().__init__(machine, "cfi.pflash01")
        self.values |= {"name": f"system.flash{number}", "sector-length": _SECTOR, "width": 1}

    @property
    def hotpluggable(self) -> bool:
        return False

    def unplug_request(self) -> None:
        raise errors.bus_not_hotpluggable(SYSTEM_BUS)

    @property
    def drive(self) -> Drive:
        assert self.attached is not None
        return self.attached.drives["drive"]


def flash_property(machine: Machine, number: int) -> Property | None:
    """The machine's property that names the drive of a chip, None once there is no such chip."""
    if machine.initialized and number not in machine.flash:
        return None

    def set_it(machine: Machine, value: object, typed: bool) -> None:
        chip = machine.flash.get(number) or FlashChip(machine, number)
        chip.set_property("drive", value, typed)
        if chip.attached is not None and chip.attached.drives:
            machine.flash[number] = chip

    def get(machine: Machine) -> str:
        text: str = machine.flash[number].get_property("drive") if number in machine.flash else ""
        return text

    return Property(f"pflash{number}", "str", get, set_it, instance=True)


def make_flash(machine: Machine) -> None:
    """Make the chips that have drives. Raises QEMU's text, StartupError where it is about an option."""
    if "block" in vars(machine):
        from qmpd.model.block.legacy import Place

        for number in range(_CHIPS):
            drive = machine.block.places.get(Place("pflash", 0, number))
            if drive is not None and number in machine.flash:
                raise StartupError(drive.origin, errors.machine.flash_clashes())
            if drive is not None:
                machine.set_property(f"pflash{number}", drive.name)
    if 1 in machine.flash and 0 not in machine.flash:
        raise errors.machine.flash_gap(1)
    used, largest = 0, machine.settings.get("max-fw-size", _LARGEST)
    for number, chip in sorted(machine.flash.items()):
        node = chip.drive.node
        if node is None:
            raise errors.machine.flash_empty(chip.drive.name)
        size = -(-node.size // _BLOCK) * _BLOCK
        if not size or size % _SECTOR:
            refusal = errors.machine.flash_size_refused(chip.drive.name, size)
            raise StartupError("", refusal, errors.machine.flash_size_hint(_SECTOR))
        used += size
        if used > largest:
            raise errors.machine.flash_too_large(largest)
        writes = NONE if node.read_only else Permission.WRITE
        chip.drive.set_demand((Permission.CONSISTENT_READ | writes, ALL))
        chip.values["num-blocks"] = size // _SECTOR
        machine.add_child(f"system.flash{number}", chip)
        chip.add_child(f"system.flash{number}[0]", Region(size, ram.SYSTEM, _END - used))
        chip.realized = True
