"""What is measured: each function takes one sample from one server and says what came out, by row of the table.

The same bytes go to every server. What a server answers is looked at before or after the clock runs, never meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import NamedTuple

from tests.benchmarks.client import Client, request
from tests.benchmarks.servers import PORTS

DIMMS = 256
_ENDS = 10  # plugs at the beginning and at the end of the series that are compared
_APART = 192  # DIMMs with a gap behind each
_PIPELINE = 1000  # requests under way at once; they fit into the kernel's buffers, so nobody has to wait to send
_OK = b'{"return"'
_REFUSED = b'{"error"'

Sample = dict[str, float]
"""Rows of the table to values: requests per second, or seconds."""


class Measurement(NamedTuple):
    """``take(client, seconds)`` samples for about that long. ``limit`` is the request whose reply the echo gives.

    ``slices`` are the samples to take in one round, in turn with the other servers. Many short ones, because the kernel
    moves client and server between CPUs as it likes, and where they are makes a factor of two.
    """

    take: Callable[[Client, float], Sample]
    limit: bytes
    slices: int = 5


def _one_at_a_time(row: str, data: bytes, client: Client, seconds: float, expected: bytes = _OK) -> Sample:
    _check(client.ask(data), expected)
    count, begin = 0, perf_counter()
    end = begin + seconds
    while (now := perf_counter()) < end:
        client.send(data)
        client.wait()
        count += 1
    return {row: count / (now - begin)}


def _pipelined(row: str, data: bytes, client: Client, seconds: float) -> Sample:
    batch = data * _PIPELINE
    count, begin = 0, perf_counter()
    end = begin + seconds
    while (now := perf_counter()) < end:
        client.send(batch)
        client.wait(_PIPELINE)
        count += _PIPELINE
    return {row: count / (now - begin)}


def _plug(client: Client, seconds: float) -> Sample:
    """Fill all slots once, whatever time that takes."""
    pairs = [
        (
            request("object-add", qom_type="memory-backend-ram", id=f"mem{number}", size=128 << 20),
            request("device_add", driver="pc-dimm", id=f"dimm{number}", memdev=f"mem{number}"),
        )
        for number in range(DIMMS)
    ]
    replies, times = [], [perf_counter()]
    for backend, device in pairs:
        replies.append(client.ask(backend))
        replies.append(client.ask(device))
        times.append(perf_counter())
    for reply in replies:
        _check(reply, _OK)
    costs = [after - before for before, after in pairwise(times)]
    return {
        "plugs": DIMMS / (times[-1] - times[0]),
        "first plugs": median(costs[:_ENDS]),
        "last plugs": median(costs[-_ENDS:]),
    }


def _plug_virtio_mem(client: Client, seconds: float) -> Sample:
    """A virtio-mem into each port."""
    pairs = [
        (
            request("object-add", qom_type="memory-backend-ram", id=f"mem{number}", size=64 << 20),
            request("device_add", driver="virtio-mem-pci", id=f"v{number}", memdev=f"mem{number}", bus=f"port{number}"),
        )
        for number in range(PORTS)
    ]
    return {"virtio-mem plugs": PORTS / _time_plugs(client, pairs)}


def _plug_among_gaps(client: Client, seconds: float) -> Sample:
    """DIMMs of two sizes, neither of which fits into any of the gaps between those that are there."""
    for number in range(_APART):
        size, place = 128 << 20, (4 << 30) + number * (256 << 20)
        _check(client.ask(request("object-add", qom_type="memory-backend-ram", id=f"gap{number}", size=size)), _OK)
        plug = request("device_add", driver="pc-dimm", id=f"apart{number}", memdev=f"gap{number}", addr=place)
        _check(client.ask(plug), _OK)
    pairs = [
        (
            request("object-add", qom_type="memory-backend-ram", id=f"mem{number}", size=(192 - number % 2 * 32) << 20),
            request("device_add", driver="pc-dimm", id=f"dimm{number}", memdev=f"mem{number}"),
        )
        for number in range(DIMMS - _APART)
    ]
    return {"plugs among gaps": len(pairs) / _time_plugs(client, pairs)}


def _time_plugs(client: Client, pairs: list[tuple[bytes, bytes]]) -> float:
    begin = perf_counter()
    replies = [client.ask(data) for pair in pairs for data in pair]
    seconds = perf_counter() - begin
    for reply in replies:
        _check(reply, _OK)
    return seconds


def _refused(client: Client, seconds: float) -> Sample:
    return {"refused": 1 / _one_at_a_time("", _BAD_DEVICE, client, seconds, _REFUSED)[""]}


def _check(reply: bytes, expected: bytes) -> None:
    if not reply.startswith(expected):
        raise RuntimeError(f"unexpected reply: {reply[:200]!r}")


_STATUS = request("query-status")
_SCHEMA = request("query-qmp-schema")
_DEVICES = request("query-memory-devices")
_BAD_DEVICE = request("device_add", driver="pc-dimm", id="another", memdev="no-such-memdev")
_NOTHING = request("set-action")  # without arguments it has no effect and answers as successful plugs are answered

EMPTY_MACHINE = (
    Measurement(partial(_one_at_a_time, "status", _STATUS), _STATUS),
    Measurement(partial(_pipelined, "pipelined", _STATUS), _STATUS),
    Measurement(partial(_one_at_a_time, "schema", _SCHEMA), _SCHEMA),
    Measurement(_plug, _NOTHING, slices=1),
)
"""In this order: the last one leaves all slots filled."""

FULL_MACHINE = (
    Measurement(partial(_one_at_a_time, "devices", _DEVICES), _DEVICES),
    Measurement(_refused, _BAD_DEVICE),
)

PORT_MACHINE = (
    Measurement(_plug_virtio_mem, _NOTHING, slices=1),
    Measurement(partial(_one_at_a_time, "virtio-mem devices", _DEVICES), _DEVICES),
)

FRAGMENTED_MACHINE = (Measurement(_plug_among_gaps, _NOTHING, slices=1),)
