"""What each command of the human monitor takes (hmp-commands.hx, hmp-commands-info.hx).

An argument is ``name:type``, with ``?`` for one that may be left out; the types are QEMU's letters:

    s S F B   a word, the rest of the line, a file name, a block device's name
    O         option string
    i l M     expression: of 32 bits, of 64 bits, in MiB; with ``.`` only if a dot stands in front
    o b       size in MiB, ``on`` or ``off``
    /         format of an examination
    -f -fs    flag, flag with a word behind
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

INFO: Final = "info"
HELP: Final = "help|?"

_BLOCK_THROTTLE = "device:B bps:l bps_rd:l bps_wr:l iops:l iops_rd:l iops_wr:l"
_DUMP_FLAGS = "paging:-p detach:-d windmp:-w zlib:-z lzo:-l snappy:-s raw:-R"
_MCE = "broadcast:-b cpu_index:i bank:i status:l mcg_status:l addr:l misc:l"
_AER = (
    "advisory_non_fatal:-a correctable:-c id:s error_status:s header0:i? header1:i? header2:i? header3:i?"
    " prefix0:i? prefix1:i? prefix2:i? prefix3:i?"
)
_CLIENT_MIGRATE = "protocol:s hostname:s port:i? tls-port:i? cert-subject:s?"

COMMANDS: Final[dict[str, str]] = {
    "announce_self": "interfaces:s? id:s?",
    "balloon": "value:M",
    "block_job_cancel": "force:-f device:B",
    "block_job_complete": "device:B",
    "block_job_pause": "device:B",
    "block_job_resume": "device:B",
    "block_job_set_speed": "device:B speed:o",
    "block_resize": "device:B size:o",
    "block_set_io_throttle": _BLOCK_THROTTLE,
    "block_stream": "device:B speed:o? base:s?",
    "boot_set": "bootdevice:s",
    "calc_dirty_rate": "dirty_ring:-r dirty_bitmap:-b second:l sample_pages_per_GB:l?",
    "cancel_vcpu_dirty_limit": "cpu_index:l?",
    "change": "device:B force:-f target:F arg:s? read-only-mode:s?",
    "chardev-add": "args:s",
    "chardev-change": "id:s args:s",
    "chardev-remove": "id:s",
    "chardev-send-break": "id:s",
    "client_migrate_info": _CLIENT_MIGRATE,
    "closefd": "fdname:s",
    "commit": "device:B",
    "cpu": "index:i",
    "delvm": "name:s",
    "device_add": "device:O",
    "device_del": "id:s",
    "drive_add": "node:-n pci_addr:s opts:s",
    "drive_backup": "reuse:-n full:-f compress:-c device:B target:s format:s?",
    "drive_del": "id:B",
    "drive_mirror": "reuse:-n full:-f device:B target:s format:s?",
    "dump-guest-memory": f"{_DUMP_FLAGS} filename:F begin:l? length:l?",
    "dumpdtb": "filename:F",
    "eject": "force:-f device:B",
    "expire_password": "protocol:s time:s display:-ds",
    "gdbserver": "device:s?",
    "getfd": "fdname:s",
    "gpa2hpa": "addr:l",
    "gpa2hva": "addr:l",
    "gva2gpa": "addr:l",
    "help": "name:S?",
    "hostfwd_add": "arg1:s arg2:s?",
    "hostfwd_remove": "arg1:s arg2:s?",
    "i": "fmt:/ addr:i index:i.",
    "info": "item:s?",
    "loadvm": "name:s",
    "log": "items:s",
    "logfile": "filename:F",
    "mce": _MCE,
    "memsave": "val:l size:i filename:s",
    "migrate": "detach:-d resume:-r uri:s",
    "migrate_continue": "state:s",
    "migrate_incoming": "uri:s",
    "migrate_recover": "uri:s",
    "migrate_set_capability": "capability:s state:b",
    "migrate_set_parameter": "parameter:s value:s",
    "mouse_button": "button_state:i",
    "mouse_move": "dx_str:s dy_str:s dz_str:s?",
    "mouse_set": "index:i",
    "nbd_server_add": "writable:-w device:B name:s?",
    "nbd_server_remove": "force:-f name:s",
    "nbd_server_start": "all:-a writable:-w uri:s",
    "netdev_add": "netdev:O",
    "netdev_del": "id:s",
    "o": "fmt:/ addr:i val:i",
    "object_add": "object:S",
    "object_del": "id:s",
    "one-insn-per-tb": "option:s?",
    "pcie_aer_inject_error": _AER,
    "pmemsave": "val:l size:i filename:s",
    "print": "fmt:/ val:l",
    "qemu-io": "qdev:-d device:B command:s",
    "qom-get": "path:s property:s",
    "qom-list": "path:s?",
    "qom-set": "json:-j path:s property:s value:S",
    "replay_break": "icount:l",
    "replay_seek": "icount:l",
    "ringbuf_read": "device:s size:i",
    "ringbuf_write": "device:s data:s",
    "savevm": "name:s?",
    "screendump": "filename:F format:-fs device:s? head:i?",
    "sendkey": "keys:s hold-time:i?",
    "set_link": "name:s up:b",
    "set_password": "protocol:s password:s display:-ds connected:s?",
    "set_vcpu_dirty_limit": "dirty_rate:l cpu_index:l?",
    "snapshot_blkdev": "reuse:-n device:B snapshot-file:s? format:s?",
    "snapshot_blkdev_internal": "device:B name:s",
    "snapshot_delete_blkdev_internal": "device:B name:s id:s?",
    "stopcapture": "n:i",
    "sum": "start:i size:i",
    "sync-profile": "op:s?",
    "trace-event": "name:s option:b vcpu:i?",
    "watchdog_action": "action:s",
    "wavcapture": "path:F audiodev:s freq:i? bits:i? nchannels:i?",
    "x": "fmt:/ addr:l",
    "xen-event-inject": "port:i",
    "xp": "fmt:/ addr:l",
}
"""By name without aliases; a command that is not here takes no arguments."""

INFO_COMMANDS: Final[dict[str, str]] = {
    "block": "nodes:-n verbose:-v device:B?",
    "lapic": "apic-id:i?",
    "mtree": "flatview:-f dispatch_tree:-d owner:-o disabled:-D",
    "qom-tree": "path:s?",
    "qtree": "brief:-b",
    "registers": "cpustate_all:-a vcpu:i?",
    "rocker": "name:s",
    "rocker-of-dpa-flows": "name:s tbl_id:i?",
    "rocker-of-dpa-groups": "name:s type:i?",
    "rocker-ports": "name:s",
    "stats": "target:s names:s? provider:s?",
    "sync-profile": "mean:-m no_coalesce:-n max:i?",
    "trace-events": "name:s? vcpu:i?",
    "virtio-queue-element": "path:s queue:i index:i?",
    "virtio-queue-status": "path:s queue:i",
    "virtio-status": "path:s",
    "virtio-vhost-queue-status": "path:s queue:i",
}


def find(names: Iterable[str], word: str) -> str | None:
    """The one of ``names`` (``cont|c``) that ``word`` is an alias of."""
    return next((name for name in names if word in name.split("|")), None)
