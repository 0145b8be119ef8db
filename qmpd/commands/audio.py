"""qapi/audio.json: sound."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context

_MICROSECONDS = 10000
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
    streams = {name: _STREAM | given.get(name, {}) for name in ("in", "out")}
    return shown | streams | {name: value for name, value in given.items() if name not in shown | streams}
