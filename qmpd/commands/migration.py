"""qapi/migration.json: moving a machine. Nothing moves here; what is asked for in vain fails as in QEMU."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands import destinations
from qmpd.commands.context import Context
from qmpd.errors import QemuError
from qmpd.model import immovable


def query_migrate(context: Context) -> dict[str, Any]:
    migration = context.machine.migration
    blocked = immovable.reasons(context.machine)
    answer: dict[str, Any] = {"blocked-reasons": blocked} if blocked else {}
    if migration.status is not None:
        answer["status"] = migration.status
    if migration.problem is not None:
        answer["error-desc"] = migration.problem
    if migration.arrival is not None:
        answer |= {"status": migration.arrival}
        if migration.arrival_addresses:
            answer["socket-address"] = migration.arrival_addresses
    return answer


def query_migrate_capabilities(context: Context) -> list[dict[str, Any]]:
    capabilities = context.machine.migration.capabilities
    return [{"capability": name, "state": state} for name, state in capabilities.items()]


def migrate_set_capabilities(context: Context, capabilities: list[dict[str, Any]]) -> None:
    context.machine.migration.set_capabilities({entry["capability"]: entry["state"] for entry in capabilities})
    if context.machine.migration.capabilities["zero-blocks"]:
        context.machine.warn("zero-blocks capability is deprecated")


def query_migrate_parameters(context: Context) -> dict[str, Any]:
    return context.machine.migration.parameters


def migrate_set_parameters(context: Context, parameters: dict[str, Any]) -> None:
    context.machine.migration.set_parameters(parameters)


def query_migrationthreads(context: Context) -> list[dict[str, Any]]:
    return []


# Leaving


def migrate(
    context: Context,
    uri: str | None = None,
    channels: list[dict[str, Any]] | None = None,
    detach: bool = False,
    resume: bool = False,
) -> None:
    """Try to leave; the reason why not is the error, or what ``query-migrate`` says soon after."""
    migration = context.machine.migration
    address = _main_address(uri, channels)
    by_kind = _by_kind(channels or [])
    migration.check_transport(address["transport"], address.get("type", ""))
    if migration.parameters["mode"] == "cpr-transfer" and "cpr" not in by_kind:
        raise errors.migration.cpr_channel_missing()
    if resume:
        raise errors.migration.nothing_to_resume()
    if context.machine.run.state == "inmigrate":
        raise errors.migration.guest_is_coming()
    if not migration.in_progress:
        immovable.check(context.machine)
    migration.check_may_leave()
    migration.begin()
    try:
        destinations.open_at_once(address)
    except QemuError as problem:
        migration.fail(problem)
        raise
    context.machine.later(lambda: migration.fail(destinations.why_not(address)))


def _main_address(uri: str | None, channels: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Where to, or from where. Raises QemuError."""
    if (uri is None) == (not channels):
        raise errors.migration.destination_missing() if uri is None else _exclusive(uri)
    address: dict[str, Any] = destinations.parse(uri) if uri is not None else _by_kind(channels or [])["main"]["addr"]
    return address


def _exclusive(uri: str) -> QemuError:
    """Both are given, and QEMU looks at the URI only."""
    destinations.parse(uri)
    return errors.migration.destination_missing()


