"""From what the options said to a ``VmConfig``: the checks that need more than one option, and where everything goes.

QEMU finds some mistakes only while it builds the machine. They are found here too, but kept in ``VmConfig.problems``
until their phase comes, so that of several mistakes the one is reported that QEMU reports.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, Final, NoReturn

from qmpd import errors
from qmpd.config import FdConfig, OptionArguments, Phase, VmConfig
from qmpd.errors import QemuError, StartupError
from qmpd.hashorder import qdict_order
from qmpd.options import keyval, numbers, optsvisitor, structs, types
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.options.parser import Parser
from qmpd.options.ports import Ports
from qmpd.options.qemuopts import Opts
from qmpd.options.report import StartupExit
from qmpd.options.words import HELP_WORDS

_STANDARD_STREAMS: Final = 2
_DATE: Final = r"\s*[+-]?\d+-[+-]?\d+-[+-]?\d+"
_VGA: Final = r"(none|std|cirrus|vmware|virtio)(,retrace=(dumb|precise))*"
_MISSING_VGA: Final = {
    "qxl": ("QXL VGA", "qemu-system-modules-spice"),
    "tcx": ("TCX framebuffer", "qemu-system-modules-opengl"),
    "cg3": ("CG3 framebuffer", "qemu-system-modules-opengl"),
}
"""Kinds of displays that come in a package of their own: what they are, and the package."""
_MISSING_DISPLAYS: Final = {
    **dict.fromkeys(("gtk", "sdl", "spice-app"), "qemu-system-gui"),
    **dict.fromkeys(("dbus", "egl-headless"), "qemu-system-modules-opengl"),
}
_MISSING_AUDIO: Final = {
    **dict.fromkeys(("jack", "pa", "pipewire", "sdl"), "qemu-system-gui"),
    "dbus": "qemu-system-modules-opengl",
    "spice": "qemu-system-modules-spice",
}
_LAST_RESORT: Final = {"id": "default", "vnc": "localhost:0", "to": "99"}
"""How a picture is shown if nobody says how."""
_WORKING_AUDIO: Final = ("none", "alsa", "wav")
_DSP: Final = "/dev/dsp"
_CLOCKS: Final = frozenset({"host", "rt", "vm"})
_DRIFT_FIXES: Final = frozenset({"slew", "none"})
_REPLAY_MODES: Final = frozenset({"record", "replay"})
_LARGEST_SHIFT: Final = 10
_BOOT_LETTERS: Final = frozenset("abcdefghijklmnop")

_SANDBOX: Final = {
    "obsolete": ("allow", "deny"),
    "elevateprivileges": ("deny", "children", "allow"),
    "spawn": ("deny", "allow"),
    "resourcecontrol": ("deny", "allow"),
}

_MACHINE_STRUCTS: Final = {"memory": types.MEMORY, "smp": types.SMP, "boot": types.BOOT}
_ACCELERATOR_PROPERTIES: Final = ("igd-passthru", "kvm-shadow-mem", "kernel-irqchip")

# What QEMU creates first, and what only after the accelerator, the network and the character devices.
_FIRST_OBJECTS: Final = frozenset({"thread-context"})
_LATE_OBJECTS: Final = frozenset(
    {
        "rng-egd",
        "qtest",
        "cryptodev-vhost-user",
        "vhost-user-blk-server",
        "filter-buffer",
        "filter-dump",
        "filter-mirror",
        "filter-redirector",
        "colo-compare",
        "filter-rewriter",
        "filter-replay",
    }
)

# Groups of which a member may ask for help, and what is told then.
_TELLING: Final = (
    ("chardev", "backend", "-chardev help"),
    ("netdev", "type", "-netdev help"),
    ("nic", "type", "-nic help"),
    ("nic", "model", "-nic model=help"),
    ("net", "model", "-nic model=help"),
    ("drive", "format", "-drive format=help"),
)


def build(parser: Parser) -> VmConfig:
    """The machine that the options ask for. Raises StartupError, and StartupExit after a list has been printed."""
    _validate(parser)
    config = VmConfig(program=parser.report.program)
    _take_plain(parser, config)
    _take_early(parser, config)
    _print_help(parser)
    _take_setup(parser, config)
    _take_devices(parser, config)
    Ports(parser, config).take()
    _take_machine(parser, config)
    return config


def _validate(parser: Parser) -> None:
    if "kernel" not in parser.machine:
        for option in ("append", "shim", "initrd"):
            if option in parser.machine:
                raise StartupError("", errors.startup.option_needs_kernel(f"-{option}"))
    incoming, loads_snapshot = parser.words.get("incoming"), "loadvm" in parser.words
    if loads_snapshot and incoming is not None:
        raise StartupError("", errors.startup.options_exclusive("incoming", "loadvm"))
    if loads_snapshot and "preconfig" in parser.flags:
        raise StartupError("", errors.startup.options_exclusive("preconfig", "loadvm"))
    if incoming not in (None, "defer") and "preconfig" in parser.flags:
        raise StartupError("", errors.startup.preconfig_incoming())


def _take_plain(parser: Parser, config: VmConfig) -> None:
    words, flags = parser.words, parser.flags
    config.uuid = parser.uuid
    config.cpu = words.get("cpu")
    config.vga = words.get("vga")
    config.pidfile = words.get("pidfile")
    config.incoming = words.get("incoming")
    config.qtest = words.get("qtest")
    config.qtest_log = words.get("qtest-log")
    config.mem_path = words.get("mem-path")
    config.mem_prealloc = "mem-prealloc" in flags
    config.stopped = "S" in flags
    config.preconfig = "preconfig" in flags
    config.daemonize = "daemonize" in flags
    config.default_devices = "nodefaults" not in flags
    config.message_timestamp = parser.report.timestamp
    config.message_guest_name = parser.report.shows_guest_name
    config.display = parser.display
    config.compat = parser.compat
    config.extras = parser.extras
    config.ignored = parser.ignored
    config.usb_devices = parser.usb_devices
    config.user, config.chroot = parser.user, parser.chroot
    config.sound_card = parser.sound_card


def _take_early(parser: Parser, config: VmConfig) -> None:
    """What QEMU does before it forks (system/vl.c, qemu_process_early_options())."""
    store = parser.store
    name = store.merged("name")
    config.name = name.get("guest") if name else None
    config.names_threads = bool(name and name.get_bool("debug-threads", False))
    for opts in store.all("sandbox"):
        _check_sandbox(opts)
    actions = store.merged("action")
    if actions:
        config.actions = _or_stop(actions, lambda: structs.read(actions.values(), types.ACTION, structs.STRINGS))
    for opts in store.all("add-fd"):
        config.fds.append(_or_stop(opts, lambda opts=opts: _read_fd(opts)))


def _or_stop(opts: Opts, read: Any) -> Any:
    try:
        return read()
    except QemuError as error:
        raise StartupError(opts.origin, error) from None


def _check_sandbox(opts: Opts) -> None:
    if not opts.get_bool("enable", False):
        return
    for name, allowed in _SANDBOX.items():
        if opts.get(name) not in (None, *allowed):
            raise StartupError(opts.origin, errors.startup.sandbox_argument_invalid(name))


def _read_fd(opts: Opts) -> FdConfig:
    fd, fd_set = _to_int32(opts.get_number("fd", -1)), _to_int64(opts.get_number("set", -1))
    if fd < 0:
        raise errors.startup.fd_missing()
    if fd <= _STANDARD_STREAMS:
        raise errors.startup.fd_is_standard_stream()
    try:
        inherited = os.get_inheritable(fd)
    except OSError:
        inherited = False
    if not inherited:
        raise errors.startup.fd_invalid()
    if fd_set < 0:
        raise errors.startup.fd_set_missing()
    return FdConfig(fd, fd_set, opts.get("opaque"))


def _to_int32(number: int) -> int:
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def _to_int64(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _print_help(parser: Parser) -> None:
    words, store = parser.words, parser.store
    if words.get("d") in HELP_WORDS:
        _tell(parser, "-d help", status=1)
    if words.get("trace") in HELP_WORDS or words.get("d") == "trace:help":
        parser.help.trace_events()
        raise StartupExit(0)
    if words.get("plugin") in HELP_WORDS:
        _tell(parser, "-plugin help")
    if words.get("cpu") in HELP_WORDS:
        _tell(parser, "-cpu help")
    for opts in store.all("device"):
        driver = opts.get("driver")
        if driver in HELP_WORDS:
            _tell(parser, "-device help")
        if driver is not None and any(name in HELP_WORDS for name, _ in opts.pairs):
            try:
                parser.help.device(driver)
            except QemuError as error:
                parser.report.error(opts.origin, error)
            raise StartupExit(0)
    for group_name, member, told in _TELLING:
        if any(opts.get(member) in HELP_WORDS for opts in store.all(group_name)):
            _tell(parser, told)
    if words.get("vga") == "help":
        _tell(parser, "-vga help")


def _tell(parser: Parser, option: str, status: int = 0) -> NoReturn:
    parser.help.recorded(option)
    raise StartupExit(status)


def _take_setup(parser: Parser, config: VmConfig) -> None:
    """Clock and memory; both are looked at before the machine's type."""
    icount = parser.store.merged("icount")
    if icount:
        _take_icount(icount, config)
    rtc = parser.store.merged("rtc")
    if rtc:
        config.rtc = rtc.values()
        try:
            _check_rtc(config.rtc)
        except QemuError as error:
            config.add_problem(Phase.SETUP, "", error)
    memory = parser.store.merged("memory")
    try:
        keyval.merge(parser.machine, {"memory": _memory_property(memory)})
    except QemuError as error:
        config.add_problem(Phase.SETUP, memory.origin if memory else "", error)


