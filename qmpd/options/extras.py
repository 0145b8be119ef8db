"""``-x-qmpd``: what QEMU does not have: ``guest=NAME|FILE,faults=FILE,clock=real|manual,control=on|off``."""

from __future__ import annotations

from qmpd import errors
from qmpd.config import Extras
from qmpd.options import keyval

_WORDS = {"clock": {"real": False, "manual": True}, "control": {"off": False, "on": True}}


def read(argument: str, earlier: Extras) -> Extras:
    """What ``argument`` says on top of ``earlier`` uses of the option. Raises QemuError."""
    tree, wants_help = keyval.parse(argument)
    if wants_help:
        raise errors.option_help_unavailable()
    values: dict[str, str | bool] = {}
    for name, value in tree.items():
        if name in ("guest", "faults") and isinstance(value, str):
            values[name] = value
        elif name not in _WORDS:
            raise errors.unexpected_parameter(name)
        elif value not in _WORDS[name]:
            raise errors.invalid_parameter_value(name, " or ".join(f"'{word}'" for word in _WORDS[name]))
        else:
            values["manual_clock" if name == "clock" else name] = _WORDS[name][value]
    return earlier._replace(control=True)._replace(**values)  # type: ignore[arg-type]
