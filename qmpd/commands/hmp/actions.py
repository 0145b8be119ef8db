"""The human monitor's commands that do something to what is modelled here (*-hmp-cmds.c, system/qdev-monitor.c)."""

from __future__ import annotations

import re
from typing import Any, Final
from weakref import WeakKeyDictionary

from qmpd import errors
from qmpd.commands import control, machine, misc, qom
from qmpd.commands.hmp import help
from qmpd.commands.hmp.arguments import BadArguments, Format
from qmpd.commands.hmp.call import Call, Handler
from qmpd.commands.hmp.tree import find_object
from qmpd.errors import QemuError
from qmpd.hashorder import qdict_order
from qmpd.model import modules, objects, qdev
from qmpd.model.machine import Machine
from qmpd.model.qom import Object
from qmpd.options import keyval, qemuopts, structs
from qmpd.options.parser import read_json
from qmpd.options.words import HELP_WORDS
from qmpd.wire.encode import encode

_WATCHDOG_ACTIONS: Final = ("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi")
_INT32_MASK: Final = (1 << 32) - 1
_ESCAPES: Final = {ord("'"): "\\'", ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r"}
_LONGEST_RANGE: Final = 65536
_UNSIGNED: Final = frozenset({"prealloc-threads"})
"""Properties that say they are an ``int`` and are read as an unsigned one."""

_formats: WeakKeyDictionary[Machine, Format] = WeakKeyDictionary()


def last_format(board: Machine) -> Format:
    """How the monitors of ``board`` last showed numbers."""
    return _formats.setdefault(board, Format())


# Running


def stop(call: Call) -> str:
    misc.stop(call.context)
    return ""


def cont(call: Call) -> str:
    misc.cont(call.context)
    return ""


def quit(call: Call) -> str:
    control.quit(call.context)
    return ""


def system_reset(call: Call) -> str:
    machine.system_reset(call.context)
    return ""


def system_powerdown(call: Call) -> str:
    machine.system_powerdown(call.context)
    return ""


def system_wakeup(call: Call) -> str:
    machine.system_wakeup(call.context)
    return ""


def exit_preconfig(call: Call) -> str:
    raise errors.run_state.preconfig_is_over()


def watchdog_action(call: Call) -> str:
    action = call.arguments["action"].lower()
    if action not in _WATCHDOG_ACTIONS:
        raise errors.hmp.enum_value_invalid(action)
    call.context.machine.run.actions["watchdog"] = action
    return ""


# Devices and objects


def device_add(call: Call) -> str:
    options = _device_options(call.arguments.get("device", ""))
    board = call.context.machine
    driver = options.get("driver")
    if driver in HELP_WORDS:
        modules.load_all(board)
        return board.catalogue.hmp_answer("device_add help") or ""
    modules.look_for(board, driver)
    if driver is not None and not HELP_WORDS.isdisjoint(options):
        try:
            return help.device_options(board.catalogue, driver)
        except QemuError as error:
            return f"{error.desc}\n"
    warnings: list[str] = []
    usual, board.warn = board.warn, warnings.append
    try:
        # QEMU copies the options from a dict into a list and back.
        qdev.device_add(board, {name: options[name] for name in qdict_order(options)}, typed=False)
    finally:
        board.warn = usual
    return "".join(f"warning: {warning}\n" for warning in warnings)


def _device_options(text: str) -> dict[str, str]:
    device_id = qemuopts.find_id(text)
    if device_id is not None and not qemuopts.is_identifier(device_id):
        raise BadArguments("")  # QEMU says why on its standard error only
    options = {} if device_id is None else {"id": device_id}
    return options | {pair.name: pair.value for pair in qemuopts.split(text, "driver") if pair.name != "id"}


def device_del(call: Call) -> str:
    qdev.device_del(call.context.machine, call.arguments["id"])
    return ""


def object_add(call: Call) -> str:
    board = call.context.machine
    tree, wants_help = keyval.parse(call.arguments["object"], "qom-type")
    if wants_help:
        return help.object_options(board.catalogue, tree.get("qom-type"))
    options = structs.read(tree, structs.from_schema("qom", "ObjectOptions"), structs.STRINGS)
    if not qemuopts.is_identifier(options["id"]):
        raise errors.options.option_id_malformed()
    objects.object_add(board, options)
    return ""


def object_del(call: Call) -> str:
    objects.object_del(call.context.machine, call.arguments["id"])
    return ""


def balloon(call: Call) -> str:
    machine.balloon(call.context, call.arguments["value"])
    return ""


# The object tree


def qom_list(call: Call) -> str:
    path = call.arguments.get("path")
    if path is None:
        return "/\n"
    return "".join(f"{entry['name']} ({entry['type']})\n" for entry in qom.qom_list(call.context, path))


def qom_get(call: Call) -> str:
    value = qom.qom_get(call.context, call.arguments["path"], call.arguments["property"])
    return encode(value, pretty=True).decode().replace("\r\n", "\n") + "\n"


def qom_set(call: Call) -> str:
    path, name, value = (call.arguments[key] for key in ("path", "property", "value"))
    if call.arguments.get("json"):
        qom.qom_set(call.context, path, name, _json(value))
        return ""
    obj = find_object(call.context.machine, path)
    if obj is None:
        raise errors.device_not_found(path)
    try:
        obj.set_property(name, value, typed=False)
    except QemuError as error:
        _set_in_other_words(obj, name, value, error)
    return ""


def _json(text: str) -> Any:
    """One JSON value; a word or number needs something behind it to be seen to end. :raise QemuError:"""
    try:
        return read_json(text)
    except QemuError as error:
        if error.desc != errors.options.json_premature_end().desc:
            raise
    return read_json(f"{text} ")


def _set_in_other_words(obj: Object, name: str, value: str, error: QemuError) -> None:
    """Say ``error``, that of an option string, as qapi/string-input-visitor.c does; that one also reads lists."""
    if error.desc == errors.invalid_parameter_value(name, "integer").desc:
        is_unsigned = obj.find_property(name).type.startswith("u") or name in _UNSIGNED
        raise errors.invalid_parameter_value(name, "uint64" if is_unsigned else "int64")
    if error.desc == errors.invalid_parameter_value(name, "size").desc:
        qemuopts.check_size(name, value)
    if error.desc == errors.invalid_parameter_type(name, "array").desc:
        obj.set_property(name, _numbers(value))
        return
    raise error


def _numbers(text: str) -> list[int]:
    """``0-3,5``. :raise QemuError:"""
    numbers: set[int] = set()
    for entry in text.removesuffix(",").split(",") if text else ():
        found = re.fullmatch(r"(-?\d+)(?:-(\d+))?", entry)
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, -1)
        if not low <= high < low + _LONGEST_RANGE:
            raise errors.invalid_parameter_value("null", "list of uint64 values or ranges")
        numbers.update(range(low, high + 1))
    return sorted(numbers)


