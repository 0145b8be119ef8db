"""Options that cannot be read."""

from __future__ import annotations

from qmpd.errors import QemuError, qmp

# util/keyval.c, util/qemu-option.c, qapi/opts-visitor.c, qapi/qobject-input-visitor.c, qobject/qjson.c: options


def parameters_unexpected(name: str) -> QemuError:
    return QemuError(f"Parameters '{name}.*' are unexpected")


def invalid_parameter(name: str) -> QemuError:
    return QemuError(f"Invalid parameter '{name}'")


def parameter_too_long(fragment: str, whole: bool) -> QemuError:
    return QemuError(f"Parameter{'' if whole else ' fragment'} '{fragment}' is too long")


def parameter_lacks_value(name: str) -> QemuError:
    return QemuError(f"Expected '=' after parameter '{name}'")


def parameter_inconsistent(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' used inconsistently")


def parameters_inconsistent(name: str) -> QemuError:
    return QemuError(f"Parameters '{name}*' used inconsistently")


def parameter_element_missing(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' missing")


def option_help_unavailable() -> QemuError:
    return QemuError("Help is not available for this option")


def option_keys_conflict(key: str, other: str) -> QemuError:
    return QemuError(f"Conflict between '{key}' and '{other}'")


def option_id_malformed(hint: bool = True) -> QemuError:
    return QemuError(
        "Parameter 'id' expects an identifier",
        hint="Identifiers consist of letters, digits, '-', '.', '_', starting with a letter." if hint else "",
    )


def flag_deprecated(flag: str, name: str, value: str) -> str:
    """A warning in the human monitor."""
    if name == "delay":
        name, value = "nodelay", "on" if value == "off" else "off"
    return f"warning: short-form boolean option '{flag}' deprecated\nPlease use {name}={value} instead\n"


def option_id_duplicate(option_id: str, group: str) -> QemuError:
    return QemuError(f"Duplicate ID '{option_id}' for {group}")


def option_number_too_large(value: str, name: str) -> QemuError:
    return QemuError(f"Value '{value}' is too large for parameter '{name}'")


def option_size_out_of_range(value: str, name: str) -> QemuError:
    return QemuError(f"Value '{value}' is out of range for parameter '{name}'")


def option_size_malformed(name: str) -> QemuError:
    return QemuError(
        f"Parameter '{name}' expects a non-negative number below 2^64",
        hint="Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.",
    )


def json_more_than_one_value() -> QemuError:
    return QemuError("Expecting at most one JSON value")


def json_premature_end() -> QemuError:
    return qmp.json_parse_error("premature EOI")
