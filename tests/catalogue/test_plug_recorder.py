"""The order in which a device may have added its names, worked out from how QEMU lists them."""

from __future__ import annotations

from qmpd.catalogue.record.plugged import insertion_order
from qmpd.hashorder import GHashOrder

NAMES = ["bus master container[0]", "bus master[0]", "vga.vram[0]", "vga.mmio[0]", "edid[0]", "@.0"]
OWN = "QQ"  #: the id that the recorder gives the device


def listed(names: list[str], device_id: str = OWN) -> list[str]:
    """``names`` as qom-list shows them for a device with this id when they were added in this order."""
    return list(GHashOrder([name.replace("@", device_id) for name in names]))[::-1]


def test_an_order_is_found_that_explains_the_list() -> None:
    found = insertion_order({OWN: listed(NAMES)}, {})
    assert found is not None
    assert sorted(found) == sorted(NAMES)
    assert listed(found) == listed(NAMES)


def test_what_was_there_before_comes_first() -> None:
    names = ["bootindex", *NAMES]
    found = insertion_order({OWN: listed(names)}, {"bootindex": -1})
    assert found is not None
    assert found[:3] == names[:3]


def test_lists_of_devices_with_other_ids_must_be_explained_too() -> None:
    lists = {device_id: listed(NAMES, device_id) for device_id in (OWN, "x", "net0")}
    found = insertion_order(lists, {})
    assert found is not None
    for device_id, expected in lists.items():
        assert listed(found, device_id) == expected


def test_a_list_that_no_order_explains_is_told() -> None:
    wrong = sorted(listed(NAMES))
    assert wrong != listed(NAMES)
    assert insertion_order({OWN: [*wrong, "one", "two", "three", "four", "five"]}, {}) is None
