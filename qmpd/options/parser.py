"""QEMU's pass over the command line: each option in turn is checked and kept (system/vl.c, qemu_init()).

What can be wrong with an option by itself ends the program here, in QEMU's words. What it means together with the
others is for ``build``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from qmpd import errors
from qmpd.config import Extras, OptionArguments
from qmpd.errors import QemuError, StartupError
from qmpd.options import keyval, qemuopts, structs, table
from qmpd.options.groups import Group, group
from qmpd.options.qemuopts import HelpWanted, Opts, Pair, Store
from qmpd.options.report import Report, StartupExit
from qmpd.options.structs import Struct

if TYPE_CHECKING:
    from qmpd.options.help import Help
    from qmpd.wire.reader import JSONReader

MACHINE_SECTIONS: Final = {"machine": "", "smp-opts": "smp", "boot-opts": "boot"}
TREE_SECTIONS: Final = frozenset({"object", "audiodev", *MACHINE_SECTIONS})


Handler: TypeAlias = "Callable[[Parser, str], None]"


class Parser:
    """What the options said, in the grammar of each: ``store`` for the older one, ``machine`` for the newer.

    ``words`` keeps the arguments of options that are a plain word, ``flags`` those without argument.
    """

    def __init__(self, report: Report, handlers: Mapping[str, Handler]) -> None:
        self.report = report
        self._handlers = handlers
        self.store = Store()
        self.machine: keyval.Tree = {}
        self.words: dict[str, str] = {}
        self.flags: set[str] = set()
        self.uuid: str | None = None
        self.objects: list[OptionArguments] = []
        self.json_devices: list[OptionArguments] = []
        self.blockdevs: list[OptionArguments] = []
        self.netdevs: list[OptionArguments] = []
        self.audiodevs: list[OptionArguments] = []
        self.user: int | None = None
        self.chroot: str | None = None
        self.default_audiodevs: list[dict[str, Any]] = []
        self.sound_card: tuple[str, str] | None = None
        self.display: dict[str, Any] = {}
        self.compat: dict[str, str] = {}
        self.ports: dict[str, list[tuple[str, str]]] = {"serial": [], "parallel": [], "debugcon": []}
        self.usb_devices: list[tuple[str, str]] = []
        self.extras = Extras()
        self.ignored: list[str] = []
        self.origin = ""
        self.monitors = 0

    @cached_property
    def help(self) -> Help:
        from qmpd.options.help import Help

        return Help()

    # the pass

    def run(self, argv: Sequence[str]) -> None:
        """Read the options. Raises StartupError, and StartupExit where everything is said already."""
        options = list(self._look_up(argv))
        for name, argument, self.origin in options:
            try:
                self._take(name, argument)
            except QemuError as error:
                raise StartupError(self.origin, error) from None
        self.origin = ""

    def _look_up(self, argv: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """Each option with its argument and its origin; an argument that is no option is a disk image."""
        arguments = iter(argv)
        for word in arguments:
            if not word.startswith("-"):
                yield "hda", word, word
                continue
            name = word[2:] if word.startswith("--") else word[1:]
            takes_argument = table.TAKES_ARGUMENT.get(name)
            if takes_argument is None:
                raise StartupError(word, errors.startup.option_unknown())
            argument = next(arguments, None) if takes_argument else ""
            if argument is None:
                raise StartupError(word, errors.startup.option_lacks_argument())
            yield name, argument, f"{word} {argument}" if takes_argument else word

    def _take(self, name: str, argument: str) -> None:
        if name in table.UNSUPPORTED:
            raise errors.startup.option_unsupported_for_target()
        if name in table.IGNORED:
            self.ignored.append(self.origin)
        if name in table.MACHINE_PROPERTIES:
            key, value = table.MACHINE_PROPERTIES[name]
            self.machine[key] = value or argument
        if name == "usbdevice":
            self.usb_devices.append((argument, self.origin))
        handle = self._handlers.get(name)
        if handle is not None:
            handle(self, argument)
        elif name in table.GROUPED:
            self.add(*table.GROUPED[name], argument)
        elif name in table.DRIVES:
            self.add_drive(table.DRIVES[name], argument)
        elif table.TAKES_ARGUMENT[name]:
            self.words[name] = argument
        else:
            self.flags.add(name)

    def add_drive(self, values: dict[str, str], file: str) -> None:
        opts = self.store.create(self.group("drive"), None, self.origin)
        opts.pairs += [*values.items(), ("file", file)]

    # the two grammars

    def group(self, name: str) -> Group:
        found = group(name)
        if found is None:
            raise errors.startup.option_group_unknown(name)
        return found

    def add(self, name: str, short: bool, argument: str) -> Opts:
        """One more use of a group, spelled by ``argument``; ``short``: a first value may stand alone."""
        found = self.group(name)
        opts = self.store.create(found, qemuopts.find_id(argument), self.origin)
        try:
            qemuopts.fill(opts, argument, found.implied_key if short else "", self.warn_of_flag)
        except HelpWanted:
            self.help.group(found)
            raise StartupExit(1) from None
        return opts

    def warn_of_flag(self, pair: Pair) -> None:
        """A flag that begins with ``no`` is shown as written; ``delay`` is to be replaced by its opposite."""
        self.report.warning(self.origin, f"short-form boolean option '{pair.flag}' deprecated")
        name, value = pair.name, pair.value
        if name == "delay":
            name, value = "nodelay", "on" if value == "off" else "off"
        self.report.plain(f"Please use {name}={value} instead")

    def read(self, argument: str, implied_key: str, struct: Struct) -> Any:
        """A QAPI struct, as JSON or in the newer grammar."""
        if argument.startswith("{"):
            return structs.read(read_json(argument), struct, structs.JSON)
        tree, wants_help = keyval.parse(argument, implied_key)
        if wants_help:
            raise errors.options.option_help_unavailable()
        return structs.read(tree, struct, structs.STRINGS)

    def merge_machine(self, name: str, tree: keyval.Tree) -> None:
        keyval.merge(self.machine, {name: tree} if name else tree)

    def typed(self, values: dict[str, Any]) -> OptionArguments:
        return OptionArguments(values, self.origin, typed=True)


def read_json(text: str) -> Any:
    """One JSON value in QEMU's dialect (qobject/qjson.c). Raises QemuError."""
    from qmpd.wire.limits import INCOMPLETE  # costs time that only JSON is worth
    from qmpd.wire.reader import JSONReader

    reader = JSONReader()
    reader.feed(text.encode("utf-8", "surrogateescape"))
    value = reader.next_message()
    if isinstance(value, QemuError):
        raise value
    if value is INCOMPLETE:
        raise _error_at_the_end(reader)
    reader.feed(b"{}")
    if reader.next_message() != {} or reader.next_message() is not INCOMPLETE:
        raise errors.options.json_more_than_one_value()
    return value


def _error_at_the_end(reader: JSONReader) -> QemuError:
    """What is wrong with a text that does not end: a string without its quote is a stray word."""
    reader.feed(b"\n")
    stray = reader.next_message()
    if isinstance(stray, QemuError):
        return QemuError(stray.desc.replace("\n'", "'"))
    return errors.options.json_premature_end()
