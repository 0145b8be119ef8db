"""Character devices, the monitors on them, and the serial and parallel ports of the machine, given or by default."""

from __future__ import annotations

from typing import Final

from qmpd import errors
from qmpd.config import ChardevConfig, Phase, VmConfig
from qmpd.errors import QemuError
from qmpd.options import chardevs
from qmpd.options.parser import Parser
from qmpd.options.qemuopts import Opts

# Drivers that stand in for a default device.
_SERIAL_DRIVERS: Final = frozenset({"isa-serial", "xen-console"})
_PARALLEL_DRIVERS: Final = frozenset({"isa-parallel"})
_CONSOLE: Final = "vc:80Cx24C"


class Ports:
    """Puts them into the configuration, in the order in which QEMU creates them."""

    def __init__(self, parser: Parser, config: VmConfig) -> None:
        self._parser = parser
        self._config = config
        self._chardevs: dict[str, ChardevConfig] = {}
        self._stdio = ""

    def take(self) -> None:
        for opts in self._parser.store.all("chardev"):
            self._create(opts, Phase.BACKENDS)
        taken: set[str] = set()
        self._add_defaults()
        for opts in self._parser.store.all("mon"):
            try:
                self._config.monitors.append(chardevs.read_monitor(opts, self._chardevs, taken))
            except QemuError as error:
                self._config.add_problem(Phase.LATE_BACKENDS, opts.origin, error)
        self._take_ports("serial", self._config.serials)
        self._take_ports("parallel", self._config.parallels)
        if self._config.qtest is not None:
            failure = errors.startup.qtest_backend_invalid(self._config.qtest)
            self._config.qtest = self._connect("qtest", self._config.qtest, "", failure)
        for name, origin in self._parser.ports["debugcon"]:
            self._connect("debugcon", name, origin, errors.startup.debugcon_backend_invalid(name))

    def _create(self, opts: Opts, phase: Phase, also: QemuError | None = None) -> None:
        try:
            devices = chardevs.read_chardev(opts)
            for device in devices:
                self._check_stdio(device)
        except QemuError as error:
            self._config.add_problem(phase, opts.origin, error, *([also] if also else []))
            return
        if also is not None:
            devices = [device._replace(complaint=also.desc) for device in devices]
        self._config.chardevs += devices
        self._chardevs |= {device.id: device for device in devices}

    def _check_stdio(self, device: ChardevConfig) -> None:
        if device.backend != "stdio":
            return
        if self._config.daemonize:
            raise errors.startup.chardev_stdio_daemonized()
        if self._stdio:
            raise errors.startup.chardev_stdio_taken()
        self._stdio = device.id

    def _add_defaults(self) -> None:
        """What QEMU connects to ports that nobody mentioned (system/vl.c, qemu_create_default_devices())."""
        ports, config = self._parser.ports, self._config
        if not config.default_devices:
            return
        drivers = {str(device.values.get("driver")) for device in config.devices}
        drivers |= {driver for driver, _, _ in config.globals}
        has_board = self._parser.machine.get("type") != "none"
        wants_serial = has_board and not ports["serial"] and not drivers & _SERIAL_DRIVERS
        wants_parallel = has_board and not ports["parallel"] and not drivers & _PARALLEL_DRIVERS
        wants_monitor = "own monitor" not in self._parser.flags
        text_only = "nographic" in self._parser.flags
        if text_only and config.daemonize and (wants_serial or wants_parallel or wants_monitor):
            config.add_problem(Phase.BACKENDS, "", errors.startup.nographic_daemonized())
        if wants_serial:
            ports["serial"].append(("mon:stdio" if wants_monitor else "stdio", "") if text_only else (_CONSOLE, ""))
        if wants_parallel:
            ports["parallel"].append(("null" if text_only else _CONSOLE, ""))
        if wants_monitor and not (text_only and wants_serial):
            self._add_default_monitor("stdio" if text_only else _CONSOLE)

    def _add_default_monitor(self, name: str) -> None:
        opts = chardevs.parse_compat(self._parser.store, "compat_monitor0", name, "")
        self._create(opts, Phase.BACKENDS)
        monitor = Opts(self._parser.group("mon"), None, "", [("mode", "readline"), ("chardev", "compat_monitor0")])
        self._config.monitors.append(chardevs.read_monitor(monitor, self._chardevs, set()))

    def _take_ports(self, kind: str, labels: list[str | None]) -> None:
        for name, origin in self._parser.ports[kind]:
            if name == "none":
                labels.append(None)
                continue
            label = f"{kind}{len(labels)}"
            labels.append(self._connect(label, name, origin, errors.startup.port_not_connected(kind, name)))

    def _connect(self, label: str, name: str, origin: str, failure: QemuError) -> str:
        """The id of the character device that ``name`` stands for, created if need be."""
        existing = name.removeprefix("chardev:")
        if existing != name:
            if existing not in self._chardevs:
                self._config.add_problem(Phase.LATE_BACKENDS, origin, failure)
            return existing
        try:
            opts = chardevs.parse_compat(self._parser.store, label, name, origin)
        except chardevs.CompatError as error:
            reasons = [error.reason] if error.reason else []
            self._config.add_problem(Phase.LATE_BACKENDS, origin, *reasons, failure)
            return label
        self._create(opts, Phase.LATE_BACKENDS, failure)
        if opts.get_bool("mux", False) and label in self._chardevs:
            monitor = Opts(self._parser.group("mon"), None, origin, [("mode", "readline"), ("chardev", label)])
            self._config.monitors.append(chardevs.read_monitor(monitor, self._chardevs, set()))
        return label
