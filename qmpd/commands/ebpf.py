"""qapi/ebpf.json: programs for the host's network stack."""

from __future__ import annotations

from qmpd import errors
from qmpd.commands.context import Context


def request_ebpf(context: Context, id: str) -> None:
    raise errors.not_modelled("eBPF programs")
