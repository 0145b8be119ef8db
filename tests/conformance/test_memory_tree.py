"""``info mtree`` against the real QEMU, which prints its blocks in an order that is new each time."""

from __future__ import annotations

import pytest

from qmpd.catalogue.record.peer import Peer

from .runner import QEMU, qemu_is_missing
from .trees import Stand

_BACKENDS = "".join(f" -object memory-backend-ram,id=m{number},size=128M" for number in range(3))
_DIMMS = (
    f"-m 128M,slots=4,maxmem=2G{_BACKENDS} -device pc-dimm,memdev=m0 -device virtio-mem-pci,memdev=m1"
    " -device virtio-pmem-pci,memdev=m2"
)
_PCI = (
    "-device pci-bridge,chassis_nr=1,id=b -device e1000 -device pci-bridge,chassis_nr=2,bus=b"
    " -device virtio-net-pci,bus=b,addr=3 -device igb -device nvme,serial=1 -device qemu-xhci"
)
_CXL = (
    "-machine cxl-fmw.0.targets.0=c,cxl-fmw.0.size=1G -object memory-backend-ram,id=m,size=256M"
    " -device pxb-cxl,bus_nr=6,id=c -device cxl-rp,bus=c,id=r -device cxl-type3,bus=r,volatile-memdev=m,id=t"
)


@pytest.fixture(autouse=True)
def _needs_qemu() -> None:
    if reason := qemu_is_missing():
        from tests.peers import missing_peer

        missing_peer(reason)


@pytest.mark.parametrize(
    "options",
    [
        "-machine q35 -m 6G -smp 3",
        "-machine pc -m 1G,maxmem=2G -object memory-backend-ram,id=a,size=1G -numa node,memdev=a",
        f"-machine q35 {_DIMMS}",
        "-machine pc,nvdimm=on -m 128M,slots=2,maxmem=1G -object memory-backend-ram,id=m,size=128M"
        " -device nvdimm,memdev=m,label-size=128K",
        f"-machine pc {_PCI}",
        "-machine q35 -device pcie-root-port,id=p -device virtio-rng-pci,bus=p",
        f"-machine q35,cxl=on {_CXL}",
        "-machine pc -device VGA -device virtio-vga -device ramfb -device lsi",
        "-machine pc -device pci-bridge,id=b,chassis_nr=1 -device VGA,bus=b,addr=1"
        " -device virtio-net-pci,disable-modern=on",
        "-machine q35 -vga cirrus -serial null -parallel null -net nic -net user",
        "-machine isapc -vga cirrus -serial null -net nic -net user -m 64M",
        "-machine isapc -device isa-vga -device isa-debugcon,chardev=c -chardev null,id=c -device pvpanic",
        "-machine microvm -serial null -m 4G -smp 3 -device virtio-rng-device",
        "-machine q35,i8042=off,vmport=off,sata=off,smbus=off,hpet=off,pit=off",
        "-machine pc,pic=off -cpu 486",
    ],
)
def test_memory_has_the_same_in_it_as_with_qemu(options: str) -> None:
    with Peer(QEMU, *options.split()) as peer:
        theirs = _blocks(peer)
    assert _blocks(Stand(options.split(), defaults=False)) == theirs


def _blocks(peer: Peer | Stand) -> list[str]:
    text: str = peer.ask("human-monitor-command", **{"command-line": "info mtree"})
    assert text.endswith("\r\n\r\n")
    return sorted(text.removesuffix("\r\n\r\n").split("\r\n\r\n"))
