"""qapi/acpi.json: what the guest's ACPI layer said."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context


def query_acpi_ospm_status(context: Context) -> list[dict[str, Any]]:
    machine = context.machine
    if not machine.has_acpi_device:
        raise errors.machine.acpi_device_missing()
    return machine.ospm_status()
