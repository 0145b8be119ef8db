"""The human monitor's commands about migration (migration/migration-hmp-cmds.c, migration/dirtyrate.c)."""

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.commands import destinations
from qmpd.commands import migration as qmp
from qmpd.commands.hmp.call import Call, Handler
from qmpd.options import numbers, stringvisitor
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.schemas import documents

_SWITCHOVER_UNSAID: Final = (9, 2)
"""The last version of a machine that does not tell where it goes that it is about to stop."""
_MAX_INT64: Final = (1 << 63) - 1
_SHOWN: Final = (
    *(("announce-initial", " ms"), ("announce-max", " ms"), ("announce-rounds", ""), ("announce-step", " ms")),
    *(("throttle-trigger-threshold", ""), ("cpu-throttle-initial", ""), ("cpu-throttle-increment", "")),
    *(("cpu-throttle-tailslow", ""), ("max-cpu-throttle", ""), ("tls-creds", "'"), ("tls-hostname", "'")),
    *(("max-bandwidth", " bytes/second"), ("avail-switchover-bandwidth", " bytes/second"), ("downtime-limit", " ms")),
    *(("x-checkpoint-delay", " ms"), ("multifd-channels", ""), ("multifd-compression", "")),
    *(("zero-page-detection", ""), ("xbzrle-cache-size", " bytes"), ("max-postcopy-bandwidth", ""), ("tls-authz", "'")),
    *(("block-bitmap-mapping", ""), ("x-vcpu-dirty-limit-period", " ms"), ("vcpu-dirty-limit", " MB/s")),
    *(("mode", ""), ("direct-io", "")),
)


def _type(name: str) -> dict[str, Any]:
    node: dict[str, Any] = documents.document("migration")["$defs"][name]
    return node


def _member(type_name: str, value: str) -> str:
    """``value`` if it is one of an enumeration's."""
    if value not in _type(type_name)["enum"]:
        raise errors.hmp.enum_value_invalid(value)
    return value


def migrate(call: Call) -> str:
    address = destinations.parse(call.arguments["uri"])
    channels = [{"channel-type": "main", "addr": address}]
    qmp.migrate(call.context, channels=channels, resume=call.arguments.get("resume", False))
    return ""


def migrate_cancel(call: Call) -> str:
    qmp.migrate_cancel(call.context)
    return ""


def migrate_continue(call: Call) -> str:
    qmp.migrate_continue(call.context, _member("MigrationStatus", call.arguments["state"]))
    return ""


def migrate_incoming(call: Call) -> str:
    qmp.migrate_incoming(call.context, call.arguments["uri"])
    return ""


def migrate_pause(call: Call) -> str:
    qmp.migrate_pause(call.context)
    return ""


def migrate_recover(call: Call) -> str:
    qmp.migrate_recover(call.context, call.arguments["uri"])
    return ""


def migrate_start_postcopy(call: Call) -> str:
    qmp.migrate_start_postcopy(call.context)
    return ""


def x_colo_lost_heartbeat(call: Call) -> str:
    qmp.x_colo_lost_heartbeat(call.context)
    return ""


def migrate_set_capability(call: Call) -> str:
    capability = _member("MigrationCapability", call.arguments["capability"])
    qmp.migrate_set_capabilities(call.context, [{"capability": capability, "state": call.arguments["state"]}])
    return ""


def migrate_set_parameter(call: Call) -> str:
    name = call.arguments["parameter"]
    if name not in _type("MigrateSetParameters")["properties"]:
        raise errors.hmp.enum_value_invalid(name)
    qmp.migrate_set_parameters(call.context, {name: _parameter(name, call.arguments["value"])})
    return ""


def _parameter(name: str, text: str) -> Any:
    """The value that ``text`` spells. Bandwidths are in MiB where no unit is given."""
    if name == "block-bitmap-mapping":
        raise errors.migration.bitmap_mapping_by_qmp_only()
    if name in ("max-bandwidth", "avail-switchover-bandwidth"):
        return _mebibytes(text)
    node = _type("MigrateSetParameters")["properties"][name]
    kind = documents.type_name(node.get("$ref", ""))
    if node.get("type") == "boolean":
        return stringvisitor.visit_bool_string(text, name)
    if kind in ("uint8", "uint32"):
        return stringvisitor.visit_narrow_string(text, name, kind)
    if kind in ("size", "uint64"):
        return stringvisitor.visit_size_string(text, name)
    found, _ = documents.resolve(node["$ref"], "migration")
    return stringvisitor.visit_enum_string(text, name, found["enum"]) if "enum" in found else text


def _mebibytes(text: str) -> int:
    try:
        size = numbers.parse_size(text if text[-1:].isalpha() else f"{text}M")
    except (MalformedError, OutOfRangeError):
        size = -1
    if not 0 <= size <= _MAX_INT64:
        raise errors.migration.size_invalid(text)
    return size


# What "info" says


