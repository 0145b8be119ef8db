"""The lists that ``help`` prints in place of an option's argument, and ``-version`` and ``-help`` themselves.

They go to standard output. Their content is QEMU's, their layout need not be: people read them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.options import table
from qmpd.options.groups import TYPE_NAMES, Group
from qmpd.options.words import HELP_WORDS

if TYPE_CHECKING:
    from qmpd.catalogue import Catalogue
    from qmpd.frozen import Frozen

_ACCELERATORS = ("tcg", "kvm", "xen")


class Help:
    """Prints lists. No method ends the program. ``identity`` names the catalogue if it is not the usual one."""

    identity = ""

    def words(self, title: str, words: Iterable[str]) -> None:
        self._print(title, *words)

    def group(self, group: Group) -> None:
        """The members of an option group, as qemu_opts_print_help() does."""
        members = sorted(f"  {name}=<{TYPE_NAMES[letter]}>" for name, letter in group.types.items())
        self._print(f"{group.name} options:", *members)

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
        catalogue = self._catalogue
        machine = catalogue.machine(name) if isinstance(name, str) else None
        if machine is not None:
            self.properties(f"{machine.name}-machine")
            return
        self._print("Supported machines are:")
        for entry in sorted(catalogue.machines().value, key=lambda entry: str(entry["name"])):
            if "alias" in entry:
                self._print(f"{entry['alias']:<20} (alias of {entry['name']})")
            self._print(f"{entry['name']:<20}{' (default)' if entry.get('is-default') else ''}".rstrip())

    def properties(self, type_name: str) -> None:
        """The properties of a QOM type."""
        self._properties(type_name, self._catalogue.qom_properties(type_name))

    def _properties(self, type_name: str, properties: Frozen) -> None:
        self._print(f"{type_name} options:")
        self._print(*sorted(f"  {entry['name']}=<{entry['type']}>" for entry in properties.value))

    def accelerators(self) -> None:
        self._print("Accelerators supported in QEMU binary:", *_ACCELERATORS)

    def cpus(self) -> None:
        self._print(*self._catalogue.cpu_help)

    def objects(self, type_name: str, wants_properties: bool) -> bool:
        """What ``-object`` has to tell, and whether that was anything."""
        catalogue = self._catalogue
        if type_name in HELP_WORDS:
            types = catalogue.types(implements="user-creatable").value
            self._print("List of user creatable objects:", *sorted(f"  {entry['name']}" for entry in types))
            return True
        if wants_properties and catalogue.has_type(type_name):
            self.properties(type_name)
            return True
        return False

    def devices(self) -> None:
        types = self._catalogue.types(implements="device").value
        self._print("Devices:", *sorted(f'name "{entry["name"]}"' for entry in types))

    def device(self, driver: str) -> None:
        """The properties of a device type. Raises QemuError if there is none."""
        catalogue = self._catalogue
        if not catalogue.has_type(driver):
            raise errors.device_not_found(driver)
        self._properties(driver, catalogue.device_properties(driver))

    @property
    def _catalogue(self) -> Catalogue:
        from qmpd.catalogue import Catalogue  # only help needs it here, and a start shall be quick

        return Catalogue.open(self.identity) if self.identity else Catalogue.open()

    def _print(self, *lines: str) -> None:
        sys.stdout.writelines(f"{line}\n" for line in lines)