def _take_icount(icount: Opts, config: VmConfig) -> None:
    """A clock that counts instructions (replay/replay.c, accel/tcg/icount-common.c)."""
    mode, shift = icount.get("rr"), icount.get("shift")
    sleeps, aligned = icount.get_bool("sleep", True), icount.get_bool("align", False)
    config.counts_instructions = shift is not None
    if mode is not None:
        error = errors.not_modelled("record and replay")
        if mode not in _REPLAY_MODES:
            error = errors.icount.replay_mode_invalid(mode)
        elif icount.get("rrfile") is None:
            error = errors.icount.replay_file_missing()
        config.add_problem(Phase.SETUP, icount.origin, error)
    if shift is None and icount.get("align") is not None:
        config.add_problem(Phase.ACCELERATORS, icount.origin, errors.icount.align_without_shift())
    elif aligned and not sleeps:
        config.add_problem(Phase.ACCELERATORS, icount.origin, errors.icount.align_without_sleep())
    elif shift not in (None, "auto") and not _is_shift(shift):
        config.add_problem(Phase.ACCELERATORS, icount.origin, errors.icount.shift_invalid())


def _is_shift(text: str) -> bool:
    try:
        return 0 <= numbers.parse_int64(text) <= _LARGEST_SHIFT
    except (MalformedError, OutOfRangeError):
        return False


