"""qapi/misc-target.json: what only x86 machines have."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context


def query_sgx(context: Context) -> dict[str, Any]:
    machine = context.machine
    if machine.family.chipset is None:
        raise errors.rare.sgx_needs_pc()
    if machine.epc is None:
        raise errors.rare.sgx_without_epc()
    return machine.epc.info()


def query_sgx_capabilities(context: Context) -> dict[str, Any]:
    size = context.machine.host.sgx
    if not size:
        raise errors.rare.sgx_not_in_kvm()
    return {"sgx": True, "sgx1": True, "sgx2": True, "flc": True, "sections": [{"node": 0, "size": size}]}


def rtc_reset_reinjection(context: Context) -> None:
    pass


# AMD's memory encryption


def query_sev(context: Context) -> dict[str, Any]:
    return {
        "enabled": False,
        "api-major": 0,
        "api-minor": 0,
        "build-id": 0,
        "state": "uninit",
        "sev-type": "sev",
        "policy": 0,
        "handle": 0,
    }


def query_sev_launch_measure(context: Context) -> None:
    raise errors.rare.sev_measurement_missing()


def query_sev_capabilities(context: Context) -> None:
    raise errors.rare.sev_needs_kvm()


def sev_inject_launch_secret(context: Context, packet_header: str, secret: str, gpa: int | None = None) -> None:
    raise errors.rare.sev_guest_disabled()


def query_sev_attestation_report(context: Context, mnonce: str) -> None:
    raise errors.rare.sev_disabled()


# Xen


def xen_event_list(context: Context) -> None:
    raise errors.rare.xen_channels_disabled()


def xen_event_inject(context: Context, port: int) -> None:
    raise errors.rare.xen_channels_disabled()
