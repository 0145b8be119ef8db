"""The host that memory backends ask for memory: a simulated one. Nothing here looks at the machine underneath.

Files are the exception that managers see: how to reach them comes from outside, as ``Files``.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Protocol

from qmpd.model.block.images import Images, NoImages
from qmpd.named import NamedTuple

PAGE_SIZE = 4096
HUGE_PAGE_SIZE = 2 << 20
"""What a huge page has when nobody says."""
ADDRESS_SPACE = 1 << 47
"""What a process on x86_64 can map, in bytes."""


class BackingFile(NamedTuple):
    """An open file. ``size`` is bytes, None where the file has no end to seek to.

    ``map_failure`` says, in the operating system's words, why it cannot be mapped; empty if it can.
    """

    size: int | None = 0
    page_size: int = PAGE_SIZE
    map_failure: str = ""


class Files(Protocol):
    """The files of the host. Every method raises OSError as the operating system would."""

    def open(self, path: str, *, writable: bool) -> BackingFile:
        """The file that exists at ``path``; IsADirectoryError for a directory."""

    def create(self, path: str) -> BackingFile:
        """A new empty file at ``path``, where there must be none."""

    def open_nameless(self, directory: str) -> BackingFile:
        """A new empty file in ``directory`` that nobody else sees."""

    def extend(self, path: str, size: int) -> None:
        """Make the file ``size`` bytes long."""

    def remove(self, path: str) -> None: ...

    def check_directory(self, path: str) -> None:
        """Nothing, if there is one that can be opened."""


class NoFiles:
    """A host without a single file."""

    def open(self, path: str, *, writable: bool) -> BackingFile:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    def create(self, path: str) -> BackingFile:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    open_nameless = create

    def extend(self, path: str, size: int) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    def remove(self, path: str) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    check_directory = remove


class Threads(Protocol):
    """Threads of the host that are there to be seen, not to run."""

    def start(self, name: str) -> int:
        """Start one; its number."""

    def end(self, number: int) -> None: ...


class NoThreads:
    """All work is done in one thread, whose number is ``number``."""

    def __init__(self, number: int = 1) -> None:
        self._number = number

    def start(self, name: str) -> int:
        return self._number

    def end(self, number: int) -> None: ...


class Line(Protocol):
    """A connection."""

    def recv(self, size: int, /) -> bytes: ...

    def sendall(self, data: bytes, /) -> None: ...

    def close(self) -> None: ...


class UnresolvedError(OSError):
    """A name that stands for no address."""


class Outside(Protocol):
    """Partners of objects. Every method raises OSError as the operating system would."""

    def connect_unix(self, path: str) -> Line: ...

    def connect_inet(self, host: str, port: str) -> Line:
        """UnresolvedError if there is no such host or service."""

    def open_can(self, interface: str) -> Line:
        """The error has a file's name only if the interface is to blame for it."""

    def read_key(self, serial: int) -> bytes:
        """What the kernel keeps under that number."""


class NoOutside:
    """Nobody."""

    def connect_unix(self, path: str) -> Line:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    def connect_inet(self, host: str, port: str) -> Line:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    def open_can(self, interface: str) -> Line:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    def read_key(self, serial: int) -> bytes:
        raise OSError(errno.ENOKEY, "Required key not available")


class Host(NamedTuple):
    """What the host has to give.

    ``memory`` (bytes) bounds a single mapping for which Linux reserves memory; None is plenty. ``nodes`` are the
    host's own NUMA nodes, ``cpus`` its CPUs, all of them in each node. ``sgx`` is its memory for enclaves in bytes, 0
    without SGX. ``kvm_memslots`` is how many KVM gives a machine, ``vhost_memslots`` what each vhost backend can hold,
    0 where there are none. ``synic``: KVM has Hyper-V's interrupt controller. ``threads`` are behind CPUs and
    iothreads, ``images`` the files that may hold disks, ``outside`` the partners of objects. ``kvm_fault`` answers the
    error number with which KVM's device at a path cannot be opened, 0 if it can.
    """

    memory: int | None = None
    huge_page_sizes: frozenset[int] = frozenset({2 << 20, 1 << 30})
    nodes: frozenset[int] = frozenset({0})
    cpus: frozenset[int] = frozenset({0})
    sgx: int = 0
    kvm_memslots: int = 32764
    vhost_memslots: int = 0
    synic: bool = False
    threads: Threads = NoThreads()
    files: Files = NoFiles()
    images: Images = NoImages()
    kvm_fault: Callable[[str], int] = lambda path: 0
    outside: Callable[[], Outside] = NoOutside

    def can_map(self, size: int, align: int, *, reserved: bool) -> bool:
        """Whether ``size`` bytes can be mapped at a multiple of ``align``; ``reserved`` if Linux accounts for them."""
        if size + align >= ADDRESS_SPACE:
            return False
        return not reserved or self.memory is None or size <= self.memory


def round_up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