def _check_rtc(rtc: dict[str, str]) -> None:
    base = rtc.get("base", "utc")
    if base not in ("utc", "localtime") and not re.match(_DATE, base):
        raise errors.startup.date_malformed()
    for name, allowed in (("clock", _CLOCKS), ("driftfix", _DRIFT_FIXES)):
        if name in rtc and rtc[name] not in allowed:
            raise errors.startup.option_value_invalid(rtc[name])


def _memory_property(opts: Opts | None) -> dict[str, str]:
    """``-m`` as the machine's property: a size that ends in a digit is in MiB."""
    given = {}
    size = opts.get("size") if opts else None
    if size and opts and opts.get_size("size", 0):
        given["size"] = f"{size}M" if size[-1].isdigit() else size
    for name, option in (("max-size", "maxmem"), ("slots", "slots")):
        value = opts.get(option) if opts else None
        if value is not None:
            given[name] = value
    return given


def _take_devices(parser: Parser, config: VmConfig) -> None:
    store = parser.store
    config.globals = [
        (opts.get("driver") or "", opts.get("property") or "", opts.get("value") or "") for opts in store.all("global")
    ]
    for entry in sorted(parser.objects, key=lambda entry: entry.values["qom-type"] not in _FIRST_OBJECTS):
        (config.objects if _is_late(entry.values["qom-type"]) else config.early_objects).append(entry)
    config.devices = [*_untyped(store.all("device")), *parser.json_devices]
    config.drives = _untyped(store.all("drive"))
    if "snapshot" in parser.flags:
        config.drives = [drive._replace(values={"snapshot": "on", **drive.values}) for drive in config.drives]
    config.vnc = _untyped(store.all("vnc"))
    config.blockdevs = parser.blockdevs
    config.netdevs = [*parser.netdevs, *_netdevs(store.all("netdev"))]
    config.audiodevs = parser.audiodevs
    config.default_audiodev = _default_audiodev(parser, config)
    config.fsdevs = _untyped(store.all("fsdev"))
    config.tpmdevs = _untyped(store.all("tpmdev"))
    config.firmware_files = _untyped(store.all("fw_cfg"))
    _take_net(parser, config)
    numa = [(opts, structs.from_schema("machine", "NumaOptions")) for opts in store.all("numa")]
    for opts, struct in numa:
        try:
            values = optsvisitor.read(opts, struct)
            if (opts.get("mem") or "")[-1:].isdigit() and "mem" in values:
                values["mem"] <<= 20  # a size without a suffix counts in MiB here
            config.numa.append(OptionArguments(values, opts.origin, typed=True))
        except QemuError as error:
            config.numa.append(OptionArguments({}, opts.origin, typed=True, error=error))
    _take_pictures(parser, config)


