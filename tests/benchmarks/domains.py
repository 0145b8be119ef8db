"""``python -m tests.benchmarks.domains [NUMBER]``: libvirt starts domains, plugs a DIMM into each, and destroys them.

Once with the real QEMU and once with qmpd, each time with a private libvirt; what is printed includes virsh and
libvirt, which are the same for both.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests import peers
from tests.libvirt.daemon import Libvirt
from tests.libvirt.domain import QMPD
from tests.libvirt.xml import dimm, domain

_NUMBER = 50
_ROWS = {
    "a start": ("ms", "≤ 0.5× QEMU"),
    "attaching a DIMM": ("ms", ""),
    "destroying": ("ms", ""),
    "all of it": ("s", ""),
    "memory of a domain (PSS)": ("MiB", "≤ 15 MiB"),
}


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else _NUMBER
    found = {
        name: _measure(emulator, number)
        for name, emulator in (
            ("QEMU", shutil.which(peers.QEMU) or sys.exit(f"{peers.QEMU} is not installed")),
            ("qmpd", QMPD),
        )
    }
    print(f"{number} domains of 1 GiB with 2 CPUs; medians\n")
    print("| | unit | QEMU | qmpd | qmpd / QEMU | target |")
    print("|---|---|---|---|---|---|")
    for row, (unit, target) in _ROWS.items():
        qemu, qmpd = (found[name][row] for name in ("QEMU", "qmpd"))
        print(f"| {row} | {unit} | {qemu:.1f} | {qmpd:.1f} | {qmpd / qemu:.2f} | {target} |")


def _measure(emulator: str, number: int) -> dict[str, float]:
    libvirt = Libvirt()
    try:
        libvirt.start()
        return _lead(libvirt, emulator, [f"d{n}" for n in range(number)])
    finally:
        libvirt.clean_up()


def _lead(libvirt: Libvirt, emulator: str, names: list[str]) -> dict[str, float]:
    for name in names:  # the first takes the probing along
        _virsh(libvirt, "define", libvirt.write(domain(name, emulator, uuid="")))
    plug = libvirt.write(dimm(256))
    began = time.perf_counter()
    figures = {
        "a start": _median(names, lambda name: _virsh(libvirt, "start", name)),
        "attaching a DIMM": _median(names, lambda name: _virsh(libvirt, "attach-device", name, plug)),
        "memory of a domain (PSS)": statistics.median(_pss(libvirt.pid(name)) for name in names),
        "destroying": _median(names, lambda name: _virsh(libvirt, "destroy", name)),
    }
    return figures | {"all of it": time.perf_counter() - began}


def _median(names: list[str], step: Callable[[str], None]) -> float:
    """How many milliseconds the step takes for a domain."""
    took = []
    for name in names:
        began = time.perf_counter()
        step(name)
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


def _virsh(libvirt: Libvirt, *arguments: str) -> None:
    done = libvirt.virsh(*arguments)
    if done.returncode:
        sys.exit(done.stdout)


def _pss(pid: int) -> float:
    """The process's share of memory, in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"the kernel does not tell the memory of process {pid}")


if __name__ == "__main__":
    main()
