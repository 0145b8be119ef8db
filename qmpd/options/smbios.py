"""What ``-smbios`` takes; nobody here reads the tables that it fills (hw/smbios/smbios.c)."""

from __future__ import annotations

import os
import re
from typing import Final

from qmpd import errors
from qmpd.options import numbers
from qmpd.options.groups import Group, types
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.options.qemuopts import Opts, check

_MAKER = "manufacturer version serial asset"
_MEMBERS: Final = {
    0: "vendor version date release uefi:b",
    1: "manufacturer product version serial uuid sku family",
    2: f"{_MAKER} product location",
    3: f"{_MAKER} sku",
    4: f"{_MAKER} sock_pfx max-speed:n current-speed:n part processor-family:n processor-id:n",
    8: "internal_reference external_reference connector_type:n port_type:n",
    9: (
        "slot_designation slot_type:n slot_data_bus_width:n current_usage:n slot_length:n slot_id:n"
        " slot_characteristics1:n slot_characteristics2:n pci_device"
    ),
    11: "value path",
    17: "loc_pfx bank manufacturer serial asset part speed:n",
    41: "designation kind instance:n pcidev",
}
"""The members of each type of table that can be filled, with the letters of their kinds."""
_LAST_TYPE: Final = 127
_HEADER: Final = 4
_KINDS: Final = ("other", "unknown", "video", "scsi", "ethernet", "tokenring", "sound", "pata", "sata", "sas")
_FASTEST: Final = 0xFFFF
_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def check_table(opts: Opts) -> None:
    """Raise QEMU's text unless ``opts`` describe a table."""
    file, type_text = opts.get("file"), opts.get("type")
    if file is not None:
        _check_members(opts, "file")
        if not os.path.isfile(file) or os.path.getsize(file) < _HEADER:
            raise errors.startup.smbios_file_unreadable(file)
        return
    if type_text is None:
        raise errors.startup.smbios_type_missing()
    try:
        number, _ = numbers.scan_uint64(type_text, wrap=True)
    except MalformedError:
        number = 0
    except OutOfRangeError:
        number = numbers.U64_MAX
    if number > _LAST_TYPE:
        raise errors.startup.smbios_type_out_of_range()
    if number not in _MEMBERS:
        raise errors.startup.smbios_type_unknown(number)
    _check_members(opts, f"type:n {_MEMBERS[number]}")
    _check_values(opts)


def _check_members(opts: Opts, members: str) -> None:
    group = Group("smbios", "", False, types(members))
    for name, value in opts.pairs:
        check(group, name, value)


def _check_values(opts: Opts) -> None:
    given = opts.values()
    if "release" in given and not re.match(r"\s*[+-]?[0-9]+\.\s*[+-]?[0-9]", given["release"]):
        raise errors.startup.smbios_release_invalid()
    if "uuid" in given and not re.fullmatch(_UUID, given["uuid"]):
        raise errors.startup.smbios_uuid_invalid()
    if any(opts.get_number(name, 0) > _FASTEST for name in ("max-speed", "current-speed")):
        raise errors.startup.smbios_speed_too_large(_FASTEST)
    for path in (value for name, value in opts.pairs if name == "path"):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError as error:
            raise errors.char.file_open_failed(path, os.strerror(error.errno or 0)) from None
    if "kind" in given and given["kind"] not in _KINDS:
        raise errors.startup.smbios_kind_invalid(given["kind"])