def _take_pictures(parser: Parser, config: VmConfig) -> None:
    """The display and the card that it shows."""
    name = config.display.get("type", "")
    if name in _MISSING_DISPLAYS:
        config.add_problem(Phase.BACKENDS, "", errors.startup.display_unavailable(name, _MISSING_DISPLAYS[name]))
    if config.display.get("gl", "off") != "off" and name not in _MISSING_DISPLAYS:
        config.add_problem(Phase.BACKENDS, "", errors.ui.no_opengl(name))
    for audiodev in config.audiodevs:
        driver = audiodev.values["driver"]
        if driver in _MISSING_AUDIO:
            config.add_problem(Phase.SOUND, "", errors.startup.audio_unavailable(driver, _MISSING_AUDIO[driver]))
        elif driver == "oss":
            _check_oss(config, audiodev.values)
    if not (name or config.vnc or "nographic" in parser.flags):
        config.vnc.append(OptionArguments(_LAST_RESORT, ""))
    if config.vga is None or re.fullmatch(_VGA, config.vga):
        return
    missing = next((told for kind, told in _MISSING_VGA.items() if config.vga.startswith(kind)), None)
    error = errors.startup.vga_unknown(config.vga) if missing is None else errors.startup.vga_unavailable(*missing)
    config.add_problem(Phase.BACKENDS, "", error)


def _default_audiodev(parser: Parser, config: VmConfig) -> str:
    """Where sound goes if nobody says: to the first back end that works here."""
    if config.default_devices and not (parser.default_audiodevs or parser.audiodevs):
        return "#default"
    return next((given["id"] for given in parser.default_audiodevs if given["driver"] in _WORKING_AUDIO), "")


def _check_oss(config: VmConfig, given: dict[str, Any]) -> None:
    for direction in ("in", "out"):
        path = given.get(direction, {}).get("dev", _DSP)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            config.add_problem(Phase.SOUND, "", errors.sound.dsp_not_accessible(path, error.strerror or ""))
            return


def _take_net(parser: Parser, config: VmConfig) -> None:
    """Cards and back ends of ``-nic`` and ``-net``, and what there is if nobody says anything of the network."""
    nics, nets = parser.store.all("nic"), parser.store.all("net")
    config.default_network = config.default_devices and not (nics or nets or config.netdevs)
    if config.default_network:
        nets = [Opts(parser.group("net"), None, "", [("type", kind)]) for kind in ("nic", "user")]
    names = (f"#net{number}00" for number in count())
    config.nics = [_nic(opts, names) for opts in nics if opts.get("type") != "none"]
    for opts in nets:
        opts.id = opts.id or next(names)
    config.nets = list(_netdevs(nets))


