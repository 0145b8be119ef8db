"""Sound: back ends and the card that ``-audio`` asks for."""

from __future__ import annotations

from qmpd.errors import QemuError

# audio/audio.c, audio/ossaudio.c


def format_not_fixed() -> QemuError:
    return QemuError("You can't use frequency, channels or format with fixed-settings=off")


def fixed_without_mixing() -> QemuError:
    return QemuError("You can't use fixed-settings without mixeng")


def no_default(other: str) -> QemuError:
    """``other`` is the id of a back end that could have been named, or empty."""
    hint = f"Perhaps you wanted to use -audio or set audiodev={other}?" if other else ""
    return QemuError("no default audio driver available", hint=hint)


def dsp_not_accessible(path: str, reason: str) -> QemuError:
    return QemuError(f"{path} not accessible: {reason}")


# hw/audio/soundhw.c


def cards_repeated() -> QemuError:
    return QemuError("only one -soundhw option is allowed")


def card_unknown(name: str) -> QemuError:
    return QemuError(f"Unknown sound card name `{name}'")


def card_lacks_bus(bus: str, name: str) -> QemuError:
    """``bus`` is ``ISA`` or ``PCI``."""
    return QemuError(f"{bus} bus not available for {name}")
