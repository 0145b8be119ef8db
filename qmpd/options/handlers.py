"""What each option of the command line does to the parser: one function an option, and the table of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

from qmpd import errors
from qmpd.config import OptionArguments
from qmpd.errors import QemuError, StartupError
from qmpd.hashorder import qdict_order
from qmpd.options import chardevs, keyval, numbers, optsvisitor, qemuopts, structs, types
from qmpd.options.parser import MACHINE_SECTIONS, TREE_SECTIONS, Handler, Parser, read_json
from qmpd.options.report import StartupExit
from qmpd.options.words import HELP_WORDS

if TYPE_CHECKING:
    from qmpd.options.readconfig import Section

_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_GLOBAL: Final = r"(?s)([^.=]{1,63})\.([^=]{1,63})=(.*)"
_SET: Final = r"(?s)([^.]{1,63})\.([^.]{1,63})\.([^=]{1,63})=(.*)"
_MODERN_NETDEVS: Final = frozenset({"stream", "dgram"})
_MIGRATION_URI: Final = r"(tcp|rdma|exec|unix|vsock|fd|file):"


# machine and accelerator


def take_machine(parser: Parser, argument: str) -> None:
    _, wants_help = keyval.parse(argument, "type", into=parser.machine)
    if wants_help:
        parser.help.machines(parser.machine.get("type"))
        raise StartupExit(0)


def take_machine_struct(parser: Parser, group_name: str, property_name: str, argument: str) -> None:
    found = parser.group(group_name)
    tree, wants_help = keyval.parse(argument, found.implied_key)
    if wants_help:
        parser.help.group(found)
        raise StartupExit(0)
    parser.merge_machine(property_name, tree)


def take_smp(parser: Parser, argument: str) -> None:
    take_machine_struct(parser, "smp-opts", "smp", argument)


def take_boot(parser: Parser, argument: str) -> None:
    take_machine_struct(parser, "boot-opts", "boot", argument)


def take_accel(parser: Parser, argument: str) -> None:
    try:
        name = parser.add("accel", True, argument).get("accel")
    except QemuError as error:
        parser.report.error(parser.origin, error)
        name = None
    if name is None or name in HELP_WORDS:
        parser.help.recorded("-accel help")
        raise StartupExit(0)


# objects, devices, globals


def take_object(parser: Parser, argument: str) -> None:
    struct = structs.from_schema("qom", "ObjectOptions")
    if argument.startswith("{"):
        parser.objects.append(parser.typed(structs.read(read_json(argument), struct, structs.JSON)))
        return
    opts = parser.add("object", True, argument)
    type_name = opts.get("qom-type")
    if type_name is None:
        raise errors.missing_parameter("qom-type")
    if parser.help.objects(type_name, qemuopts.has_help(argument)):
        raise StartupExit(0)
    parser.objects.append(parser.typed(optsvisitor.read(opts, struct)))


def take_device(parser: Parser, argument: str) -> None:
    if argument.startswith("{"):
        parser.json_devices.append(parser.typed(read_json(argument)))
    else:
        parser.add("device", True, argument)


def take_global(parser: Parser, argument: str) -> None:
    found = re.fullmatch(_GLOBAL, argument)
    if found:
        opts = parser.store.create(parser.group("global"), None, parser.origin)
        for name, value in zip(("driver", "property", "value"), found.groups(), strict=True):
            opts.set(name, value)
        return
    opts = parser.add("global", False, argument)
    if any(opts.get(name) is None for name in ("driver", "property", "value")):
        raise errors.startup.global_incomplete()


def take_set(parser: Parser, argument: str) -> None:
    found = re.fullmatch(_SET, argument)
    if found is None:
        raise errors.startup.set_malformed(argument)
    group_name, option_id, name, value = found.groups()
    if group_name in TREE_SECTIONS:
        raise errors.startup.set_unsupported(group_name)
    parser.group(group_name)
    opts = parser.store.find(group_name, option_id)
    if opts is None:
        raise errors.startup.set_target_missing(group_name, option_id)
    opts.set(name, value)


# character devices and monitors


def take_short_monitor(parser: Parser, mode: str, pretty: str, argument: str) -> None:
    """``-qmp`` and its like: a character device and a monitor at once."""
    label = argument.removeprefix("chardev:")
    if label == argument:
        label = f"compat_monitor{parser.monitors}"
        try:
            chardevs.parse_compat(parser.store, label, argument, parser.origin)
        except chardevs.CompatError as failure:
            reasons = [failure.reason] if failure.reason else []
            raise StartupError(parser.origin, *reasons, errors.startup.chardev_name_unparsed(argument)) from None
    try:
        opts = parser.store.create(parser.group("mon"), label, parser.origin)
    except QemuError as error:
        error.hint = ""
        raise
    opts.pairs += [("mode", mode), ("chardev", label), *([("pretty", pretty)] if pretty else [])]
    parser.monitors += 1
    parser.flags.add("own monitor")


def take_qmp(parser: Parser, argument: str) -> None:
    take_short_monitor(parser, "control", "off", argument)


def take_qmp_pretty(parser: Parser, argument: str) -> None:
    take_short_monitor(parser, "control", "on", argument)


def take_monitor(parser: Parser, argument: str) -> None:
    parser.flags.add("own monitor")
    if not argument.startswith("none"):
        take_short_monitor(parser, "readline", "", argument)


def take_mon(parser: Parser, argument: str) -> None:
    parser.add("mon", True, argument)
    parser.flags.add("own monitor")


def take_port(parser: Parser, kind: str, argument: str) -> None:
    parser.ports[kind].append((argument, parser.origin))
    if argument.startswith("mon:"):
        parser.flags.add("own monitor")


def take_serial(parser: Parser, argument: str) -> None:
    take_port(parser, "serial", argument)


def take_parallel(parser: Parser, argument: str) -> None:
    take_port(parser, "parallel", argument)


def take_debugcon(parser: Parser, argument: str) -> None:
    parser.ports["debugcon"].append((argument, parser.origin))


# disks, network, sound, display


def take_blockdev(parser: Parser, argument: str) -> None:
    parser.blockdevs.append(
        parser.typed(parser.read(argument, "driver", structs.from_schema("block-core", "BlockdevOptions")))
    )


def take_netdev(parser: Parser, argument: str) -> None:
    kinds = [value for name, value, _ in qemuopts.split(argument, "type") if name == "type"]
    if argument.startswith("{") or (kinds and kinds[-1] in _MODERN_NETDEVS):
        parser.netdevs.append(parser.typed(parser.read(argument, "type", structs.from_schema("net", "Netdev"))))
    else:
        parser.add("netdev", True, argument)


def take_audiodev(parser: Parser, argument: str) -> None:
    if argument in HELP_WORDS:
        parser.help.recorded("-audiodev help")
        raise StartupExit(0)
    values = parser.read(argument, "driver", types.AUDIODEV)
    types.check_audiodev(values)
    parser.audiodevs.append(parser.typed(values))


def take_display(parser: Parser, argument: str) -> None:
    if argument in HELP_WORDS:
        parser.help.recorded("-display help")
        raise StartupExit(0)
    if argument.startswith("vnc"):
        if not argument.startswith("vnc="):
            raise errors.startup.display_vnc_incomplete()
        take_vnc(parser, argument.removeprefix("vnc="))
    else:
        parser.display = parser.read(argument, "type", types.DISPLAY)


def take_vnc(parser: Parser, argument: str) -> None:
    parser.add("vnc", argument not in HELP_WORDS, argument)


def take_spice(parser: Parser, argument: str) -> NoReturn:
    raise StartupError(
        parser.origin, errors.startup.option_group_unknown("spice"), errors.startup.spice_module_missing()
    )


# names, files, messages, the rest


def take_uuid(parser: Parser, argument: str) -> None:
    if not re.fullmatch(_UUID, argument):
        raise errors.startup.uuid_malformed()
    parser.uuid = argument.lower()


def take_seed(parser: Parser, argument: str) -> None:
    try:
        _, end = numbers.scan_uint64(argument)
    except ValueError:
        end = -1
    if end != len(argument):
        raise errors.startup.seed_malformed(argument)


def take_name(parser: Parser, argument: str) -> None:
    parser.report.guest_name = parser.add("name", True, argument).get("guest")


def take_msg(parser: Parser, argument: str) -> None:
    opts = parser.add("msg", False, argument)
    parser.report.timestamp = opts.get_bool("timestamp", False)
    parser.report.shows_guest_name = opts.get_bool("guest-name", False)


def take_no_reboot(parser: Parser, argument: str) -> None:
    parser.add("action", False, "reboot=shutdown")


def take_no_shutdown(parser: Parser, argument: str) -> None:
    parser.add("action", False, "shutdown=pause")


def take_watchdog_action(parser: Parser, argument: str) -> None:
    parser.store.create(parser.group("action"), None, parser.origin).set("watchdog", argument)


def take_compat(parser: Parser, argument: str) -> None:
    parser.compat = parser.read(argument, "", types.COMPAT)


def take_incoming(parser: Parser, argument: str) -> None:
    if argument.startswith("tcp:") and ":" not in argument.removeprefix("tcp:"):
        raise errors.startup.address_malformed(argument.removeprefix("tcp:"))
    if argument != "defer" and not re.match(_MIGRATION_URI, argument):
        parser.read(argument, "channel-type", types.MIGRATION_CHANNEL)
    parser.words["incoming"] = argument


def take_overcommit(parser: Parser, argument: str) -> None:
    if parser.add("overcommit", False, argument).get("mem-lock") not in (None, "on", "off", "on-fault"):
        raise errors.startup.mem_lock_unknown()


def take_option_rom(parser: Parser, argument: str) -> None:
    if parser.add("option-rom", True, argument).get("romfile") is None:
        raise errors.startup.option_rom_missing()


def take_version(parser: Parser, argument: str) -> NoReturn:
    parser.help.version()
    raise StartupExit(0)


def take_help(parser: Parser, argument: str) -> NoReturn:
    parser.help.usage(parser.report.program)
    raise StartupExit(0)


def take_readconfig(parser: Parser, argument: str) -> None:
    from qmpd.options import readconfig

    for section in readconfig.read(argument):
        take_section(parser, section)


def take_extras(parser: Parser, argument: str) -> None:
    from qmpd.options import extras

    parser.extras = extras.read(argument, parser.extras)
    parser.help.identity = parser.extras.identity


def _rare(name: str) -> Handler:
    def take(parser: Parser, argument: str) -> None:
        from qmpd.options import rare_handlers  # few starts need one of them

        rare_handlers.HANDLERS[name](parser, argument)

    return take


def take_section(parser: Parser, section: Section) -> None:
    if section.group in TREE_SECTIONS:
        take_tree(parser, section.group, section.tree(), section.origin)
        return
    opts = parser.store.create(parser.group(section.group), section.id, section.origin)
    for name in qdict_order(section.values):
        if name != "id":
            opts.set(name, section.values[name])


def take_tree(parser: Parser, group_name: str, tree: keyval.Tree, origin: str) -> None:
    if group_name in MACHINE_SECTIONS:
        parser.merge_machine(MACHINE_SECTIONS[group_name], tree)
        return
    if group_name == "audiodev":
        values = structs.read(tree, types.AUDIODEV, structs.STRINGS)
        parser.audiodevs.append(OptionArguments(values, origin, typed=True))
        return
    try:
        values = structs.read(tree, structs.from_schema("qom", "ObjectOptions"), structs.STRINGS)
    except QemuError as error:
        raise StartupError(origin, error) from None
    parser.objects.append(OptionArguments(values, origin, typed=True))


HANDLERS: Final[dict[str, Handler]] = {
    "M": take_machine,
    "accel": take_accel,
    "audiodev": take_audiodev,
    "blockdev": take_blockdev,
    "boot": take_boot,
    "compat": take_compat,
    "debugcon": take_debugcon,
    "device": take_device,
    "display": take_display,
    "global": take_global,
    "h": take_help,
    "help": take_help,
    "incoming": take_incoming,
    "machine": take_machine,
    "mon": take_mon,
    "monitor": take_monitor,
    "msg": take_msg,
    "name": take_name,
    "netdev": take_netdev,
    "no-reboot": take_no_reboot,
    "no-shutdown": take_no_shutdown,
    "object": take_object,
    "option-rom": take_option_rom,
    "overcommit": take_overcommit,
    "parallel": take_parallel,
    "qmp": take_qmp,
    "qmp-pretty": take_qmp_pretty,
    "readconfig": take_readconfig,
    "seed": take_seed,
    "serial": take_serial,
    "set": take_set,
    "smp": take_smp,
    "spice": take_spice,
    "uuid": take_uuid,
    "version": take_version,
    "vnc": take_vnc,
    "watchdog-action": take_watchdog_action,
    "x-qmpd": take_extras,
    **{name: _rare(name) for name in ("acpitable", "audio", "run-with", "smbios", "tpmdev", "virtfs")},
}
