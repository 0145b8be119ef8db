"""Records the human monitor: its commands as ``help`` tells of them, and what it says of things that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmpd.catalogue.record.peer import Peer

Rows = list[Any]

INFO = "info"

# "help NAME" prints something else than the command's own lines for these, which have just one line in the list.
_LOG = "log"
_ONE_LINE = frozenset({INFO, _LOG})

_OF_A_MACHINE = ("irq", "jit", "lapic", "mtree", "opcount", "pic", "qtree", "registers", "roms")
_LISTS = (f"help {_LOG}", "object_add help", "device_add help")
_LONGEST_ANSWER = 1 << 16  # what is longer is a list of this build's innards (trace-events)
_USAGE = f'Try "help {INFO}'  # more words are expected
_PLAIN = ("-machine", "none")
_RICH = ("-machine", "q35", "-m", "128M,slots=2,maxmem=1G")


def record_hmp(qemu: str, machines: Mapping[str, str]) -> dict[str, Rows]:
    """The rows of the parts ``hmp``, ``hmp-info``, ``hmp-machine``, ``hmp-answers`` and ``trace-events``.

    A command is [name with its aliases, the text behind it in ``help``]. An answer is [command line, text], for
    lists of what QEMU knows, and for ``info`` about what neither an empty nor a full machine has. An answer of a bare
    machine is [its family and what ``info`` is about, text]. Trace events are in QEMU's order.
    """
    with Peer(qemu, *_PLAIN) as plain, Peer(qemu, *_RICH) as rich:
        subcommands = list(_entries(plain, f"help {INFO}", f"{INFO} "))
        return {
            "hmp": list(_entries(plain, "help", "")),
            "hmp-info": subcommands,
            "hmp-machine": [row for family, name in machines.items() for row in _machine_answers(qemu, family, name)],
            "hmp-answers": list(_answers(plain, rich, [f"{INFO} {name}" for name, _ in subcommands])),
            "trace-events": [[entry["name"] for entry in plain.ask("trace-event-get-state", name="*")]],
        }


def _machine_answers(qemu: str, family: str, machine: str) -> Iterator[list[str]]:
    with Peer(qemu, "-machine", machine) as peer:
        for name in _OF_A_MACHINE:
            yield [f"{family} {name}", _say(peer, f"{INFO} {name}")]


def _say(peer: Peer, line: str) -> str:
    text: str = peer.ask("human-monitor-command", **{"command-line": line})
    return text.replace("\r\n", "\n")


def _entries(peer: Peer, listing: str, prefix: str) -> Iterator[list[str]]:
    """The entries of a list; one may have many lines, so each is asked for by itself to see where it ends."""
    rest = _say(peer, listing)
    while rest:
        name = rest.removeprefix(prefix).partition(" ")[0]
        short = name.partition("|")[0]
        entry = rest.partition("\n")[0] + "\n" if short in _ONE_LINE else _say(peer, f"help {prefix}{short}")
        if not rest.startswith(entry):
            raise ValueError(f"'{listing}' and 'help {prefix}{short}' tell different things")
        yield [name, entry.removeprefix(f"{prefix}{name} ").removesuffix("\n")]
        rest = rest.removeprefix(entry)


def _answers(plain: Peer, rich: Peer, lines: list[str]) -> Iterator[list[str]]:
    # The last first: lists of devices load all of QEMU's modules, and then "info usbhost" answers otherwise.
    for line in [*reversed(lines), *_LISTS]:
        answer = _say(plain, line)
        if answer == _say(rich, line) and len(answer) <= _LONGEST_ANSWER and _USAGE not in answer:
            yield [line, answer]
