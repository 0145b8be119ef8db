"""Machine types: which one is asked for, and what its family has (hw/i386/pc_q35.c, pc_piix.c, microvm.c)."""

from __future__ import annotations

from qmpd import errors
from qmpd.catalogue import Catalogue, CatalogueFormatError, MachineInfo
from qmpd.config import Phase, VmConfig
from qmpd.errors import StartupError
from qmpd.model import geometry
from qmpd.named import NamedTuple


class Family(NamedTuple):
    """What a family of machine types has. ``acpi_device`` is the type that announces hotplug to the guest.

    ``interface`` is what a drive belongs to if nobody says; its buses take ``drives_per_bus`` if not the usual number.
    """

    chipset: geometry.Chipset | None
    acpi_device: str | None = None
    has_memory_region: bool = False
    hotplugs_dimms: bool = False
    interface: str = "none"
    drives_per_bus: int | None = None


FAMILIES = {
    "pc-q35": Family(geometry.Q35, "ICH9-LPC", True, True, "ide", 1),
    "pc-i440fx": Family(geometry.I440FX, "PIIX4_PM", True, True, "ide"),
    "isapc": Family(geometry.ISA, None, False, True, "ide"),
    "microvm": Family(None, "acpi-ged", drives_per_bus=1),
}
_OTHER = Family(None)


def family_of_type(name: str) -> Family:
    """What the family has of the machine type ``name``."""
    return FAMILIES.get(name.rpartition("-")[0], FAMILIES.get(name, _OTHER))


def find_type(config: VmConfig) -> MachineInfo:
    """The type of the machine that is asked for, or the usual one. Raises StartupError."""
    config.raise_problems(Phase.SETUP)
    catalogue = catalogue_of(config.extras.identity)
    if config.machine is None:
        names = (entry["name"] for entry in catalogue.machines().value)
        return next(info for info in map(catalogue.machine, names) if info is not None and info.is_default)
    info = catalogue.machine(config.machine)
    if info is None:
        raise StartupError("", errors.machine.machine_type_unsupported(config.machine))
    return info


def catalogue_of(identity: str) -> Catalogue:
    """The facts of the build that the machine shall pass for. Raises StartupError."""
    if not identity:
        return Catalogue.open()
    try:
        return Catalogue.open(identity)
    except (OSError, CatalogueFormatError) as problem:
        raise StartupError("", errors.extras.bad_identity(str(problem))) from None


def version_of(name: str) -> tuple[int, int]:
    """The version in a machine type's name; of one without, later than all."""
    numbers = name.rpartition("-")[2].split(".")
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 and numbers[0].isdigit() else (1 << 16, 0)
