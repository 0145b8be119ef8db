"""What the firmware is given: its files, its ACPI tables, what it boots from."""

from __future__ import annotations

from qmpd.errors import QemuError

# system/vl.c, hw/nvram/fw_cfg.c: -fw_cfg


def device_missing() -> QemuError:
    return QemuError("fw_cfg device not available")


def file_ambiguous() -> QemuError:
    return QemuError("name, plus exactly one of file, string and gen_id, are needed")


def file_name_too_long(longest: int) -> QemuError:
    return QemuError(f"name too long (max. {longest} char)")


def file_not_loaded(path: str, reason: QemuError) -> QemuError:
    return QemuError(f"can't load {path}: {reason.desc}")


def file_twice(name: str) -> QemuError:
    return QemuError(f"duplicate fw_cfg file name: {name}")


def generator_missing(object_id: str) -> QemuError:
    return QemuError(f"Cannot find object ID '{object_id}'")


def generator_unfit(object_id: str) -> QemuError:
    return QemuError(f"Object ID '{object_id}' is not a 'fw_cfg-data-generator' subclass")


def file_out_of_order(name: str) -> str:
    return f"Unknown firmware file in legacy mode: {name}"


FILE_NAME_UNUSUAL = 'externally provided fw_cfg item names should be prefixed with "opt/"'

# GLib: g_file_get_contents()


def file_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"Failed to open file “{path}”: {reason}")


def file_not_read(path: str, reason: str) -> QemuError:
    return QemuError(f"Error reading file “{path}”: {reason}")


# hw/nvram/fw_cfg.c: -boot


def splash_time_outside(largest: int) -> QemuError:
    return QemuError(f"splash-time is invalid,it should be a value between 0 and {largest}")


def splash_file_missing(path: str) -> QemuError:
    return QemuError(f"failed to find file '{path}'")


def splash_file_not_read(path: str, reason: QemuError) -> QemuError:
    return QemuError(f"failed to read splash file '{path}': {reason.desc}")


def splash_file_unknown(path: str) -> QemuError:
    return QemuError(f"splash file '{path}' format not recognized; must be JPEG or 24 bit BMP")


def reboot_timeout_outside(largest: int) -> QemuError:
    return QemuError(f"reboot timeout is invalid,it should be a value between -1 and {largest}")


# hw/acpi/core.c: -acpitable


def table_ambiguous() -> QemuError:
    return QemuError("'-acpitable' requires one of 'data' or 'file'")


def table_lacks_file() -> QemuError:
    return QemuError("'-acpitable' requires at least one pathname")


def table_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"can't open file {path}: {reason}")


def table_not_read(path: str, reason: str) -> QemuError:
    return QemuError(f"can't read file {path}: {reason}")


def table_too_short(size: int, least: int) -> QemuError:
    return QemuError(f"ACPI table claiming to have header is too short, available: {size}, expected: {least}")


def table_too_big(size: int, most: int) -> QemuError:
    return QemuError(f"ACPI table too big, requested: {size}, max: {most}")


def table_length_wrong(told: int, actual: int) -> str:
    return f"ACPI table has wrong length, header says {told}, actual size {actual} bytes"


TABLE_WITHOUT_HEADER = "ACPI table: no headers are specified"


# hw/i386/x86-common.c


def bios_not_loaded(name: str) -> QemuError:
    error = QemuError(f"qemu: could not load PC BIOS '{name}'")
    error.plain = True
    return error
