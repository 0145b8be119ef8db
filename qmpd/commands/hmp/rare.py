"""The human monitor's commands about things that few machines have, or that leave no trace here."""

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.commands import destinations, machine, misc_target, replay, rocker, stats, trace, virtio
from qmpd.commands.hmp.call import Call, Handler
from qmpd.errors import QemuError
from qmpd.model.fw_cfg import check_devices
from qmpd.model.pci import PciDevice
from qmpd.options import numbers
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.schemas import documents

_BOOT_DEVICES: Final = "abcdefghijklmnop"
_MCE_VALID: Final = 1 << 63
_MCE_BANKS: Final = 10
_AER_ERRORS: Final = frozenset(
    (
        *("DLP", "SDN", "POISON_TLP", "FCP", "COMP_TIME", "COMP_ABORT", "UNX_COMP", "RX_OVER", "MALF_TLP", "ECRC"),
        *("UNSUP", "ACSV", "INTN", "MCBTLP", "ATOP_EBLOCKED", "TLP_PRF_BLOCKED", "RCVR", "BAD_TLP", "BAD_DLLP"),
        *("REP_ROLL", "REP_TIMER", "ADV_NONFATAL", "INTERNAL", "HL_OVERFLOW"),
    )
)


def _said(error: QemuError) -> str:
    """An error that QEMU prints without announcing it."""
    return f"{error.desc}\n"


def nmi(call: Call) -> str:
    machine.inject_nmi(call.context)
    return ""


def mce(call: Call) -> str:
    given = call.arguments
    if 0 <= given["cpu_index"] < call.context.machine.cpu_count:
        if given["bank"] >= _MCE_BANKS:
            return "Invalid MCE bank number\n"
        if not given["status"] % (1 << 64) & _MCE_VALID:
            return "Invalid MCE status code\n"
    return ""


def boot_set(call: Call) -> str:
    order = call.arguments["bootdevice"]
    if call.context.machine.family.chipset is None:
        return _said(errors.rare.boot_order_unsupported())
    for place, letter in enumerate(order):
        if letter not in _BOOT_DEVICES:
            return _said(errors.rare.boot_device_invalid(letter))
        if letter in order[:place]:
            return _said(errors.rare.boot_device_repeated(letter))
    try:
        check_devices(call.context.machine, order)
    except QemuError as error:
        return _said(error)
    return f"boot device list now set to {order}\n"


def gdbserver(call: Call) -> str:
    if call.arguments.get("device") != "none":
        raise errors.not_modelled("a debugger")
    return "Disabled gdbserver\n"


def one_insn_per_tb(call: Call) -> str:
    option = call.arguments.get("option", "on")
    return "" if option in ("on", "off") else f"unexpected option {option}\n"


def sync_profile(call: Call) -> str:
    match call.arguments.get("op"):
        case None:
            return "sync-profile is off\n"
        case "on" | "off" | "reset":
            return ""
        case other:
            raise errors.rare.sync_profile_option_invalid(other)


def log(call: Call) -> str:
    """Switches on what is never logged; lists what there is when asked for something else."""
    listing = call.context.machine.catalogue.hmp_answer("help log") or ""
    known = {line.partition(" ")[0] for line in listing.splitlines()[1:]} | {"all", "none"}
    items = call.arguments["items"].split(",")
    return "" if all(item in known or item.startswith("trace:") for item in items) else listing


def logfile(call: Call) -> str:
    try:
        destinations.check_creatable(call.arguments["filename"])
    except QemuError as error:
        reason = error.desc.rpartition(": ")[2]
        return _said(errors.rare.log_file_not_opened(call.arguments["filename"], reason))
    return ""


def dumpdtb(call: Call) -> str:
    machine.dumpdtb(call.context, call.arguments["filename"])
    return ""


def pcie_aer_inject_error(call: Call) -> str:
    """Report an error to a guest that does not listen."""
    given = call.arguments
    name, status = given["id"], given["error_status"]
    device = call.context.machine.peripheral.child(name)
    if device is None:
        raise errors.rare.aer_device_missing(name)
    if not isinstance(device, PciDevice) or not _is_express(device):
        raise errors.rare.aer_device_not_express(name)
    if status not in _AER_ERRORS:
        try:
            number = numbers.parse_uint64(status)
        except (MalformedError, OutOfRangeError):
            raise errors.rare.aer_status_invalid(status) from None
        if number.bit_count() != 1:
            raise errors.rare.aer_refused()
    elif given.get("correctable"):
        raise errors.rare.aer_correctable_named()
    return f"OK id: {name} root bus: 0000:00, bus: 0 devfn: {device.devfn >> 3:x}.{device.devfn & 7:x}\n"


