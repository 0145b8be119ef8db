"""qapi/misc-target.json: what only x86 machines have."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context


def query_sgx(context: Context) -> dict[str, Any]:
    machine = context.machine
    if machine.family.chipset is None:
        raise errors.sgx_needs_pc()
    if machine.epc is None:
        raise errors.sgx_without_epc()
    return machine.epc.info()


def query_sgx_capabilities(context: Context) -> dict[str, Any]:
    size = context.machine.host.sgx
    if not size:
        raise errors.sgx_not_in_kvm()
    return {"sgx": True, "sgx1": True, "sgx2": True, "flc": True, "sections": [{"node": 0, "size": size}]}