def _nic(opts: Opts, names: Iterator[str]) -> OptionArguments:
    """The model and the address of a card, and its back end."""
    model, mac = opts.get("model"), opts.get("mac")
    opts.pairs = [pair for pair in opts.pairs if pair[0] not in ("model", "mac")]
    if opts.get("type") is None:
        opts.pairs.append(("type", "user"))
    opts.id = opts.id or next(names)
    (backend,) = _netdevs([opts])
    return backend._replace(values={"model": model, "mac": mac, "backend": backend.values})


def _netdevs(uses: Iterable[Opts]) -> Iterator[OptionArguments]:
    """Network back ends in the older grammar; what is wrong with one shows when its turn comes."""
    for opts in uses:
        try:
            values = optsvisitor.read(opts, structs.from_schema("net", "Netdev"))
            yield OptionArguments(values, opts.origin, typed=True)
        except QemuError as error:
            yield OptionArguments({}, opts.origin, typed=True, error=error)


def _is_late(type_name: str) -> bool:
    return type_name in _LATE_OBJECTS or type_name.startswith("memory-backend-")


def _untyped(uses: Iterable[Opts]) -> list[OptionArguments]:
    return [OptionArguments(dict(opts.values()), opts.origin) for opts in uses]


def _take_machine(parser: Parser, config: VmConfig) -> None:
    tree = parser.machine
    type_name = tree.pop("type", None)
    config.machine = type_name if isinstance(type_name, str) else None
    try:
        _dashify(tree)
        _take_accelerators(parser, config, tree.pop("accel", None))
        _take_legacy(parser, config, tree)
    except QemuError as error:
        config.add_problem(Phase.BACKENDS, "", error)
    for name in filter(_MACHINE_STRUCTS.get, tree):
        try:
            _take_struct(config, name, structs.read(tree[name], _MACHINE_STRUCTS[name], structs.STRINGS, name))
        except QemuError as error:
            config.machine_errors[name] = error
    config.machine_options = {key: value for key, value in tree.items() if key not in _MACHINE_STRUCTS}
    config.machine_order = qdict_order(tree)


def _dashify(tree: keyval.Tree) -> None:
    for key in qdict_order(tree):
        if "_" in key:
            new_key = key.replace("_", "-")
            if new_key in tree:
                raise errors.options.option_keys_conflict(key, new_key)
            tree[new_key] = tree.pop(key)


def _take_accelerators(parser: Parser, config: VmConfig, names: object) -> None:
    config.accels = _untyped(parser.store.all("accel"))
    if isinstance(names, str):
        if config.accels:
            config.add_problem(Phase.ACCELERATORS, "", errors.startup.accelerator_options_incompatible())
        config.accels += [OptionArguments({"accel": name}, "") for name in names.split(":") if names]
        if not config.accels:
            config.add_problem(Phase.ACCELERATORS, "", errors.startup.accelerator_missing())


def _take_legacy(parser: Parser, config: VmConfig, tree: keyval.Tree) -> None:
    """Options of the machine that are not its properties."""
    for name in _ACCELERATOR_PROPERTIES:
        tree.pop(name, None)
    backend = tree.pop("memory-backend", None)
    if isinstance(backend, str):
        config.memory_backend = backend
        if "mem-path" in parser.words:
            raise errors.startup.memory_path_and_backend()


def _take_struct(config: VmConfig, name: str, values: dict[str, Any]) -> None:
    if name == "smp":
        config.smp = values
    elif name == "boot":
        for option in ("order", "once"):
            _check_boot_devices(values.get(option, ""))
        config.boot = values
    else:
        config.memory_size = values.get("size") or None
        config.memory_slots = values.get("slots")
        config.memory_max = values.get("max-size")


def _check_boot_devices(letters: str) -> None:
    for number, letter in enumerate(letters):
        if letter not in _BOOT_LETTERS:
            raise errors.startup.boot_device_invalid(letter)
        if letter in letters[:number]:
            raise errors.startup.boot_device_repeated(letter)
