"""Records what the objects of bare machines take: which of their properties can be set, and to what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qmpd.catalogue.catalogue import LINK, Catalogue
from qmpd.catalogue.record.peer import Peer, PeerDied
from qmpd.catalogue.record.trees import Recorded, walk
from qmpd.catalogue.tree import CHILD
from qmpd.errors import QemuError

_FITS_NOTHING: dict[str, Any] = {}
_FROZEN = re.compile(r"Attempt to set (?:link )?property '([^']+)' on ")
_EXPECTS = re.compile(r"(?:Parameter '[^']+' expects |Invalid parameter type for '[^']+', expected: )(\w+)")
_KINDS = {"boolean": "bool", "integer": "int", "string": "string", "uint64": "uint64"}
_CPU_TYPE = "-x86_64-cpu"


def record_setters(qemu: str, machines: list[str], known: Catalogue) -> list[list[Any]]:
    """Rows [type, {property: rule}] for the properties that do not follow the usual rule of ``Catalogue.setter``.

    ``known`` has everything but these. CPUs are left out: which properties those have depends on the model.
    """
    rules: dict[str, dict[str, Any]] = {}
    for machine in machines:
        with Peer(qemu, "-machine", machine, "-m", "128M") as peer:
            for path, recorded in list(walk(peer)):
                modelled = path in ("/", "/machine") or path.startswith("/objects/")
                if modelled or recorded.type in rules or recorded.type.endswith(_CPU_TYPE):
                    continue
                rules[recorded.type] = dict(_exceptions(peer, path, recorded, known))
    return [[type_name, found] for type_name, found in rules.items() if found]


def _exceptions(peer: Peer, path: str, recorded: Recorded, known: Catalogue) -> Iterator[tuple[str, Any]]:
    for name, kind in recorded.entries:
        if not kind.startswith(CHILD):
            rule = _rule(peer, path, name, kind.startswith(LINK))
            if rule != known.setter(recorded.type, name, kind):
                yield name, rule


def _rule(peer: Peer, path: str, name: str, is_link: bool) -> Any:
    """Nothing is changed by asking, except that links are cleared."""
    try:
        peer.ask("qom-set", path=path, property=name, value="" if is_link else _FITS_NOTHING)
    except QemuError as error:
        if frozen := _FROZEN.match(error.desc):
            return frozen[1]
        expected = _EXPECTS.match(error.desc)
        return [_KINDS[expected[1]]] if expected and expected[1] in _KINDS else None
    except PeerDied:
        raise PeerDied(f"over the property '{name}' of {path}") from None
    return [LINK]