def _is_express(device: PciDevice) -> bool:
    """Devices that can be either are, unless they sit on the first bus."""
    catalogue = device.machine.catalogue
    either = catalogue.is_a(device.type, "conventional-pci-device")
    return catalogue.is_a(device.type, "pci-express-device") and not (either and device.pci_bus.bridge is None)


# Record and replay, Xen, trace events


def replay_break(call: Call) -> str:
    return _refused(replay.replay_break, call, call.arguments["icount"])


def replay_delete_break(call: Call) -> str:
    return _refused(replay.replay_delete_break, call)


def replay_seek(call: Call) -> str:
    return _refused(replay.replay_seek, call, call.arguments["icount"])


def _refused(command: Any, call: Call, *arguments: Any) -> str:
    try:
        command(call.context, *arguments)
    except QemuError as error:
        return _said(error)
    return ""


def xen_event_list(call: Call) -> str:
    misc_target.xen_event_list(call.context)
    return ""


def xen_event_inject(call: Call) -> str:
    misc_target.xen_event_inject(call.context, call.arguments["port"])
    return ""


def trace_event(call: Call) -> str:
    return _refused(trace.trace_event_set_state, call, call.arguments["name"], call.arguments["option"])


# What "info" says


def info_stats(call: Call) -> str:
    for key, type_name in (("target", "StatsTarget"), ("provider", "StatsProvider")):
        value = call.arguments.get(key)
        if value is not None and value not in documents.document("stats")["$defs"][type_name]["enum"]:
            return f"invalid stats {key} {value}\n"
    stats.query_stats(call.context, {"target": call.arguments["target"]})
    return ""


def info_dump(call: Call) -> str:
    return f"Status: {call.context.machine.dump_status}\n"


def info_rocker(call: Call) -> str:
    rocker.query_rocker(call.context, call.arguments["name"])
    return ""


def info_usb(call: Call) -> str:
    return machine.x_query_usb(call.context)["human-readable-text"]


def info_virtio(call: Call) -> str:
    found = virtio.x_query_virtio(call.context)
    return "".join(f"{device['path']} [{device['name']}]\n" for device in found)


def info_virtio_status(call: Call) -> str:
    virtio.x_query_virtio_status(call.context, call.arguments["path"])
    return ""


def info_virtio_queue_status(call: Call) -> str:
    virtio.x_query_virtio_queue_status(call.context, call.arguments["path"], call.arguments["queue"])
    return ""


def info_virtio_vhost_queue_status(call: Call) -> str:
    virtio.x_query_virtio_vhost_queue_status(call.context, call.arguments["path"], call.arguments["queue"])
    return ""


def info_virtio_queue_element(call: Call) -> str:
    virtio.x_query_virtio_queue_element(call.context, call.arguments["path"], call.arguments["queue"])
    return ""


HANDLERS: Final[dict[str, Handler]] = {
    "boot_set": boot_set,
    "dumpdtb": dumpdtb,
    "gdbserver": gdbserver,
    "log": log,
    "logfile": logfile,
    "mce": mce,
    "nmi": nmi,
    "one-insn-per-tb": one_insn_per_tb,
    "pcie_aer_inject_error": pcie_aer_inject_error,
    "replay_break": replay_break,
    "replay_delete_break": replay_delete_break,
    "replay_seek": replay_seek,
    "sync-profile": sync_profile,
    "trace-event": trace_event,
    "xen-event-inject": xen_event_inject,
    "xen-event-list": xen_event_list,
}

INFO_HANDLERS: Final[dict[str, Handler]] = {
    "dump": info_dump,
    "rocker": info_rocker,
    "rocker-of-dpa-flows": info_rocker,
    "rocker-of-dpa-groups": info_rocker,
    "rocker-ports": info_rocker,
    "stats": info_stats,
    "usb": info_usb,
    "virtio": info_virtio,
    "virtio-queue-element": info_virtio_queue_element,
    "virtio-queue-status": info_virtio_queue_status,
    "virtio-status": info_virtio_status,
    "virtio-vhost-queue-status": info_virtio_vhost_queue_status,
}
