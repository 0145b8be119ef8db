"""The user objects that few machines have, from all their modules."""

from __future__ import annotations

from qmpd.model import acpi_affinity, net_filter

TYPES = {**net_filter.TYPES, **acpi_affinity.TYPES}
