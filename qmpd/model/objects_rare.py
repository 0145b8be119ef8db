"""The user objects that few machines have, from all their modules."""

from __future__ import annotations

from qmpd.model import acpi_affinity, net_filter, objects_chardev, objects_sev

TYPES = {**net_filter.TYPES, **acpi_affinity.TYPES, **objects_chardev.TYPES, **objects_sev.TYPES}