def info_migrate(call: Call) -> str:
    machine = call.context.machine
    globals_ = machine.catalogue.hmp_answer("info migrate") or ""
    if machine.version <= _SWITCHOVER_UNSAID:
        globals_ = globals_.replace("send-switchover-start: on", "send-switchover-start: off")
    answer = qmp.query_migrate(call.context)
    if "blocked-reasons" in answer:
        globals_ += "Outgoing migration blocked:\n" + "".join(f"  {reason}\n" for reason in answer["blocked-reasons"])
    if "status" not in answer:
        return globals_
    reason = f" ({answer['error-desc']})" if "error-desc" in answer else ""
    places = "".join(f"\t{_uri(address)}\n" for address in answer.get("socket-address", ()))
    awaited = f"socket address: [\n{places}]\n" if places else ""
    return f"{globals_}Migration status: {answer['status']}{reason}\ntotal time: 0 ms\n{awaited}"


def _uri(address: dict[str, Any]) -> str:
    return f"unix:{address['path']}" if address["type"] == "unix" else f"tcp:{address['host']}:{address['port']}"


def info_migrate_capabilities(call: Call) -> str:
    states = call.context.machine.migration.capabilities.items()
    return "".join(f"{name}: {_on_off(state)}\n" for name, state in states)


def info_migrate_parameters(call: Call) -> str:
    parameters = call.context.machine.migration.parameters
    return "".join(_shown(name, parameters[name], unit) for name, unit in _SHOWN if name in parameters)


def _shown(name: str, value: Any, unit: str) -> str:
    if name == "block-bitmap-mapping":
        return f"{name}:\n" + "".join(_mapped(entry) for entry in value)
    if unit == "'":
        return f"{name}: '{value}'\n"
    return f"{name}: {_on_off(value) if isinstance(value, bool) else value}{unit}\n"


def _mapped(entry: dict[str, Any]) -> str:
    bitmaps = (f"    '{bitmap['name']}' -> '{bitmap['alias']}'\n" for bitmap in entry["bitmaps"])
    return f"  '{entry['node-name']}' -> '{entry['alias']}'\n" + "".join(bitmaps)


def _on_off(state: bool) -> str:
    return "on" if state else "off"


# How fast memory changes


def calc_dirty_rate(call: Call) -> str:
    given = call.arguments
    seconds, samples = given["second"], given.get("sample_pages_per_GB", -1)
    if not seconds:
        return "Incorrect period length specified!\n"
    if given.get("dirty_ring") and given.get("dirty_bitmap"):
        return "Either dirty ring or dirty bitmap can be specified!\n"
    mode = "dirty-bitmap" if given.get("dirty_bitmap") else "dirty-ring" if given.get("dirty_ring") else "page-sampling"
    qmp.calc_dirty_rate(call.context, seconds, sample_pages=None if samples == -1 else samples, mode=mode)
    return (
        f"Starting dirty rate measurement with period {seconds} seconds\n"
        "[Please use 'info dirty_rate' to check results]\n"
    )


def info_dirty_rate(call: Call) -> str:
    answer = qmp.query_dirty_rate(call.context)
    samples = f"Sample Pages: {answer['sample-pages']} (per GB)\n" if answer["mode"] == "page-sampling" else ""
    rate = f"{answer['dirty-rate']} (MB/s)" if "dirty-rate" in answer else "(not ready)"
    return (
        f"Status: {answer['status']}\nStart Time: {answer['start-time']} (ms)\n{samples}"
        f"Period: {answer['calc-time']} (sec)\nMode: {answer['mode']}\nDirty rate: {rate}\n"
    )


def set_vcpu_dirty_limit(call: Call) -> str:
    rate = call.arguments["dirty_rate"]
    if rate < 0:
        raise errors.migration.dirty_limit_negative(rate)
    qmp.set_vcpu_dirty_limit(call.context, rate)
    return ""


def cancel_vcpu_dirty_limit(call: Call) -> str:
    qmp.cancel_vcpu_dirty_limit(call.context)
    return "[Please use 'info vcpu_dirty_limit' to query dirty limit for virtual CPU]\n"


HANDLERS: Final[dict[str, Handler]] = {
    "calc_dirty_rate": calc_dirty_rate,
    "cancel_vcpu_dirty_limit": cancel_vcpu_dirty_limit,
    "migrate": migrate,
    "migrate_cancel": migrate_cancel,
    "migrate_continue": migrate_continue,
    "migrate_incoming": migrate_incoming,
    "migrate_pause": migrate_pause,
    "migrate_recover": migrate_recover,
    "migrate_set_capability": migrate_set_capability,
    "migrate_set_parameter": migrate_set_parameter,
    "migrate_start_postcopy": migrate_start_postcopy,
    "set_vcpu_dirty_limit": set_vcpu_dirty_limit,
    "x_colo_lost_heartbeat": x_colo_lost_heartbeat,
}

INFO_HANDLERS: Final[dict[str, Handler]] = {
    "dirty_rate": info_dirty_rate,
    "migrate": info_migrate,
    "migrate_capabilities": info_migrate_capabilities,
    "migrate_parameters": info_migrate_parameters,
}
