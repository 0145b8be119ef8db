"""Domains whose disks get overlays, are committed, pulled, copied and backed up."""

from __future__ import annotations

from pathlib import Path

from qmpd.model.block.creation import qcow2

from .domain import Domain


def _disk(source: str, target: str, image_format: str = "raw") -> str:
    return f"""
    <disk type='file' device='disk'><driver name='qemu' type='{image_format}'/><source file='{source}'/>
      <target dev='{target}' bus='virtio'/></disk>
    """


def _new(domain: Domain, name: str) -> str:
    """The path of a file that is not there yet."""
    path = domain.libvirt.folder / name
    path.unlink(missing_ok=True)
    return str(path)


def snapshots(domain: Domain) -> None:
    domain.copies_data = True
    first, second, third = (_new(domain, f"overlay{number}") for number in range(3))
    domain.start(devices=_disk(domain.file(16), "vda") + _disk(domain.file(16), "vdb"))
    domain.do("snapshot-create-as", "inside")
    domain.do(
        "snapshot-create-as", "s1", "--disk-only", "--diskspec", f"vda,file={first}", "--diskspec", "vdb,snapshot=no"
    )
    domain.do(
        "snapshot-create-as", "s2", "--disk-only", "--diskspec", f"vda,file={first}", "--diskspec", "vdb,snapshot=no"
    )
    domain.do(
        *("snapshot-create-as", "s3", "--disk-only", "--atomic"),
        *("--diskspec", f"vda,file={second}", "--diskspec", f"vdb,file={third}"),
    )
    domain.do("domblklist")
    domain.do("domblkinfo", "--all")
    domain.do("blockcommit", "vda", "--top", first, "--wait", "--verbose")
    domain.do("blockcommit", "vda", "--active", "--wait", "--verbose")
    domain.do("blockjob", "vda", "--info")
    domain.do("blockcommit", "vda", "--active", "--pivot", "--wait")
    domain.do("blockjob", "vda", "--abort")
    domain.do("blockjob", "vda", "--info")
    domain.do("blockcommit", "vda", "--active", "--pivot", "--wait")
    domain.do("blockcommit", "vda", "--active", "--pivot", "--wait")
    domain.do("blockpull", "vdb", "--wait")
    domain.do("snapshot-list", "--name")
    domain.do("snapshot-delete", "s3", "--metadata")
    domain.do("snapshot-delete", "s1", "--metadata")
    domain.do("domblklist", "--details")
    domain.do("detach-disk", "vdb")


def block_copies(domain: Domain) -> None:
    domain.copies_data = True
    raw, other, third = (_new(domain, f"copy{number}") for number in range(3))
    domain.start(devices=_disk(domain.file(16), "vda"))
    copy = ("blockcopy", "vda", "--transient-job", "--wait", "--dest")
    domain.do(*copy, raw, "--finish")
    domain.do(*copy, raw, "--pivot")
    domain.do(*copy, other, "--format", "qcow2", "--pivot")
    domain.do("blockcopy", "vda", "--transient-job", "--wait", "--dest", third)
    domain.do("blockjob", "vda")
    domain.do("blockjob", "vda", "--bandwidth", "7")
    domain.do("blockpull", "vda")
    domain.do("snapshot-create-as", "s1", "--disk-only", "--diskspec", f"vda,file={raw}x")
    domain.do("blockjob", "vda", "--pivot")
    domain.do("domblklist")


def _back_up(domain: Domain, mode: str, more: str, place: str) -> None:
    xml = f"<domainbackup mode='{mode}'>{more}<disks><disk name='vda' type='file'>{place}</disk></disks></domainbackup>"
    domain("backup-begin", "DOMAIN", "XML", xml=xml)


def backups(domain: Domain) -> None:
    domain.copies_data = True
    image = domain.file(0)
    Path(image).write_bytes(qcow2({"size": 8 << 20}))
    domain.start(devices=_disk(image, "vda", "qcow2"))
    domain.do("checkpoint-create-as", "c1")
    domain.do("checkpoint-create-as", "c2", "--diskspec", "vda,checkpoint=bitmap")
    domain.do("checkpoint-create-as", "c1")
    domain.do("checkpoint-list", "--tree")
    for number, more in enumerate(("", "<incremental>c1</incremental>")):
        _back_up(domain, "push", more, f"<target file='{_new(domain, f'backup{number}')}'/>")
        domain.wait_for("Backup for vda completed")
    server = f"<server transport='unix' socket='{_new(domain, 'nbd')}'/>"
    _back_up(domain, "pull", server, f"<scratch file='{_new(domain, 'scratch')}'/>")
    domain.do("backup-dumpxml")  # this one does not end by itself
    domain.do("domjobabort")
    domain.wait_for("Backup for vda canceled")
    domain.do("domjobinfo", "--completed", "--keep-completed")
    domain.do("checkpoint-delete", "c1")
    domain.do("checkpoint-delete", "c2")
