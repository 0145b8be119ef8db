"""qapi/dump.json: writing down the guest's memory, of which there is none."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands import destinations
from qmpd.commands.context import Context

_UNAVAILABLE = {
    "kdump-lzo": "kdump-lzo",
    "kdump-raw-lzo": "kdump-lzo",
    "kdump-snappy": "kdump-snappy",
    "kdump-raw-snappy": "kdump-snappy",
}


def dump_guest_memory(
    context: Context,
    paging: bool,
    protocol: str,
    detach: bool = False,
    begin: int | None = None,
    length: int | None = None,
    format: str = "elf",
) -> None:
    if context.machine.run.state == "inmigrate":
        raise errors.rare.dump_while_migrating()
    if format != "elf" and (paging or begin is not None or length is not None):
        raise errors.rare.dump_with_filter()
    if begin is not None and length is None:
        raise errors.missing_parameter("length")
    if begin is None and length is not None:
        raise errors.missing_parameter("begin")
    if format in _UNAVAILABLE:
        raise errors.rare.dump_format_unavailable(_UNAVAILABLE[format])
    kind, _, where = protocol.partition(":")
    if kind == "fd":
        raise errors.migration.fd_name_unknown(where)
    if kind != "file" or ":" not in protocol:
        raise errors.rare.dump_protocol_unknown()
    destinations.check_creatable(where)
    context.machine.dump_status = "failed"
    if length == 0:
        raise errors.rare.dump_length_zero()
    raise errors.not_modelled("the contents of memory")


def query_dump(context: Context) -> dict[str, Any]:
    return {"status": context.machine.dump_status, "completed": 0, "total": 0}


def query_dump_guest_memory_capability(context: Context) -> dict[str, Any]:
    return {"formats": ["elf", "kdump-zlib", "kdump-raw-zlib", "win-dmp"]}
