"""``qmpd``: a virtual machine for people. Their options become QEMU's and are read as those are; errors say what to do.

Nothing is decided here but defaults and where the socket lies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from qmpd import __version__, log
from qmpd.config import ChardevConfig, Extras, MonitorConfig, VmConfig
from qmpd.errors import StartupError

if TYPE_CHECKING:
    from argparse import Namespace

PROGRAM: Final = "qmpd"
_MEMORY: Final = "4G,slots=16,maxmem=64G"

_HELLO: Final = '{"execute": "qmp_capabilities"} {"execute": "query-status"}'

_DESCRIPTION: Final = """\
Serve the monitor (QMP) of a virtual machine that is not there: it answers as QEMU does, plugs and unplugs memory
devices, and needs no guest memory, no KVM and no guest.
"""

_EXAMPLES: Final = f"""\
examples:
  qmpd
      A q35 machine with {_MEMORY.split(",")[0]} and free DIMM slots; prints the socket's path and three ways to try it.

  qmpd --socket /run/user/1000/vm1 --memory 8G,slots=4,maxmem=32G --name vm1
      A machine of a certain size at a certain place.

  qmpd --node nodeid=0,cpus=0,memdev=ram0 --object memory-backend-ram,id=ram0,size=4G
      With a NUMA node; --node, --object and --device take what QEMU's -numa node, -object and -device take.

  qmpd --object memory-backend-ram,id=m1,size=1G --device pc-dimm,id=d1,memdev=m1
      With a DIMM plugged in from the start.

  qmpd --tcp 127.0.0.1:4444 -v
      Also over TCP, with a line on stderr for each request.

A DIMM is plugged in over the monitor with object-add and device_add; for a first look:
  qmp-shell PATH
  (QEMU) object-add qom-type=memory-backend-ram id=m1 size=1073741824
  (QEMU) device_add driver=pc-dimm id=d1 memdev=m1
  (QEMU) query-memory-devices

Facts about another QEMU, to be used with --as:
  qmpd catalogue record --qemu /usr/bin/qemu-system-x86_64

Programs that start QEMU themselves can start qmpd-system-x86_64 instead, with QEMU's own options.
"""

# Options that only pass on what QEMU has under another name, with what to put in front.
_PASSED_ON: Final = {
    "machine": ("-machine", ""),
    "memory": ("-m", ""),
    "name": ("-name", ""),
    "uuid": ("-uuid", ""),
    "object": ("-object", ""),
    "node": ("-numa", "node,"),
    "device": ("-device", ""),
    "accel": ("-accel", ""),
    "host": ("-x-qmpd", ""),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a machine until it ends. The result is the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["catalogue"]:
        from qmpd.catalogue.record.__main__ import main as catalogue

        return catalogue(arguments[1:])
    options = _parse(arguments)
    level = log.Level.DEBUG if options.verbose else log.Level[options.log_level.upper()]
    log.configure(level, options.log_format)
    try:
        config = build(options)
    except StartupError as failure:
        _fail("; ".join(f"{_ours(failure.origin)}: {error.desc}" for error in failure.errors))
    from qmpd.server.entry import serve

    return serve(config, on_ready=lambda: _welcome(config))


def build(options: Namespace) -> VmConfig:
    """What the options ask for. Raises StartupError."""
    from qmpd.qemu_argv import parse

    argv = ["-nodefaults", "-display", "none"]
    for name, (theirs, prefix) in _PASSED_ON.items():
        given = getattr(options, name)
        for value in given if isinstance(given, list) else [given] if given else []:
            argv += [theirs, prefix + value]
    if options.stopped:
        argv.append("-S")
    config = parse(argv)
    config.program = PROGRAM
    config.extras = Extras(
        options.guest,
        options.clock == "manual",
        options.control,
        options.faults or "",
        options.stub or "",
        options.identity or "",
        host=config.extras.host,
    )
    _call_by_our_names(config)
    for chardev in _chardevs(options):
        config.chardevs.append(chardev)
        config.monitors.append(MonitorConfig(chardev.id, chardev.origin, pretty=options.pretty))
    return config


def _chardevs(options: Namespace) -> list[ChardevConfig]:
    """The places where clients may come: those systemd has opened, otherwise a Unix socket; and TCP if wanted."""
    from qmpd.server.systemd import inherited_sockets

    def door(name: str, origin: str, **place: object) -> ChardevConfig:
        return ChardevConfig(name, "socket", origin, server=True, wait=False, many=True, **place)  # type: ignore[arg-type]

    doors = [door(f"systemd{fd}", f"descriptor {fd} from systemd", fd=fd) for fd in inherited_sockets()]
    if options.socket or not doors:
        path = options.socket or default_socket()
        doors.append(door("socket", f"--socket {path}", path=path, mode=options.socket_mode))
    if options.tcp:
        host, port = options.tcp
        doors.append(door("tcp", f"--tcp {host}:{port}", host=host, port=port))
    return doors


def default_socket() -> str:
    """Where the socket lies if nobody says so: with the user's other sockets, or among the temporary files."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isdir(runtime):
        return os.path.join(runtime, "qmpd.sock")
    return os.path.join(os.environ.get("TMPDIR") or "/tmp", f"qmpd-{os.getuid()}.sock")


def _welcome(config: VmConfig) -> None:
    """Tell people, on stdout, where to go now."""
    path = next((chardev.path for chardev in config.chardevs if chardev.path), "")
    for chardev in config.chardevs:
        if chardev.host:
            print(f"qmpd: also listening on {chardev.host}:{chardev.port}")
    if path:
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
        print(f"qmpd: serving a virtual machine on {bold}{path}{plain}; try one of these:")
        for line in try_it(path):
            print(f"  {line}")
    sys.stdout.flush()