# The monitor itself


def cpu(call: Call) -> str:
    index = call.arguments["index"]
    if not 0 <= index < call.context.machine.cpu_count:
        return errors.hmp.hmp_cpu_missing()
    call.select_cpu(index)
    return ""


def print_number(call: Call) -> str:
    number = call.arguments["val"]
    unsigned = number % (1 << 64)
    match call.arguments["fmt"][1]:
        case "o":
            shown = f"0{unsigned:o}" if unsigned else "0"
        case "x":
            shown = f"0x{unsigned:x}" if unsigned else "0"
        case "u":
            shown = str(unsigned)
        case "c":
            shown = _character(unsigned & _INT32_MASK)
        case _:
            shown = str(number)
    return f"{shown}\n"


def _character(code: int) -> str:
    if code in _ESCAPES:
        return f"'{_ESCAPES[code]}'"
    return f"'{chr(code)}'" if 32 <= code < 127 else f"'\\x{code:02x}'"


HANDLERS: Final[dict[str, Handler]] = {
    "balloon": balloon,
    "cont": cont,
    "cpu": cpu,
    "device_add": device_add,
    "device_del": device_del,
    "exit_preconfig": exit_preconfig,
    "help": help.help,
    "info": help.info,
    "object_add": object_add,
    "object_del": object_del,
    "print": print_number,
    "qom-get": qom_get,
    "qom-list": qom_list,
    "qom-set": qom_set,
    "quit": quit,
    "stop": stop,
    "system_powerdown": system_powerdown,
    "system_reset": system_reset,
    "system_wakeup": system_wakeup,
    "watchdog_action": watchdog_action,
}
"""By name without aliases."""