def _by_kind(channels: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    by_kind: dict[str, dict[str, Any]] = {}
    for channel in channels:
        kind = channel["channel-type"]
        if kind in by_kind:
            raise errors.migration.channel_repeated(kind)
        by_kind[kind] = channel
    if channels and "main" not in by_kind:
        raise errors.migration.main_channel_missing()
    return by_kind


def migrate_cancel(context: Context) -> None:
    pass


def migrate_continue(context: Context, state: str) -> None:
    actual = context.machine.migration.status or "none"
    if state != actual:
        raise errors.migration.state_unexpected(actual)


def migrate_start_postcopy(context: Context) -> None:
    migration = context.machine.migration
    if not migration.capabilities["postcopy-ram"]:
        raise errors.migration.postcopy_disabled()
    if migration.status is None:
        raise errors.migration.postcopy_too_early()


def migrate_pause(context: Context) -> None:
    raise errors.migration.not_postcopy()


def migrate_recover(context: Context, uri: str) -> None:
    raise errors.migration.not_paused()


def migrate_incoming(
    context: Context,
    uri: str | None = None,
    channels: list[dict[str, Any]] | None = None,
    exit_on_error: bool = True,
) -> None:
    """Wait for a machine. Nobody listens, so none comes."""
    machine = context.machine
    if machine.config.incoming not in (None, "defer") or machine.migration.arrival_addresses:
        raise errors.migration.incoming_started()
    if machine.run.state != "inmigrate":
        raise errors.migration.incoming_not_asked_for()
    if uri is None and len(channels or ()) > 1:
        raise errors.migration.one_channel_expected()
    address = _main_address(uri, channels)
    machine.migration.check_transport(address["transport"], address.get("type", ""))
    machine.migration.begin_arrival()
    destinations.open_at_once(address)
    machine.migration.arrival_addresses = destinations.awaited(address)


# COLO and Xen


def query_colo_status(context: Context) -> dict[str, str]:
    return {"mode": "none", "last-mode": "none", "reason": "none"}


def x_colo_lost_heartbeat(context: Context) -> None:
    raise errors.migration.not_in_colo()


def xen_save_devices_state(context: Context, filename: str, live: bool = True) -> None:
    destinations.check_creatable(filename)
    raise errors.not_modelled("the state of devices in a file")


def xen_load_devices_state(context: Context, filename: str) -> None:
    destinations.check_readable(filename)
    raise errors.not_modelled("the state of devices in a file")


def xen_set_global_dirty_log(context: Context, enable: bool) -> None:
    pass


def xen_set_replication(context: Context, enable: bool, primary: bool, failover: bool | None = None) -> None:
    if enable and failover is not None:
        raise errors.migration.failover_only_to_stop()


def query_xen_replication_status(context: Context) -> dict[str, Any]:
    return {"error": False}


def xen_colo_do_checkpoint(context: Context) -> None:
    pass


# How fast memory changes


def calc_dirty_rate(
    context: Context,
    calc_time: int,
    calc_time_unit: str = "second",
    sample_pages: int | None = None,
    mode: str = "page-sampling",
) -> None:
    context.machine.dirty_rate.measure(context.host.clock, calc_time, calc_time_unit, sample_pages, mode)


def query_dirty_rate(context: Context, calc_time_unit: str = "second") -> dict[str, Any]:
    return context.machine.dirty_rate.info(calc_time_unit)


def set_vcpu_dirty_limit(context: Context, dirty_rate: int, cpu_index: int | None = None) -> None:
    raise errors.migration.dirty_limit_unavailable()


def cancel_vcpu_dirty_limit(context: Context, cpu_index: int | None = None) -> None:
    pass


def query_vcpu_dirty_limit(context: Context) -> list[dict[str, Any]]:
    return []


# Snapshots


def _snapshot(context: Context, kind: str, job_id: str, devices: list[str]) -> None:
    from qmpd.model.block.jobs import check_snapshots, start  # libvirt asks for other things here at each start

    graph = context.machine.block
    start(graph, job_id, kind, lambda: check_snapshots(graph, devices))


def snapshot_save(context: Context, job_id: str, tag: str, vmstate: str, devices: list[str]) -> None:
    _snapshot(context, "snapshot-save", job_id, devices)


def snapshot_load(context: Context, job_id: str, tag: str, vmstate: str, devices: list[str]) -> None:
    _snapshot(context, "snapshot-load", job_id, devices)


def snapshot_delete(context: Context, job_id: str, tag: str, devices: list[str]) -> None:
    _snapshot(context, "snapshot-delete", job_id, devices)
