"""The user objects that few machines have, from all their modules."""

from __future__ import annotations

from qmpd.model import acpi_affinity, net_filter, objects_chardev, objects_partner, objects_sev

TYPES = {
    name: kind
    for kinds in (acpi_affinity, net_filter, objects_chardev, objects_partner, objects_sev)
    for name, kind in kinds.TYPES.items()
}
