"""qapi/misc-target.json: what only x86 machines have."""

from __future__ import annotations

from qmpd import errors
from qmpd.commands.context import Context


def query_sgx(context: Context) -> None:
    raise errors.sgx_without_epc() if context.machine.family.chipset else errors.sgx_needs_pc()


def query_sgx_capabilities(context: Context) -> None:
    raise errors.sgx_not_in_kvm()
