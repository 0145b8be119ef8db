"""The machine that qmpd runs on: its CPUs, and its files as backends reach them: looked at, created, made longer.

No file is ever mapped or read. What a backend makes of a file is the model's business.
"""

from __future__ import annotations

import errno
import os
import stat

from qmpd.model.block.images import Image
from qmpd.model.hostmem_host import PAGE_SIZE, BackingFile, Host, NoThreads, Outside, Threads

_ZERO_DEVICE = os.makedev(1, 5)
_NEW_FILE_MODE = 0o644
_NAMELESS_MODE = 0o600
_HUGE_PAGES_FROM = 64 << 10
_HEAD = 64 << 10  # bytes at the start of an image, where formats have their headers


def this_host(threads: Threads | None = None) -> Host:
    """Plenty of memory, and the files and CPUs that are really there; no ``threads`` but the process's own if None."""
    return Host(
        files=DiskFiles(),
        images=DiskImages(),
        cpus=frozenset(os.sched_getaffinity(0)),
        threads=threads or NoThreads(os.getpid()),
        kvm_fault=kvm_fault,
        outside=_outside,
    )


def _outside() -> Outside:
    from qmpd.outside import ThisOutside

    return ThisOutside()


def kvm_fault(path: str) -> int:
    """The error number with which KVM's device cannot be opened, 0 if it can."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


class DiskFiles:
    """The file system, see ``Files``."""

    def open(self, path: str, *, writable: bool) -> BackingFile:
        name = _encoded(path)
        status = os.stat(name)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode):
            return _look(os.open(name, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC))
        # Opening a device or a pipe may do something, or wait.
        if stat.S_ISSOCK(status.st_mode):
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), path)
        if not os.access(name, os.R_OK | (os.W_OK if writable else 0)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return BackingFile(0 if status.st_rdev == _ZERO_DEVICE else None, map_failure=_map_failure(status))

    def create(self, path: str) -> BackingFile:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return _look(os.open(_encoded(path), flags, _NEW_FILE_MODE))

    def open_nameless(self, directory: str) -> BackingFile:
        return _look(os.open(_encoded(directory), os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, _NAMELESS_MODE))

    def extend(self, path: str, size: int) -> None:
        try:
            os.truncate(_encoded(path), size)
        except OverflowError:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path) from None

    def remove(self, path: str) -> None:
        os.unlink(_encoded(path))

    def check_directory(self, path: str) -> None:
        os.close(os.open(_encoded(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


class DiskImages:
    """The files that may hold disks, see ``Images``."""

    def open(self, path: str, *, writable: bool) -> Image:
        name = _encoded(path)
        status = os.stat(name)
        regular = stat.S_ISREG(status.st_mode)
        device = stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode)
        if stat.S_ISDIR(status.st_mode) and writable:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not regular:
            return Image(0, 0, (status.st_dev, status.st_ino), b"", regular=False, device=device)
        descriptor = os.open(name, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        try:
            head = os.pread(descriptor, _HEAD, 0)
        finally:
            os.close(descriptor)
        return Image(status.st_size, status.st_blocks * 512, (status.st_dev, status.st_ino), head)

    def create(self, path: str, size: int) -> None:
        descriptor = os.open(_encoded(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _NEW_FILE_MODE)
        try:
            if size:  # a device cannot be cut
                os.truncate(descriptor, size)
            os.pwrite(descriptor, bytes(min(size, PAGE_SIZE)), 0)  # as QEMU does, to learn what the file's blocks are
        finally:
            os.close(descriptor)

    def write(self, path: str, data: bytes) -> None:
        with open(_encoded(path), "r+b") as file:
            file.write(data)

    def is_pipe(self, path: str) -> bool:
        try:
            return stat.S_ISFIFO(os.stat(_encoded(path)).st_mode)
        except OSError:
            return False

    def read(self, path: str) -> bytes:
        with open(_encoded(path), "rb") as file:
            return file.read()


def _encoded(path: str) -> bytes:
    """The path in bytes, also where it holds what is no text: a NUL goes as QEMU writes it."""
    return path.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")


def _look(descriptor: int) -> BackingFile:
    """Size and page size of an open file, which is closed."""
    try:
        return BackingFile(os.lseek(descriptor, 0, os.SEEK_END), _page_size(descriptor))
    except OSError:  # some files of the kernel's have no end, and none of them can be mapped
        return BackingFile(None, map_failure=os.strerror(errno.ENODEV))
    finally:
        os.close(descriptor)


def _page_size(descriptor: int) -> int:
    """The size of a huge page if the file is made of such, else that of an ordinary one."""
    block = os.fstatvfs(descriptor).f_bsize
    if block < _HUGE_PAGES_FROM:
        return PAGE_SIZE
    device = os.fstat(descriptor).st_dev
    mounted = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            mount, _, source = line.partition(" - ")
            if mount.split()[2] == mounted:
                return block if source.split()[0] == "hugetlbfs" else PAGE_SIZE
    return PAGE_SIZE


def _map_failure(status: os.stat_result) -> str:
    return "" if status.st_rdev == _ZERO_DEVICE else os.strerror(errno.ENODEV)
