"""Connections of a guest that end at character devices: ``guestfwd`` of user networks (net/slirp.c)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.chardev import ChardevNode, Consumer

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_RULE: Final = r"(?:tcp)?:([^:]*):0*(\d{1,5})-(.*)"
_CHARDEV: Final = "chardev:"
_LARGEST_PORT: Final = 65535


def begin(
    machine: Machine, rules: list[str], read: Callable[[str], int | None], fits: Callable[[int], bool]
) -> list[ChardevNode]:
    """Take the character devices that ``rules`` name, the last rule first. Raises QEMU's text.

    ``read`` reads an address, None where it is none; ``fits`` tells whether one may be forwarded. A device that was
    taken goes with the network, also when that is refused.
    """
    taken: list[ChardevNode] = []
    places: set[tuple[int, int]] = set()
    try:
        for rule in reversed(rules):
            found = re.fullmatch(_RULE, rule)
            address = None if found is None else read(found[1]) if found[1] else 0
            port = int(found[2]) if found else 0
            if found is None or address is None or not 1 <= port <= _LARGEST_PORT:
                raise errors.net.slirp_forward_refused("guest", f"'{rule}'")
            if found[3].startswith(_CHARDEV):
                taken.append(_take(machine, found[3].removeprefix(_CHARDEV), port))
            if (address, port) in places or (address and not fits(address)):
                raise errors.net.slirp_forward_conflicts(rule)
            places.add((address, port))
    except QemuError:
        end(machine, taken)
        raise
    return taken


def _take(machine: Machine, name: str, port: int) -> ChardevNode:
    node = machine.find_chardev(name)
    if node is None:
        raise errors.net.slirp_forward_not_opened(port)
    if node.full:
        end(machine, [node])
        raise errors.startup.chardev_in_use(name)
    node.attach(Consumer())
    return node


def end(machine: Machine, taken: Iterable[ChardevNode]) -> None:
    """The network goes, and takes them along, also those that another one has wanted and has not got."""
    for node in taken:
        if node.parent is not None:
            machine.remove_chardev(node)
