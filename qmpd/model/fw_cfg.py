"""What the firmware is given by ``-fw_cfg`` and ``-boot``: checked, and then nobody reads it (hw/nvram/fw_cfg.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qmpd import errors
from qmpd.catalogue.catalogue import family_of
from qmpd.errors import QemuError
from qmpd.model.machine_properties import DEVICE_MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qmpd.model.machine import Machine

NVDIMM_FILE: Final = "etc/acpi/nvdimm-mem"
_USERS: Final = "opt/"
_LONGEST_NAME: Final = 55
_ORDERED_UNTIL: Final = (2, 5)
_UINT16: Final = 0xFFFF
_PC: Final = ("pc-i440fx", "pc-q35", "isapc")
_PCI: Final = ("pc-i440fx", "pc-q35")
_PC_BOOTS_FROM: Final = "abcdn"
_MOST_BOOT_DEVICES: Final = 3
_JPEG, _BITMAP, _DEPTH, _TRUE_COLOR = b"\xff\xd8", b"BM", slice(28, 30), 24


def _family(machine: Machine) -> str:
    return family_of(machine.info.name)


def _begun(machine: Machine) -> Iterator[str]:
    """The files that the board has before the user adds any."""
    family = _family(machine)
    yield "etc/boot-fail-wait"
    if "splash-time" in machine.config.boot:
        yield "etc/boot-menu-wait"
    if machine.child(DEVICE_MEMORY) is not None:
        yield "etc/reserved-memory-end"
    if machine.nvdimm:
        yield NVDIMM_FILE
    if family in _PCI:
        yield "genroms/kvmvapic.bin"
        if machine.has_acpi_device:
            yield "etc/system-states"
    if family == "pc-q35":
        yield from ("etc/smi/supported-features", "etc/smi/requested-features", "etc/smi/features-ok")


def _ended(machine: Machine) -> Iterator[str]:
    """Those that it adds when all is there."""
    family = _family(machine)
    if family in _PCI:
        yield from ("etc/smbios/smbios-tables", "etc/smbios/smbios-anchor")
    yield "etc/e820"
    if family == "microvm":
        yield "etc/fdt"
    if family != "isapc" and machine.acpi != "off":
        yield from ("etc/acpi/tables", "etc/acpi/rsdp", "etc/table-loader")
        if family in _PCI:
            yield "etc/tpm/log"


def add(machine: Machine, given: dict[str, str]) -> None:
    """Take a file of the user's. Raises QEMU's text (system/vl.c, parse_fw_cfg())."""
    if _family(machine) == "none":
        raise errors.firmware.device_missing()
    name = given.get("name")
    sources = [source for source in ("file", "string", "gen_id") if given.get(source)]
    if not name or len(sources) != 1:
        raise errors.firmware.file_ambiguous()
    if len(name) > _LONGEST_NAME:
        raise errors.firmware.file_name_too_long(_LONGEST_NAME)
    generator = given.get("gen_id")
    if generator:
        _check_generator(machine, generator)
        warn_of_unknown(machine, name)
    if not generator and not name.startswith(_USERS):
        machine.warn(errors.firmware.FILE_NAME_UNUSUAL)
    if given.get("file"):
        try:
            read(machine, given["file"])
        except QemuError as reason:
            raise errors.firmware.file_not_loaded(given["file"], reason) from None
    if name in (*machine.firmware_files, *_begun(machine)):
        raise errors.firmware.file_twice(name)
    machine.firmware_files.append(name)


def _check_generator(machine: Machine, name: str) -> None:
    found = machine.objects.child(name)
    if found is None:
        raise errors.firmware.generator_missing(name)
    if not machine.catalogue.is_a(found.type, "fw_cfg-data-generator"):
        raise errors.firmware.generator_unfit(name)


def warn_of_unknown(machine: Machine, name: str) -> None:
    """Old machines have an order of files, in which this one has no place."""
    if machine.version <= _ORDERED_UNTIL and _family(machine) in _PC:
        machine.warn(errors.firmware.file_out_of_order(name))


def check_end(machine: Machine) -> None:
    """Raise QEMU's text if the board wants to add what the user has added."""
    for name in _ended(machine):
        if name in machine.firmware_files:
            raise errors.firmware.file_twice(name)


def read(machine: Machine, path: str) -> bytes:
    """What the file holds. Raises GLib's text."""
    try:
        return machine.host.images.read(path)
    except IsADirectoryError as error:
        raise errors.firmware.file_not_read(path, error.strerror or "") from None
    except OSError as error:
        raise errors.firmware.file_not_opened(path, error.strerror or "") from None


def check_boot(machine: Machine, boot: dict[str, Any]) -> None:
    """Hold to QEMU's rules what the machine shall boot from, and what it shows then. Raises QEMU's text."""
    if _family(machine) == "none":
        return
    if not 0 <= boot.get("splash-time", 0) <= _UINT16:
        raise errors.firmware.splash_time_outside(_UINT16)
    if "splash" in boot:
        _check_picture(machine, boot["splash"])
    if not -1 <= boot.get("reboot-timeout", -1) <= _UINT16:
        raise errors.firmware.reboot_timeout_outside(_UINT16)
    check_devices(machine, boot.get("order", ""))


def check_boot_set(machine: Machine, letters: str) -> None:
    """Raise QEMU's text unless the running machine can be told to boot from these devices."""
    if _family(machine) not in _PC:
        raise errors.rare.boot_order_unsupported()
    check_devices(machine, letters)


def check_devices(machine: Machine, letters: str) -> None:
    """Raise QEMU's text unless a PC can boot from these devices (hw/i386/pc.c, set_boot_dev())."""
    if _family(machine) not in _PC:
        return
    if len(letters) > _MOST_BOOT_DEVICES:
        raise errors.rare.boot_devices_too_many()
    for letter in letters:
        if letter not in _PC_BOOTS_FROM:
            raise errors.rare.boot_device_unknown_to_pc(letter)


def _check_picture(machine: Machine, path: str) -> None:
    """Say what is wrong with it; the machine starts all the same."""
    try:
        content = read(machine, path)
    except QemuError as error:
        failure = errors.firmware
        is_there = error.desc.startswith("Error reading")
        machine.complain(failure.splash_file_not_read(path, error) if is_there else failure.splash_file_missing(path))
        return
    is_bitmap = content[:2] == _BITMAP and int.from_bytes(content[_DEPTH], "little") == _TRUE_COLOR
    if content[:2] != _JPEG and not is_bitmap:
        machine.complain(errors.firmware.splash_file_unknown(path))
