"""``-x-qmpd``: what QEMU does not have: ``guest=NAME|FILE,faults=FILE,clock=real|manual,control=on|off``.

Whose build it says it is, and what it answers from a file: ``as=NAME|FILE,stub=FILE``. And what the simulated host has:
``host-memory=SIZE,kvm-memslots=N,vhost-memslots=N,sgx=SIZE,synic=on|off``.
"""

from __future__ import annotations

from qmpd import errors
from qmpd.config import Extras
from qmpd.options import keyval, stringvisitor

_NAMES = {"guest": "guest", "faults": "faults", "as": "identity", "stub": "stubs"}
_WORDS = {"clock": {"real": False, "manual": True}, "control": {"off": False, "on": True}}

# What each says of the host (Host in model/hostmem_host.py), and how its value is read.
_HOST = {
    "host-memory": ("memory", stringvisitor.visit_size_string),
    "kvm-memslots": ("kvm_memslots", stringvisitor.visit_uint31_string),
    "vhost-memslots": ("vhost_memslots", stringvisitor.visit_uint31_string),
    "sgx": ("sgx", stringvisitor.visit_size_string),
    "synic": ("synic", stringvisitor.visit_bool_string),
}

_KNOWN = ", ".join([*_NAMES, *_WORDS, *_HOST])


def read(argument: str, earlier: Extras) -> Extras:
    """What ``argument`` says on top of ``earlier`` uses of the option. Raises QemuError."""
    tree, wants_help = keyval.parse(argument)
    if wants_help:
        raise errors.extras.asked_for_help(_KNOWN)
    values: dict[str, str | bool] = {}
    host = dict(earlier.host)
    for name, value in tree.items():
        if name in _NAMES and isinstance(value, str):
            values[_NAMES[name]] = value
        elif name in _HOST and isinstance(value, str):
            field, read_value = _HOST[name]
            host[field] = read_value(value, name)
        elif name not in _WORDS:
            raise errors.extras.unknown(name, _KNOWN)
        elif value not in _WORDS[name]:
            raise errors.invalid_parameter_value(name, " or ".join(f"'{word}'" for word in _WORDS[name]))
        else:
            values["manual_clock" if name == "clock" else name] = _WORDS[name][value]
    return earlier._replace(control=True, host=host)._replace(**values)  # type: ignore[arg-type]
