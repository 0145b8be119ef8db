"""The lists that ``help`` prints in place of an option's argument, and ``-version`` and ``-help`` themselves.

They go to standard output, and programs read them: they are QEMU's to the letter, but for ``-help``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qmpd.options import table
from qmpd.options.groups import TYPE_NAMES, Group
from qmpd.options.words import HELP_WORDS

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue

_DESCRIPTIONS: Final = {
    "add-fd": {
        "fd": "file descriptor of which a duplicate is added to fd set",
        "opaque": "free-form string used to describe fd",
        "set": "ID of the fd set to add fd to",
    },
    "iscsi": {
        "header-digest": "HeaderDigest setting. {CRC32C|CRC32C-NONE|NONE-CRC32C|NONE}",
        "initiator-name": "Initiator iqn name to use when connecting",
        "password": "password for CHAP authentication to target",
        "password-secret": "ID of the secret providing password for CHAP authentication to target",
        "timeout": "Request timeout in seconds (default 0 = no timeout)",
        "user": "username for CHAP authentication to target",
    },
    "msg": {
        "guest-name": "Prepends guest name for error messages but only if -name guest is set"
        " otherwise option is ignored\n",
    },
}

# What qom-list-properties lists of objects and help does not: properties that are not the class's, or cannot be set.
_MACHINES_OWN: Final = frozenset(
    [
        "cxl",
        "cxl-fmw",
        "hmat",
        "nvdimm",
        "nvdimm-persistence",
        "pcspk-audiodev",
        "pflash0",
        "pflash1",
        "system.flash0",
        "system.flash1",
        "type",
    ]
)
_OBJECTS_OWN: Final = frozenset({"type", "thread-id", "opened", "cbitpos", "reduced-phys-bits"})


class Help:
    """Prints lists. No method ends the program. ``identity`` names the catalogue if it is not the usual one."""

    identity = ""

    def recorded(self, option: str) -> None:
        """What QEMU prints for ``option``, spelled as the catalogue has it: ``-cpu help``."""
        self._print(*self._catalogue.option_help(option))

    def group(self, group: Group) -> None:
        """The members of an option group, as qemu_opts_print_help() does."""
        described = _DESCRIPTIONS.get(group.name, {})
        members = {name: TYPE_NAMES[letter] for name, letter in group.types.items()}
        self._print(
            f"{group.name} options:",
            *sorted(
                f"  {f'{name}=<{kind}>':<22} - {described[name]}" if name in described else f"  {name}=<{kind}>"
                for name, kind in members.items()
            ),
        )

    def sound_cards(self, cards: Mapping[str, str]) -> None:
        self._print("Valid sound card names (comma separated):")
        self._print(*(f"{name:<11} {told}" for name, told in cards.items()))

    def version(self) -> None:
        number, package = self._catalogue.version_number, self._catalogue.package
        self._print(f"QEMU emulator version {number} ({package})" if package else f"QEMU emulator version {number}")

    def usage(self, program: str) -> None:
        self.version()
        self._print(f"usage: {program} [options] [disk_image]", "")
        for name, takes_argument in table.TAKES_ARGUMENT.items():
            self._print(f"-{name} ..." if takes_argument else f"-{name}")

    def machines(self, name: object) -> None:
        """All machine types, or the properties of the one that was named."""
        machine = self._catalogue.machine(name) if isinstance(name, str) else None
        if machine is None:
            self.recorded("-machine help")
        else:
            self._class_properties(f"{machine.name}-machine", _MACHINES_OWN)

    def objects(self, type_name: str, wants_properties: bool) -> bool:
        """What ``-object`` has to tell, and whether that was anything."""
        catalogue = self._catalogue
        if type_name in HELP_WORDS:
            types = catalogue.types(implements="user-creatable").value
            self._print("List of user creatable objects:", *sorted(f"  {entry['name']}" for entry in types))
            return True
        if wants_properties and catalogue.has_type(type_name):
            self._class_properties(type_name, _OBJECTS_OWN)
            return True
        return False

    def device(self, driver: str) -> None:
        """The properties of a device type. Raises QemuError if there is none."""
        self._properties(driver, self._catalogue.device_properties(driver).value)

    def trace_events(self) -> None:
        self._print(*reversed(self._catalogue.trace_events()))

    def _class_properties(self, type_name: str, own: frozenset[str]) -> None:
        """The properties of a QOM class that can be set: less those that each object has of its ``own``."""
        entries = self._catalogue.qom_properties(type_name).value
        self._properties(type_name, [entry for entry in entries if entry["name"] not in own])

    def _properties(self, type_name: str, entries: list[dict[str, Any]]) -> None:
        """As object_property_help() lays them out (qom/object.c)."""
        if not entries:
            self._print(f"There are no options for {type_name}.")
            return
        self._print(f"{type_name} options:", *sorted(map(_property_line, entries)))

    @property
    def _catalogue(self) -> Catalogue:
        from qmpd.catalogue import Catalogue  # only help needs it here, and a start shall be quick

        return Catalogue.open(self.identity) if self.identity else Catalogue.open()

    def _print(self, *lines: str) -> None:
        sys.stdout.writelines(f"{line}\n" for line in lines)


def _property_line(entry: dict[str, Any]) -> str:
    line = f"  {entry['name']}=<{entry['type']}>"
    if "description" not in entry and "default-value" not in entry:
        return line
    line = f"{line:<24} - {entry.get('description', '')}"
    return f"{line} (default: {_default(entry)})" if "default-value" in entry else line


def _default(entry: dict[str, Any]) -> str:
    value = entry["default-value"]
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else json.dumps(value)
