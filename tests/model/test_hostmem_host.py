"""What depends on the host: how much memory, which huge pages, which nodes it has, and what its files are like.

The recorded cases hold the same rules against a real QEMU on one host; here the host is another one.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qmpd.errors import StartupError
from qmpd.host import DiskFiles
from qmpd.model.hostmem_host import BackingFile, Host
from tests.model.machines import GIB, MIB, Client

MACHINE = "-machine q35 -m 1G,slots=4,maxmem=64G"
CANNOT_SET_UP = "cannot set up guest memory 'm': Cannot allocate memory"
CANNOT_MAP = "unable to map backing store for guest RAM: Cannot allocate memory"
TEMPLATING = "Consider opening the backing store read-only"


def small_host(**differences: object) -> Host:
    return Host(memory=4 * GIB)._replace(**differences)


class MemoryFiles:
    """Files that are only a table. ``denied`` ones may be read; ``page_size`` is that of all."""

    def __init__(self, sizes: dict[str, int], denied: frozenset[str] = frozenset(), page_size: int = 4096) -> None:
        self.sizes = sizes
        self.page_size = page_size
        self._denied = denied

    def open(self, path: str, *, writable: bool) -> BackingFile:
        if path not in self.sizes:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if writable and path in self._denied:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return BackingFile(self.sizes[path], self.page_size)

    def create(self, path: str) -> BackingFile:
        self.sizes[path] = 0
        return self.open(path, writable=True)

    def open_nameless(self, directory: str) -> BackingFile:
        return BackingFile(0, self.page_size)

    def extend(self, path: str, size: int) -> None:
        self.sizes[path] = size

    def remove(self, path: str) -> None:
        del self.sizes[path]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"qom_type": "memory-backend-ram"}, CANNOT_SET_UP),
        ({"qom_type": "memory-backend-memfd", "share": False}, CANNOT_MAP),
        ({"qom_type": "memory-backend-memfd", "hugetlb": True}, CANNOT_MAP),
    ],
)
def test_memory_that_the_host_would_have_to_reserve_is_bounded(options: dict[str, object], text: str) -> None:
    client = Client(MACHINE, small_host())

    assert client.refusal("object-add", id="m", size=5 * GIB, **options) == text
    client.ask("object-add", id="m", size=4 * GIB, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"qom_type": "memory-backend-ram", "reserve": False},
        {"qom_type": "memory-backend-ram", "share": True},
        {"qom_type": "memory-backend-memfd"},
        {"qom_type": "memory-backend-shm"},
        {"qom_type": "memory-backend-memfd", "share": False, "reserve": False},
        {"qom_type": "memory-backend-memfd", "hugetlb": True, "reserve": False},
    ],
)
def test_memory_that_linux_does_not_account_for_is_unbounded(options: dict[str, object]) -> None:
    Client(MACHINE, small_host()).ask("object-add", id="m", size=5 * GIB, **options)


def test_a_machine_larger_than_its_host_does_not_start() -> None:
    with pytest.raises(StartupError) as refusal:
        Client("-machine q35 -m 5G", small_host())

    assert [error.desc for error in refusal.value.errors] == [
        "cannot set up guest memory 'pc.ram': Cannot allocate memory"
    ]


def test_a_read_only_mapping_of_a_file_is_not_reserved_but_a_private_writable_one_is() -> None:
    client = Client(MACHINE, small_host(files=MemoryFiles({"/big": 8 * GIB})))
    file = {"qom_type": "memory-backend-file", "mem_path": "/big", "size": 8 * GIB}

    assert client.refusal("object-add", id="m", **file) == CANNOT_MAP
    assert client.refusal("object-add", id="m", readonly=True, rom="off", **file) == CANNOT_MAP
    client.ask("object-add", id="rom", readonly=True, **file)
    client.ask("object-add", id="shared", share=True, **file)
    client.ask("object-add", id="unreserved", reserve=False, **file)


def test_huge_pages_are_those_of_the_host() -> None:
    client = Client(MACHINE, small_host(huge_page_sizes=frozenset({2 * MIB})))
    huge = {"qom_type": "memory-backend-memfd", "hugetlb": True, "size": GIB}

    client.ask("object-add", id="two-mib", hugetlbsize=2 * MIB, **huge)
    assert client.refusal("object-add", id="m", hugetlbsize=GIB, **huge) == (
        "failed to create memfd with flags 0x78000007: No such device"
    )


def test_a_dimm_wants_the_alignment_of_its_huge_pages() -> None:
    client = Client(MACHINE, small_host())
    client.ask("object-add", qom_type="memory-backend-memfd", id="m", size=GIB, hugetlb=True, hugetlbsize=GIB)

    assert client.refusal("device_add", driver="pc-dimm", memdev="m", addr=(6 * GIB) + 2 * MIB) == (
        "address must be aligned to 0x40000000 bytes"
    )


def test_memory_is_bound_to_nodes_that_the_host_has() -> None:
    client = Client(MACHINE, small_host(nodes=frozenset({0, 1})))
    ram = {"qom_type": "memory-backend-ram", "size": MIB, "policy": "bind"}

    client.ask("object-add", id="near", host_nodes=[1], **ram)
    client.ask("object-add", id="either", host_nodes=[1, 2], **ram)
    assert client.refusal("object-add", id="m", host_nodes=[2], **ram) == (
        "cannot bind memory to host NUMA nodes: Invalid argument"
    )


def test_a_file_of_huge_pages_has_their_rules() -> None:
    files = MemoryFiles({}, page_size=2 * MIB)
    client = Client(MACHINE, small_host(files=files))
    file = {"qom_type": "memory-backend-file", "id": "m", "mem_path": "/huge"}

    assert client.refusal("object-add", size=MIB, **file) == (
        "memory size 0x100000 must be equal to or larger than page size 0x200000"
    )
    assert client.refusal("object-add", size=2 * MIB, align=4096, **file) == (
        "alignment 0x1000 must be multiples of page size 0x200000"
    )
    assert files.sizes == {}, "a file made for nothing is removed again"
    assert client.refusal("object-add", size=3 * MIB, **file) == (
        "backend 'memory-backend-file' memory size must be multiple of 2 MiB"
    )
    assert files.sizes == {"/huge": 4 * MIB}, "here QEMU leaves it behind"
    client.ask("object-add", size=4 * MIB, **file)


def test_a_file_that_may_only_be_read_gets_a_hint_on_the_terminal() -> None:
    host = small_host(files=MemoryFiles({"/template": GIB}, denied=frozenset({"/template"})))
    option = "-object memory-backend-file,id=m,size=1G,mem-path=/template"

    with pytest.raises(StartupError) as private:
        Client(f"{MACHINE} {option}", host)
    with pytest.raises(StartupError) as shared:
        Client(f"{MACHINE} {option},share=on", host)

    text = "can't open backing store /template for guest RAM: Permission denied"
    assert [error.desc for error in private.value.errors] == [text]
    assert private.value.errors[0].hint.startswith(TEMPLATING)
    assert shared.value.errors[0].hint == ""


def test_enclave_memory_needs_a_host_with_sgx() -> None:
    epc = {"qom_type": "memory-backend-epc", "id": "e", "size": 64 * MIB}

    assert Client(MACHINE, small_host()).refusal("object-add", **epc) == "invalid object type: memory-backend-epc"
    client = Client(MACHINE, small_host(sgx=True))
    client.ask("object-add", **epc)
    [entry] = [entry for entry in client.ask("query-memdev") if entry["id"] == "e"]
    assert (entry["share"], entry["merge"], entry["dump"]) == (True, False, False)
    assert client.ask("qom-list", path="/objects/e")[-1]["name"] == "\\x2fobjects\\x2fe[0]"


@pytest.mark.parametrize("size", [1000, 0x101000])
def test_enclave_memory_is_private_to_nobody_and_comes_in_pages(size: int) -> None:
    client = Client(MACHINE, small_host(sgx=True))
    epc = {"qom_type": "memory-backend-epc", "id": "e"}

    assert client.refusal("object-add", size=MIB, share=False, **epc) == (
        "unable to map backing store for guest RAM: Invalid argument"
    )
    reply = client.reply("object-add", size=size, **epc)
    assert ("error" in reply) == bool(size % 4096)


@pytest.mark.parametrize(
    ("machine", "name"), [("pc-q35-3.1", r"\x2fobjects\x2fm[0]"), ("pc-q35-4.0", "m[0]"), ("q35", "m[0]")]
)
def test_memory_from_files_goes_by_its_path_on_old_machines(machine: str, name: str) -> None:
    client = Client(f"-machine {machine}", small_host())
    client.ask("object-add", qom_type="memory-backend-memfd", id="m", size=MIB)
    client.ask("object-add", qom_type="memory-backend-ram", id="r", size=MIB)

    assert client.ask("qom-list", path="/objects/m")[-1]["name"] == name
    assert client.ask("qom-list", path="/objects/r")[-1]["name"] == "r[0]"


# The files of a real disk


def test_a_new_file_is_empty_until_it_is_extended(tmp_path: Path) -> None:
    path = str(tmp_path / "new")

    assert DiskFiles().create(path) == BackingFile(0, 4096)
    DiskFiles().extend(path, 3 * MIB)

    assert DiskFiles().open(path, writable=True) == BackingFile(3 * MIB, 4096)
    DiskFiles().remove(path)
    assert not (tmp_path / "new").exists()


def test_a_nameless_file_leaves_its_directory_empty(tmp_path: Path) -> None:
    assert DiskFiles().open_nameless(str(tmp_path)).size == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writable", [True, False])
def test_a_pipe_is_looked_at_without_waiting_for_its_other_end(tmp_path: Path, writable: bool) -> None:
    os.mkfifo(tmp_path / "pipe")

    file = DiskFiles().open(str(tmp_path / "pipe"), writable=writable)

    assert (file.size, file.map_failure) == (None, "No such device")


def test_what_cannot_be_opened_is_told_in_the_words_of_the_system(tmp_path: Path) -> None:
    files = DiskFiles()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")

    for path, reason in {
        str(tmp_path): "Is a directory",
        str(tmp_path / "none"): "No such file or directory",
        str(tmp_path / "file" / "x"): "Not a directory",
        str(tmp_path / "loop"): "Too many levels of symbolic links",
        str(tmp_path / ("x" * 300)): "File name too long",
        "nul\0byte": "No such file or directory",
    }.items():
        with pytest.raises(OSError, match=reason):
            files.open(path, writable=True)
    with pytest.raises(FileExistsError):
        files.create(str(tmp_path / "dangling"))


def test_a_link_to_nothing_is_an_error_though_qemu_hangs_on_it(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    client = Client(MACHINE)

    assert client.refusal(
        "object-add", qom_type="memory-backend-file", id="m", size=MIB, mem_path=str(tmp_path / "dangling")
    ) == (f"can't open backing store {tmp_path}/dangling for guest RAM: File exists")
