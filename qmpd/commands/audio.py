"""qapi/audio.json: sound."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context

_MICROSECONDS = 10000
_ANY_NUMBER = (1 << 31) - 1
_POLLING = ("alsa", "oss")
_STREAM = {
    "mixing-engine": True,
    "fixed-settings": True,
    "frequency": 44100,
    "channels": 2,
    "voices": 1,
    "format": "s16",
}


def query_audiodevs(context: Context) -> list[dict[str, Any]]:
    """The back ends, the last of the command line first."""
    return [_backend(given.values) for given in reversed(context.machine.config.audiodevs)]


def _backend(given: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "id": given["id"],
        "driver": given["driver"],
        "timer-period": int(given.get("timer-period", _MICROSECONDS)),
    }
    streams = {name: _stream(given["driver"], given.get(name, {})) for name in ("in", "out")}
    return shown | streams | {name: value for name, value in given.items() if name not in shown | streams}


def _stream(driver: str, given: dict[str, Any]) -> dict[str, Any]:
    mixes = given.get("mixing-engine", True)
    untold = {} if mixes else {"fixed-settings": False, "voices": _ANY_NUMBER}
    polls = {"try-poll": True} if driver in _POLLING else {}
    return {**polls, **_STREAM, **untold, **given}
