"""Whole object trees of machines that have just started, in QEMU and in qmpd: every path, every list, every value.

``python -m tests.conformance.trees [--seed N] [--number N] [-- OPTIONS]`` compares machines picked at random, or the
one that QEMU's options describe, and prints what differs.
"""

from __future__ import annotations

import argparse
import random
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from qmpd.catalogue import Catalogue
from qmpd.catalogue.record.peer import Peer
from qmpd.catalogue.record.trees import Recorded, walk
from qmpd.errors import ErrorClass, QemuError
from tests.model.machines import Client

from .runner import QEMU

VOLATILE = frozenset({"rtc-time", "date"})  #: properties that follow the clock
OWN = "/chardevs"  #: holds each side's own monitor

FEATURES = ("avx", "-aes", "+vmx", "ht=on", "sse4-1=off", "+svm", "x2apic=off", "-apic", "phys-bits=38", "family=7")
SIZES = ("128M", "1G", "3G", "6G", "1G,slots=2,maxmem=4G", "5G,slots=1,maxmem=9G")
PARTS = ("", "", "hpet=off", "vmport=off", "hpet=off,vmport=off", "nvdimm=on", "usb=on", "smm=off,pit=off", "pic=off")
ASKED = (
    *(
        "",
        "",
        "-vga none",
        "-vga cirrus",
        "-vga virtio",
        "-net none",
        "-net nic,model=rtl8139 -net user",
        "-serial null",
    ),
    *(
        "-serial none -parallel none",
        "-hda null-co:// -cdrom null-co://",
        "-fda null-co://",
        "-drive if=ide,index=1,media=cdrom",
    ),
    *("-device VGA", "-device ide-cd", "-device isa-serial", "-global isa-fdc.fdtypeA=none"),
)
"""What users ask of boards that make devices by themselves."""


class Stand:
    """qmpd in this process, asked as a ``Peer`` is."""

    def __init__(self, options: Sequence[str], defaults: bool) -> None:
        self._client = Client(shlex.join(options), defaults=defaults)

    def ask(self, command: str, **arguments: Any) -> Any:
        reply = self._client.reply(command, **arguments)
        if "error" in reply:
            raise QemuError(reply["error"]["desc"], ErrorClass(reply["error"]["class"]))
        return reply["return"]


def differences(options: Sequence[str], qemu: str = QEMU, *, defaults: bool = False) -> Iterator[str]:
    """What differs between the two trees, a line each; with ``defaults`` boards make devices by themselves."""
    with Peer(qemu, *options, defaults=defaults) as peer:
        theirs = dict(walk(peer))
    ours = dict(walk(Stand(options, defaults)))  # type: ignore[arg-type]
    for path in sorted({*theirs, *ours}):
        if path.startswith(OWN):
            continue
        if path not in theirs or path not in ours:
            yield f"{path}: only in {'qmpd' if path in ours else 'QEMU'}"
        else:
            yield from _unlike(path, theirs[path], ours[path])


def _unlike(path: str, theirs: Recorded, ours: Recorded) -> Iterator[str]:
    if theirs.entries != ours.entries:
        only = [entry for entry in theirs.entries if entry not in ours.entries]
        surplus = [entry for entry in ours.entries if entry not in theirs.entries]
        yield f"{path}: lists differ: only QEMU's {only}, only qmpd's {surplus}"
    for name, answer in theirs.answers.items():
        if name in ours.answers and name not in VOLATILE and answer != ours.answers[name]:
            yield f"{path} {name}: {answer} became {ours.answers[name]}"


def picked(chance: random.Random) -> tuple[list[str], bool]:
    """Options of some machine, and whether its board makes devices by itself."""
    catalogue = Catalogue.open()
    machines = [entry["name"] for entry in catalogue.machines().value if entry["name"] not in ("none", "x-remote")]
    machine = chance.choice(machines)
    models = [entry["name"] for entry in catalogue.cpu_definitions(machine).value if entry["name"] != "host"]
    options = ["-machine", machine]
    if machine.startswith("pc-"):
        parts = chance.choice(PARTS)
        options[-1] += f",{parts}" if parts else ""
        options += ["-m", chance.choice(SIZES), "-smp", str(chance.choice((1, 1, 2, 3, 5)))]
    if chance.random() < 0.7:
        model = chance.choice(models)
        features = chance.sample(FEATURES, chance.randrange(3)) if machine.startswith("pc-") else []
        options += ["-cpu", ",".join([model, *features])]
    defaults = chance.random() < 0.4
    if defaults and machine.startswith("pc-"):
        options += chance.choice(ASKED).split()
    return options, defaults


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.trees", description="Compare object trees.")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--number", type=int, default=20, help="how many machines")
    parser.add_argument("--defaults", action="store_true", help="with what boards make by themselves")
    parser.add_argument("options", nargs="*", help="QEMU's options of one machine")
    given = parser.parse_args(argv)
    chance = random.Random(given.seed)
    machines = [(given.options, given.defaults)] if given.options else [picked(chance) for _ in range(given.number)]
    found = 0
    print(f"seed {given.seed}")
    for options, defaults in machines:
        lines = list(differences(options, defaults=defaults))
        found += bool(lines)
        print(f"{'--defaults ' * defaults}{shlex.join(options)}: {len(lines)} differences", *lines[:30], sep="\n    ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
