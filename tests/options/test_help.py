"""What options print that ask for help, held against a QEMU that is asked the same."""

from __future__ import annotations

import io
import subprocess

import pytest

from qmpd.errors import StartupError
from qmpd.options.report import Report, StartupExit
from qmpd.qemu_argv import parse

QUESTIONS = [
    *("-machine help", "-M ?", "-M pc,help", "-M q35,?", "-M microvm,help", "-M isapc,help", "-M none,help"),
    *("-M pc-q35-7.2,help", "-M nosuch,help", "-cpu help", "-accel help", "-audio ?", "-audiodev help"),
    *("-display help", "-chardev help", "-chardev help,id=x", "-chardev null,help", "-netdev help", "-nic help"),
    *(
        "-netdev type=help",
        "-nic user,model=?",
        "-net nic,model=help",
        "-drive format=help",
        "-drive if=none,format=?",
        "-vga help",
    ),
    *("-d help", "-d trace:help", "-trace help", "-plugin help", "-msg help", "-iscsi help", "-add-fd help"),
    *("-global ?", "-smp help", "-boot help", "-m 1,help", "-rtc help"),
    *("-object help", "-object rng-builtin,help", "-object colo-compare,help", "-object nosuch,help"),
    *(f"-object memory-backend-{kind},help" for kind in ("ram", "file", "memfd", "epc", "shm")),
    *("-object thread-context,help", "-object secret,?", "-device help", "-device ?", "-device pc-dimm,id=x,help"),
    *(f"-device {name},help" for name in ("nvdimm", "virtio-mem-pci", "virtio-pmem-pci", "ramfb", "sgx-epc", "cpu")),
    *(f"-device {name},?" for name in ("hv-balloon", "e1000", "usb-hub", "qemu64-x86_64-cpu", "nosuch", "scsi-hd")),
    *(
        "-device virtio-net-pci,help",
        "-device nec-usb-xhci,help",
        "-device pcie-root-port,help",
        "-device virtio-mem,?",
    ),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_help_is_printed_as_qemu_prints_it(question: str, qemu: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("-display", "none", *question.split())
    asked = subprocess.run((qemu, *argv), capture_output=True, text=True, timeout=60)
    complaints = io.StringIO()
    report = Report("qemu-system-x86_64", stream=complaints)
    try:
        parse(argv, report)
        status = None
    except StartupExit as end:
        status = end.status
    except StartupError as failure:
        report.startup_error(failure)
        status = 1
    assert status == asked.returncode
    assert capsys.readouterr().out == asked.stdout
    assert complaints.getvalue() == asked.stderr
