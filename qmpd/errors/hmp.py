"""What the human monitor prints."""

from __future__ import annotations

from qmpd.errors import QemuError, invalid_parameter_value

# monitor/hmp.c, monitor/qmp-cmds.c: the human monitor. Texts are what it prints, with the line end


def hmp_cpu_index_invalid() -> QemuError:
    return invalid_parameter_value("cpu-index", "a CPU number")


def hmp_unknown_command(words: str) -> str:
    return f"unknown command: '{words}'\n"


def hmp_no_local_apic() -> str:
    return "local apic state not available\n"


def hmp_not_available(command: str) -> str:
    return f'Command "{command}" is not available.\n'


def hmp_advice(command: str) -> str:
    """Printed below what is wrong with the arguments."""
    return f'Try "help {command}" for more information\n'


def hmp_expected(command: str, what: str) -> str:
    """``what`` is ``string``, ``filename`` or ``block device name``."""
    return f"{command}: {what} expected\n"


def hmp_extraneous_characters(command: str) -> str:
    return f"{command}: extraneous characters at the end of line\n"


def hmp_option_unsupported(command: str, letter: str) -> str:
    """Without a letter QEMU prints a NUL, which cuts the line short."""
    return f"{command}: unsupported option -{letter}{letter and chr(10)}"


def hmp_option_lacks_value(command: str, letter: str) -> str:
    return f"{command}: value expected for -{letter}\n"


def hmp_format_character(character: str) -> str:
    return f"invalid char in format: '{character}'\n"


def hmp_number_too_wide(command: str) -> str:
    return f"'{command}' has failed: integer is for 32-bit values\n"


def hmp_number_negative() -> str:
    return "enter a positive value\n"


def hmp_size_invalid() -> str:
    return "invalid size\n"


def hmp_on_or_off_expected() -> str:
    return "Expected 'on' or 'off'\n"


def hmp_expression_ends() -> str:
    return "unexpected end of expression\n"


def hmp_expression_character(character: str) -> str:
    return f"invalid char '{character}' in expression\n"


def hmp_parenthesis_expected() -> str:
    return "')' expected\n"


def hmp_character_expected() -> str:
    return "character constant expected\n"


def hmp_quote_expected() -> str:
    return "missing terminating ' character\n"


def hmp_number_too_large() -> str:
    return "number too large\n"


def hmp_division_by_zero() -> str:
    return "division by zero\n"


def hmp_cpu_missing() -> str:
    """The number given to ``cpu`` is that of no CPU (monitor/hmp-cmds.c)."""
    return "invalid CPU index\n"


def hmp_no_cpu() -> str:
    return "No CPU available\n"


def hmp_cpu_not_available(index: int) -> str:
    return f"CPU#{index} not available\n"


def enum_value_invalid(value: str) -> QemuError:
    """An enumeration's value outside of any option (qapi/qapi-util.c)."""
    return QemuError(f"invalid parameter value: {value}")
