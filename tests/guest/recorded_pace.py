"""How fast things went in a recording: rules for DIMMs, CPUs and PCI devices, and a pace for what changes step by step.

What a device's size was is known whenever an event was raised; in between it is taken to have changed evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

Message = dict[str, Any]

GLANCE = 0.0002
"""How soon the guest looks at its slots, in seconds: before the next command, unless a script says otherwise."""
BUTTON_LIMIT, ACPI_LIMIT = 6.5, 1.0
"""A removal that takes longer than so many seconds was asked for by a later command."""
_WINDOW = 1.0
_NOW = 0.0001
_BALLOON = "balloon"
_SIZES = {"MEMORY_DEVICE_SIZE_CHANGE": "size", "BALLOON_CHANGE": "actual"}


def _rule(occasion: str, device: str, deed: str, seconds: float) -> Message:
    arguments = {"on": occasion, "device": device, "do": deed, "times": 1, "delay": seconds}
    return {"execute": "x-qmpd-guest-rule-add", "arguments": arguments}


def rules(lines: Sequence[Any], *, native: bool) -> list[Message]:
    """Commands for how long each insertion and removal took, and for which of them were refused or never ended."""
    found = [*slot_rules(lines), *pci_rules(lines, BUTTON_LIMIT if native else ACPI_LIMIT)]
    return found[::-1]  # the rule added last is asked first


def slot_rules(lines: Sequence[Any]) -> list[Message]:
    paces: list[Message] = []
    started: dict[str, tuple[float, Message]] = {}
    free_from = 0.0
    for line in lines:
        if line.dir == "cmd" and line.msg["execute"] in ("device_add", "device_del", "cont"):
            free_from = max(free_from, line.t)
        data = line.msg.get("data", {}) if line.dir == "event" else {}
        device = data.get("device") or data.get("info", {}).get("device") or _cpu_of(data.get("path", ""))
        if device is None:
            continue
        kind = data.get("info", {}).get("slot-type", "DIMM").lower()
        said = (data["info"]["source"], data["info"]["status"]) if "info" in data else "deleted"
        if said == (1, 0):
            paces.append(_rule(f"{kind}-plug", device, "obey", max(line.t - free_from - 2 * GLANCE, 0.0)))
        elif said == (3, 132):
            paces.append(_rule(f"{kind}-unplug", device, "stall", 0.0))
            started[device] = line.t, paces[-1]["arguments"]
        elif device in started:
            since, rule = started.pop(device)
            rule |= {"do": "obey" if said == "deleted" else "refuse", "delay": line.t - since}
        free_from = line.t
    return paces


def _cpu_of(path: str) -> str | None:
    """Whose interrupt controller it is that has gone: all that is told of the end of a CPU."""
    return path.split("/")[-2] if path.endswith("/lapic") else None


def pci_rules(lines: Sequence[Any], limit: float) -> Iterator[Message]:
    asked: dict[str, list[float]] = {}
    for line in lines:
        if line.dir == "cmd" and line.msg["execute"] == "device_del":
            asked.setdefault(line.msg["arguments"]["id"], []).append(line.t)
        elif line.dir == "cmd" and line.msg["execute"] == "cont":
            asked = {device: [line.t] for device in asked}
        elif line.dir == "event" and line.msg["event"] == "DEVICE_DELETED" and "device" not in line.msg["data"]:
            device = line.msg["data"]["path"].split("/")[-2]
            begun = next((t for t in asked.pop(device, ()) if line.t - t <= limit), None)
            if begun is not None:
                yield _rule("pci-unplug", device, "obey", max(line.t - begun - 2 * GLANCE, 0.0))


class Known(NamedTuple):
    """A device's ``size`` when an event was ``raised``; it was ``sent`` later if another one had just been."""

    raised: float
    sent: float
    size: int


class StepPace:
    """``Conduct.pace`` for a recording; ``elapsed`` tells the seconds since it began."""

    def __init__(self, lines: Sequence[Any], elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._known: dict[str, list[Known]] = {}
        last_command = 0.0
        came = 0.0
        for line in lines:
            if line.dir == "cmd":
                last_command = line.t
            if line.dir != "event" or line.msg["event"] not in _SIZES:
                continue
            data = line.msg["data"]
            known = self._known.setdefault(data.get("id", data.get("qom-path", _BALLOON)), [])
            came, before = line.t, came
            in_window = bool(known) and _in_window(line.t - known[-1].sent, last_command > before)
            sent = known[-1].sent + _WINDOW if in_window else line.t
            # an event without a time of its own was raised just before it was sent
            raised = line.raised or (sent - 0.001 if in_window else line.t)
            known.append(Known(raised, sent, data[_SIZES[line.msg["event"]]]))

    def __call__(self, device: str, before: int, after: int, usual: float) -> float:
        now = self._elapsed()
        # what was sent at the end of a window was the last word until then
        silent = now
        for entry in self._known.get(device) or self._known.get(_BALLOON, []):
            steps = (entry.size - before) / (after - before)
            if entry.raised <= now + _NOW or 0 <= steps < 1:
                silent = max(silent, entry.sent)
            elif steps < 0:
                break
            else:
                begin = min(silent, entry.raised)
                return begin - now + (entry.raised - begin) / steps
        return usual


def _in_window(seconds: float, commanded: bool) -> bool:
    """Whether an event so long after another was held back: if all was quiet before, a little late means it was not."""
    return seconds < (_WINDOW + 0.0045 if commanded else 1.1 * _WINDOW)
