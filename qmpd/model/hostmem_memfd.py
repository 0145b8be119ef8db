"""memory-backend-memfd and memory-backend-shm: memory in files without a name.

The sources are backends/hostmem-memfd.c, backends/hostmem-shm.c, util/memfd.c and util/oslib-posix.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.hostmem import MemoryBackend, canonical_names
from qmpd.model.hostmem_host import HUGE_PAGE_SIZE, PAGE_SIZE, BackingFile
from qmpd.model.hostmem_mapping import Mapping, map_file
from qmpd.model.qom import BOOL, SIZE, Property, attribute

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_LARGEST_FILE = (1 << 63) - 1
# memfd_create(2)
_CLOEXEC, _ALLOW_SEALING, _HUGETLB = 1, 2, 4
_HUGE_SHIFT = 26


def _set_hugetlbsize(backend: MemoryBackendMemfd, value: object, typed: bool) -> None:
    if backend.allocated:
        raise errors.hostmem.backend_value_fixed()
    size = SIZE.read(value, "hugetlbsize", typed)
    if not size:
        raise errors.hostmem_file.hugetlbsize_refused(backend.type, size)
    backend.hugetlbsize = size


class MemoryBackendMemfd(MemoryBackend):
    """``hugetlbsize`` is bytes, 0 for the host's default."""

    type_name = "memory-backend-memfd"
    own_properties = (
        attribute("hugetlb", BOOL),
        attribute("seal", BOOL),
        Property("hugetlbsize", "int", lambda backend: backend.hugetlbsize, _set_hugetlbsize),
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.use_canonical_path = canonical_names(machine)
        self.share = True
        self.seal = True
        self.hugetlb = False
        self.hugetlbsize = 0

    def allocate(self) -> Mapping:
        page_size = self._create()
        if self.size > _LARGEST_FILE or (self.hugetlb and self.size % page_size):
            raise errors.hostmem_file.memfd_not_resized(self.size)
        return map_file(self, BackingFile(self.size, page_size))

    def _create(self) -> int:
        """Make the file; its page size. Raises QEMU's text when the host has no such pages."""
        shift = (self.hugetlbsize & -self.hugetlbsize).bit_length() - 1 if self.hugetlbsize else 0
        # An odd size has no trailing zeros, and QEMU takes that for "not given".
        if shift and 1 << shift != self.hugetlbsize:
            raise errors.hostmem_file.hugetlbsize_no_power()
        if not self.hugetlb:
            return PAGE_SIZE
        page_size = 1 << shift if shift else HUGE_PAGE_SIZE
        if page_size not in self.machine.host.huge_page_sizes:
            flags = _CLOEXEC | (_ALLOW_SEALING if self.seal else 0) | _HUGETLB | shift << _HUGE_SHIFT
            raise errors.hostmem_file.memfd_not_created(flags)
        return page_size


class MemoryBackendShm(MemoryBackend):
    """POSIX shared memory."""

    type_name = "memory-backend-shm"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.share = True

    def allocate(self) -> Mapping:
        if not self.share:
            raise errors.hostmem_file.shm_not_shared()
        if self.size > _LARGEST_FILE:
            raise errors.hostmem_file.shm_not_resized(self.size)
        return map_file(self, BackingFile(self.size))
