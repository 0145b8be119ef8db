"""What ``-acpitable`` takes; nobody here reads the table that it adds (hw/acpi/core.c)."""

from __future__ import annotations

import os
from typing import Any, Final

from qmpd import errors
from qmpd.options import optsvisitor
from qmpd.options.qemuopts import Opts
from qmpd.options.structs import Struct

_TABLE: Final = Struct(
    (
        ("sig", "str", False),
        ("rev", "uint8", False),
        ("oem_id", "str", False),
        ("oem_table_id", "str", False),
        ("oem_rev", "uint32", False),
        ("asl_compiler_id", "str", False),
        ("asl_compiler_rev", "uint32", False),
        ("file", "str", False),
        ("data", "str", False),
    )
)
_HEADER: Final = 36
_LENGTH: Final = slice(4, 8)
_LARGEST: Final = 0xFFFF


def check(opts: Opts) -> str:
    """What there is to warn of, perhaps nothing. Raises QEMU's text where there is no table."""
    given: dict[str, Any] = optsvisitor.read(opts, _TABLE)
    if ("file" in given) == ("data" in given):
        raise errors.firmware.table_ambiguous()
    paths = given.get("file", given.get("data"))
    if not paths:
        raise errors.firmware.table_lacks_file()
    content = b"".join(map(_read, paths.split(":")))
    has_header = "file" in given
    if has_header and len(content) < _HEADER:
        raise errors.firmware.table_too_short(len(content), _HEADER)
    size = len(content) + (0 if has_header else _HEADER)
    if size > _LARGEST:
        raise errors.firmware.table_too_big(size, _LARGEST)
    if has_header:
        told = int.from_bytes(content[_LENGTH], "little")
        return "" if told == size else errors.firmware.table_length_wrong(told, size)
    return errors.firmware.TABLE_WITHOUT_HEADER if given.keys() == {"data"} else ""


def _read(path: str) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise errors.firmware.table_not_opened(path, error.strerror or "") from None
    try:
        return b"".join(iter(lambda: _piece(file, path), b""))
    finally:
        os.close(file)


def _piece(file: int, path: str) -> bytes:
    try:
        return os.read(file, _LARGEST)
    except OSError as error:
        raise errors.firmware.table_not_read(path, error.strerror or "") from None
