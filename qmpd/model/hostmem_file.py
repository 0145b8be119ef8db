"""memory-backend-file: memory that is a file of the host (backends/hostmem-file.c, system/physmem.c)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.hostmem import MemoryBackend, canonical_names
from qmpd.model.hostmem_host import BackingFile
from qmpd.model.hostmem_mapping import Mapping, map_file
from qmpd.model.qom import BOOL, ON_OFF_AUTO, SIZE, STRING, Kind, Property, attribute

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


def _fixed(name: str, type: str, kind: Kind, *, value_first: bool, dot: str = "") -> Property:
    """A property that cannot change once there is memory; ``value_first`` if QEMU looks at the new value before."""
    field = name.replace("-", "_")

    def set_it(backend: MemoryBackendFile, value: object, typed: bool) -> None:
        wanted = kind.read(value, name, typed) if value_first else None
        if backend.allocated:
            raise errors.hostmem_file.backend_property_fixed(name, backend.type, dot)
        setattr(backend, field, wanted if value_first else kind.read(value, name, typed))

    return Property(name, type, lambda backend: getattr(backend, field), set_it)


class MemoryBackendFile(MemoryBackend):
    """``align`` and ``offset`` are bytes. ``rom`` is decided when the memory is taken."""

    type_name = "memory-backend-file"
    own_properties = (
        _fixed("pmem", "bool", BOOL, value_first=True, dot="."),
        _fixed("align", "int", SIZE, value_first=False),
        _fixed("offset", "int", SIZE, value_first=False),
        _fixed("mem-path", "string", STRING, value_first=True),
        _fixed("rom", "OnOffAuto", ON_OFF_AUTO, value_first=False, dot="."),
        attribute("discard-data", BOOL),
        _fixed("readonly", "bool", BOOL, value_first=True, dot="."),
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.use_canonical_path = canonical_names(machine)
        self.mem_path = ""
        self.align = self.offset = 0
        self.pmem = self.discard_data = self.readonly = False
        self.rom = "auto"

    def allocate(self) -> Mapping:
        self._decide_rom()
        file, extends, created = self._open()
        try:
            return map_file(
                self,
                file,
                align=self.align,
                offset=self.offset,
                rom=self.rom == "on",
                extend=self._extend if extends else None,
            )
        except QemuError:
            if created:
                self.machine.host.files.remove(self.mem_path)
            raise

    def _decide_rom(self) -> None:
        if self.rom == "auto":
            self.rom = "on" if self.readonly else "off"
        elif self.rom == "on" and not self.readonly:
            raise errors.hostmem_file.backend_rom_writable()
        elif self.rom == "off" and self.readonly and self.share:
            raise errors.hostmem_file.backend_ram_read_only()

    def _open(self) -> tuple[BackingFile, bool, bool]:
        """The file, whether it may be made longer, and whether it was made just now."""
        files = self.machine.host.files
        try:
            try:
                return files.open(self.mem_path, writable=not self.readonly), not self.readonly, False
            except FileNotFoundError:
                if self.readonly:
                    raise
                return files.create(self.mem_path), True, True
            except IsADirectoryError:
                if self.readonly:
                    raise
                return files.open_nameless(self.mem_path), False, False
        except OSError as error:
            raise errors.hostmem_file.backing_store_unopened(
                self.mem_path, error.strerror or "", templating=self._could_be_read(error)
            ) from None

    def _could_be_read(self, error: OSError) -> bool:
        """Whether QEMU hints at reading the file only, because that would be allowed."""
        if not isinstance(error, PermissionError) or self.readonly or self.share:
            return False
        try:
            self.machine.host.files.open(self.mem_path, writable=False)
        except OSError:
            return False
        return True

    def _extend(self, size: int) -> None:
        # QEMU leaves it to the mapping to fail, which it does not: the file just stays short.
        with suppress(OSError):
            self.machine.host.files.extend(self.mem_path, size)
