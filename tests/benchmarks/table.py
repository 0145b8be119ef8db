"""The table: its rows, what each is held to, and how the samples become text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

QMPD, QEMU, ECHO, BUFFERED = "qmpd", "QEMU", "echo", "buffered echo"
_OTHERS = (QEMU, ECHO, BUFFERED)

Results = Mapping[tuple[str, str], Sequence[float]]
"""(row, server) to samples: requests per second, seconds or bytes."""


class Unit(NamedTuple):
    """``scale`` turns a sample into what is printed; ``rate`` says that more is better."""

    name: str
    scale: float
    digits: int
    rate: bool = False


_RATE = Unit("/s", 1, 0, rate=True)
_MS = Unit("ms", 1e3, 3)
_START_MS = Unit("ms", 1e3, 1)
_MB = Unit("MB", 1e-6, 1)


class Row(NamedTuple):
    """``beside``: at least ``target`` times as good as that server; without it, ``target`` is the most allowed."""

    label: str
    unit: Unit
    beside: str = ""
    target: float | None = None


ROWS: Mapping[str, Row] = {
    "status": Row("query-status, one at a time", _RATE, ECHO, 0.8),
    "pipelined": Row("query-status, pipelined", _RATE, QEMU, 8),
    "devices": Row("query-memory-devices, 256 DIMMs", _RATE, QEMU, 50),
    "plugs": Row("object-add + device_add, 256 DIMMs", _RATE, QEMU, 15),
    "first plugs": Row("… cost of plugs 1 to 10", _MS),
    "last plugs": Row("… cost of plugs 247 to 256", _MS),
    "virtio-mem plugs": Row("object-add + device_add, 200 virtio-mem on root ports", _RATE, QEMU, 15),
    "virtio-mem devices": Row("query-memory-devices, 200 virtio-mem", _RATE, QEMU, 50),
    "plugs among gaps": Row("object-add + device_add, 64 DIMMs behind 192 gaps", _RATE, QEMU, 15),
    "refused": Row("device_add, refused", _MS, "", 0.5),
    "schema": Row("query-qmp-schema", _RATE, QEMU, 20),
    "start": Row("start to first reply", _START_MS, "", 70),
    "rss": Row("resident memory, at start", _MB, "", 45),
    "pss": Row("… proportional share", _MB, "", 45),
    "full rss": Row("resident memory, 256 DIMMs", _MB, "", 45),
}

_HEAD = ("", "unit", QMPD, *_OTHERS, *(f"to {server}" for server in _OTHERS), "target", "met")


def render(results: Results) -> str:
    """A Markdown table, its columns aligned."""
    lines = [_HEAD, *(_cells(name, row, results) for name, row in ROWS.items())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def missed(results: Results) -> list[str]:
    """The labels of the rows whose target is missed."""
    return [row.label for name, row in ROWS.items() if _met(name, row, results) == "no"]


def _cells(name: str, row: Row, results: Results) -> tuple[str, ...]:
    return (
        row.label,
        row.unit.name,
        *(_spread(row.unit, results.get((name, server))) for server in (QMPD, *_OTHERS)),
        *(_times(_ratio(name, row, server, results)) for server in _OTHERS),
        _target(row),
        _met(name, row, results),
    )


def _spread(unit: Unit, samples: Sequence[float] | None) -> str:
    """Median, lowest and highest."""
    if not samples:
        return "–"
    values = (median(samples), min(samples), max(samples))
    middle, low, high = (f"{value * unit.scale:,.{unit.digits}f}" for value in values)
    return f"{middle} ({low}–{high})"


def _ratio(name: str, row: Row, server: str, results: Results) -> float | None:
    """How many times as good qmpd is as ``server``, by medians."""
    ours, theirs = results.get((name, QMPD)), results.get((name, server))
    if not ours or not theirs:
        return None
    ratio = median(ours) / median(theirs)
    return ratio if row.unit.rate else 1 / ratio


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.{2 if ratio < 10 else 0}f}×"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"≥ {row.target:g}× {row.beside}" if row.beside else f"≤ {row.target:g} {row.unit.name}"


def _met(name: str, row: Row, results: Results) -> str:
    samples = results.get((name, QMPD))
    if row.target is None or not samples:
        return ""
    if not row.beside:
        return "yes" if median(samples) * row.unit.scale <= row.target else "no"
    ratio = _ratio(name, row, row.beside, results)
    return "?" if ratio is None else "yes" if ratio >= row.target else "no"
