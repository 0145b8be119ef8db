"""``python -m tests.benchmarks [--quick]``: qmpd, a real QEMU and bare echoes in one run, and a table of the outcome.

In each round all servers are started afresh, and every measurement is taken from each in turn, so that whatever else
the machine does meets all of them alike. The exit status is 0 even where a target is missed: times are no proof.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from tests.benchmarks import servers
from tests.benchmarks.measurements import EMPTY_MACHINE, FRAGMENTED_MACHINE, FULL_MACHINE, PORT_MACHINE, Measurement
from tests.benchmarks.servers import Server
from tests.benchmarks.table import BUFFERED, ECHO, QEMU, QMPD, missed, render

Samples = defaultdict[tuple[str, str], list[float]]


def main() -> int:
    options = _options()
    samples: Samples = defaultdict(list)
    with servers.qmpd():  # writes the bytecode, as an installation does
        pass
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        _round(samples, options.seconds)
    print(f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}; {options.rounds} rounds;")
    print("median (lowest–highest) of all samples; a ratio says how many times as good qmpd is\n")
    print(render(samples))
    if ("start", QEMU) not in samples:
        print(f"\n{servers.QEMU} is not installed: nothing could be compared with it")
    if misses := missed(samples):
        print("\nmissed: " + "; ".join(misses))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="qmpd beside a real QEMU")
    parser.add_argument("--quick", action="store_true", help="few and short rounds: rough numbers in some seconds")
    options = parser.parse_args()
    options.rounds, options.seconds = (2, 0.02) if options.quick else (9, 0.06)
    return options


def _round(samples: Samples, seconds: float) -> None:
    with ExitStack() as stack:
        running = _start(stack, servers.MACHINE)
        for name, server in running.items():
            samples["start", name].append(server.started_in)
            _weigh(samples, name, server, "rss", "pss")
        _measure(samples, running, EMPTY_MACHINE, seconds)
        _measure(samples, running, FULL_MACHINE, seconds)
        for name, server in running.items():
            _weigh(samples, name, server, "full rss", "full pss")
    for machine, measurements in (
        (servers.MACHINE_WITH_PORTS, PORT_MACHINE),
        (servers.MACHINE, FRAGMENTED_MACHINE),
    ):
        with ExitStack() as stack:
            _measure(samples, _start(stack, machine), measurements, seconds)


def _start(stack: ExitStack, machine: Sequence[str]) -> dict[str, Server]:
    started = {QMPD: servers.qmpd(machine), QEMU: servers.qemu(machine)}
    return {name: stack.enter_context(server) for name, server in started.items() if server is not None}


def _weigh(samples: Samples, name: str, server: Server, *rows: str) -> None:
    for row, value in zip(rows, server.memory(), strict=True):
        samples[row, name].append(value)


def _measure(samples: Samples, running: dict[str, Server], measurements: Iterable[Measurement], seconds: float) -> None:
    for measurement in measurements:
        reply = running[QMPD].client.ask(measurement.limit)
        with servers.echo("plain", reply) as plain, servers.echo("buffered", reply) as buffered:
            everybody = {**running, ECHO: plain, BUFFERED: buffered}
            for name, server in [*everybody.items()] * measurement.slices:
                for row, value in measurement.take(server.client, seconds).items():
                    samples[row, name].append(value)


if __name__ == "__main__":
    sys.exit(main())