def try_it(path: str) -> list[str]:
    """Three lines for a shell, each of which talks to the monitor."""
    import shlex

    code = (
        "import sys; from qemu.qmp.legacy import QEMUMonitorProtocol as Monitor; m = Monitor(sys.argv[1]);"
        " m.connect(); print(m.cmd('query-status')); m.close()"
    )
    quoted = shlex.quote(path)
    here = os.path.dirname(sys.executable)
    shell = os.path.join(here, "qmp-shell")
    return [
        f"{shlex.quote(shell) if os.access(shell, os.X_OK) else 'qmp-shell'} {quoted}",
        f"echo {shlex.quote(_HELLO)} | socat - UNIX:{quoted}",
        f'{shlex.quote(sys.executable)} -c "{code}" {quoted}',
    ]


def _call_by_our_names(config: VmConfig) -> None:
    """What the machine refuses later is to be blamed on the option that was typed."""
    config.memory_origin = _ours(config.memory_origin)
    config.machine_origin = _ours(config.machine_origin)
    for uses in (config.early_objects, config.objects, config.devices, config.numa):
        uses[:] = [use._replace(origin=_ours(use.origin)) for use in uses]


def _ours(origin: str) -> str:
    """``-m 4X`` as the option was called here: ``--memory 4X``."""
    option, _, value = origin.partition(" ")
    for name, (theirs, prefix) in _PASSED_ON.items():
        if option == theirs:
            return f"--{name} {value.removeprefix(prefix)}"
    return origin


def _fail(problem: str) -> NoReturn:
    print(f"{PROGRAM}: {problem}\nTry 'qmpd --help'.", file=sys.stderr)
    raise SystemExit(1)


def _address(text: str) -> tuple[str, str]:
    from argparse import ArgumentTypeError

    host, colon, port = text.rpartition(":")
    if not colon or not port:
        raise ArgumentTypeError(f"'{text}' is not HOST:PORT, for example 127.0.0.1:4444")
    return host.strip("[]"), port


def _mode(text: str) -> int:
    from argparse import ArgumentTypeError

    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ArgumentTypeError(f"'{text}' is no file mode; give three octal digits, for example 0600")
    return mode


def _parse(argv: Sequence[str]) -> Namespace:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    class Parser(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            _fail(message)

    parser = Parser(
        PROGRAM,
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"qmpd {__version__}, as QEMU 10.0.2")
    _add_machine(parser.add_argument_group("the machine").add_argument)
    _add_access(parser.add_argument_group("how to reach it").add_argument)
    _add_logging(parser.add_argument_group("what is logged on stderr").add_argument)
    return parser.parse_args(argv)


def _add_machine(add: Callable[..., object]) -> None:
    add("-m", "--memory", metavar="SIZE[,slots=N,maxmem=SIZE]", default=_MEMORY, help="default: %(default)s")
    add("--machine", metavar="TYPE", default="q35", help="q35 (default), pc, or one of their versions: pc-q35-9.2")
    add("--name", help="what query-name says")
    add("--uuid", help="what query-uuid says")
    add(
        "--node",
        metavar="SPEC",
        action="append",
        help="a NUMA node: nodeid=0,memdev=ram0 (repeatable)",
    )
    add("--object", metavar="SPEC", action="append", help="memory-backend-ram,id=m1,size=1G (repeatable)")
    add("--device", metavar="SPEC", action="append", help="pc-dimm,id=d1,memdev=m1 (repeatable)")
    add("--accel", metavar="NAME", help="what query-kvm says: tcg (default) or kvm")
    add(
        "--host",
        metavar="SPEC",
        action="append",
        help="what its host has: host-memory=64G,kvm-memslots=509,vhost-memslots=64,sgx=1G,synic=on; see docs/host.md",
    )
    add(
        "--guest",
        metavar="NAME|FILE",
        default="linux",
        help="how the guest behaves: linux, instant, stubborn, slow, partial, flaky, crash-on-unplug, firmware (nobody"
        " answers), absent, or a file; default: %(default)s",
    )
    add("--faults", metavar="FILE", help="what goes wrong between the machine and its clients; see docs/faults.md")
    add("--stub", metavar="FILE", help="replies to commands, in place of qmpd's own; see docs/catalogue.md")
    add(
        "--as",
        dest="identity",
        metavar="NAME|FILE",
        help="the QEMU to pass for, as recorded by 'qmpd catalogue record'",
    )
    add("--clock", choices=("real", "manual"), default="real", help="manual: only x-qmpd-clock-advance moves the time")
    add("--no-control", dest="control", action="store_false", help="without the commands x-qmpd-*")
    add("--stopped", action="store_true", help="do not let it run before somebody says 'cont'")


def _add_access(add: Callable[..., object]) -> None:
    add("--socket", metavar="PATH", help="Unix socket to serve; default: qmpd.sock in $XDG_RUNTIME_DIR, or in /tmp")
    add("--socket-mode", metavar="MODE", type=_mode, help="who may connect: 0600, 0660, ...; default: by umask")
    add("--tcp", metavar="HOST:PORT", type=_address, help="listen there as well; anybody who gets through may connect")
    add("--pretty", action="store_true", help="replies over several lines")


def _add_logging(add: Callable[..., object]) -> None:
    add("-v", "--verbose", action="store_true", help="everything, each request included: --log-level debug")
    add("--log-level", choices=[level.name.lower() for level in log.Level], default="warning", help="default: warning")
    add("--log-format", choices=log.FORMATS, default="auto", help="auto: for people on a terminal, JSON otherwise")


if __name__ == "__main__":
    sys.exit(main())
