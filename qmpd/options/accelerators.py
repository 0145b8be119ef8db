"""Accelerators named on the command line: whether there is one to use, and whether it has the properties it was given.

Whether the host lets it be used is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from qmpd import errors
from qmpd.config import OptionArguments
from qmpd.errors import QemuError, StartupError
from qmpd.options import stringvisitor

KNOWN: Final = ("tcg", "kvm", "qtest")


def find_fault(accels: Sequence[OptionArguments]) -> StartupError | None:
    """What QEMU has against a list of accelerators, of which it takes the first that it knows (system/vl.c)."""
    unknown: list[QemuError] = []
    for entry in accels:
        name = entry.values["accel"]
        if name in KNOWN:
            try:
                _check_properties(name, entry.values)
            except QemuError as error:
                return StartupError(entry.origin, error)
            return None
        unknown.append(errors.accelerator_unknown(name))
    return StartupError(accels[0].origin, *unknown) if unknown else None


def _check_properties(accel: str, given: dict[str, Any]) -> None:
    names = [name for name in given if name not in ("accel", "id")]
    if not names:
        return
    from qmpd.catalogue import Catalogue  # few start-ups give properties

    type_name = f"{accel}-accel"
    properties = {entry["name"]: entry["type"] for entry in Catalogue.open().qom_properties(type_name).value}
    for name in names:
        if name not in properties:
            raise errors.property_not_found(type_name, name)
        if name == "thread" and given[name] not in ("single", "multi"):
            raise errors.accelerator_thread_invalid(given[name])
        _CHECKS.get(properties[name], stringvisitor.visit_str_string)(given[name], name)


# The types by which these properties go in QOM; an "int" here is a number of 32 bits.
_CHECKS: Final[dict[str, Callable[[str, str], object]]] = {
    "bool": stringvisitor.visit_bool_string,
    "int": partial(stringvisitor.visit_narrow_string, kind="uint32"),
    "uint32": partial(stringvisitor.visit_narrow_string, kind="uint32"),
}
