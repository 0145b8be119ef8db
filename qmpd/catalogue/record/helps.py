"""What QEMU prints where ``help`` stands in place of an option's argument: one row an option."""

from __future__ import annotations

import subprocess

_OPTIONS = (
    "-accel help",
    "-audiodev help",
    "-chardev help",
    "-cpu help",
    "-d help",
    "-device help",
    "-display help",
    "-drive format=help",
    "-machine help",
    "-netdev help",
    "-nic help",
    "-nic model=help",
    "-plugin help",
    "-vga help",
)


def record_helps(qemu: str) -> list[list[str]]:
    """Rows [option, line, ...] of what is printed to standard output."""
    return [[option, *_printed(qemu, option).splitlines()] for option in _OPTIONS]


def _printed(qemu: str, option: str) -> str:
    command = [qemu, "-display", "none", *option.split()]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
