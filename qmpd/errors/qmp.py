"""Requests that cannot be read or may not be made now."""

from __future__ import annotations

from qmpd.errors import ErrorClass, QemuError

# qobject/json-lexer.c, qobject/json-streamer.c, qobject/json-parser.c: input that is not JSON in QEMU's dialect

_PARSE_ERROR_MAX = 1023  # QEMU formats a grammar error into a buffer of this many bytes


def json_parse_error(reason: str) -> QemuError:
    return QemuError(f"JSON parse error, {reason[:_PARSE_ERROR_MAX]}")


def json_stray(text: str) -> QemuError:
    """A lexical error; unlike the others its text is never cut."""
    return QemuError(f"JSON parse error, stray '{text}'")


def json_invalid_keyword(word: str) -> QemuError:
    return json_parse_error(f"invalid keyword '{word}'")


def json_invalid_escape() -> QemuError:
    return json_parse_error("invalid escape sequence in string")


def json_invalid_unicode(escape: str) -> QemuError:
    return json_parse_error(f"{escape} is not a valid Unicode character")


def json_invalid_utf8() -> QemuError:
    return json_parse_error("invalid UTF-8 sequence in string")


def json_key_not_a_string() -> QemuError:
    return json_parse_error("key is not a string in object")


def json_duplicate_key() -> QemuError:
    return json_parse_error("duplicate key")


def json_limit_exceeded(limit: str) -> QemuError:
    """``limit`` is ``nesting depth``, ``token count`` or ``token size``."""
    return QemuError(f"JSON {limit} limit exceeded")


# qapi/qmp-dispatch.c, monitor/qmp.c, monitor/qmp-cmds-control.c: requests out of shape or out of turn


def qmp_not_an_object() -> QemuError:
    return QemuError("QMP input must be a JSON object")


def qmp_member_type(member: str, expected: str) -> QemuError:
    """``expected`` is ``a string`` or ``an object``."""
    return QemuError(f"QMP input member '{member}' must be {expected}")


def qmp_member_clash(member: str, other: str) -> QemuError:
    return QemuError(f"QMP input member '{member}' clashes with '{other}'")


def qmp_member_unexpected(member: str) -> QemuError:
    return QemuError(f"QMP input member '{member}' is unexpected")


def qmp_lacks_execute() -> QemuError:
    return QemuError("QMP input lacks member 'execute'")


def qmp_expecting_negotiation() -> QemuError:
    return QemuError(
        "Expecting capabilities negotiation with 'qmp_capabilities'",
        ErrorClass.COMMAND_NOT_FOUND,
    )


def qmp_already_negotiated() -> QemuError:
    return QemuError(
        "Capabilities negotiation is already complete, command ignored",
        ErrorClass.COMMAND_NOT_FOUND,
    )
