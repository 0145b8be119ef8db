"""Every option of qemu-system-x86_64 10.0.2, as data: which take an argument, which this target or build refuses."""
# ruff: noqa: SIM905  # lists of words read better as words

from __future__ import annotations

from typing import Final

_FLAGS = (
    "h help version mem-prealloc snapshot usb nographic full-screen win2k-hack no-fd-bootchk preconfig S s enable-kvm"
    " xen-attach xen-domid-restrict no-reboot no-shutdown daemonize only-migratable nodefaults semihosting old-param"
    " no-user-config enable-sync-profile perfmap jitdump"
)
_WITH_ARGUMENT = (
    "machine M cpu accel smp numa add-fd set global boot m mem-path k audio audiodev device name uuid fda fdb hda hdb"
    " hdc hdd cdrom blockdev drive mtdblock sd fsdev virtfs iscsi usbdevice display spice vga g vnc acpitable smbios"
    " netdev nic net chardev tpmdev bios pflash kernel shim append initrd dtb compat fw_cfg serial parallel monitor qmp"
    " qmp-pretty mon debugcon pidfile overcommit gdb d D dfilter seed L xen-domid action loadvm option-rom rtc icount"
    " watchdog-action echr incoming prom-env semihosting-config sandbox readconfig trace plugin qtest qtest-log"
    " run-with msg dump-vmstate object"
)

TAKES_ARGUMENT: Final = dict.fromkeys(_FLAGS.split(), False) | dict.fromkeys(_WITH_ARGUMENT.split(), True)
TAKES_ARGUMENT["x-qmpd"] = True  # the one option that QEMU does not have

UNSUPPORTED: Final = frozenset(
    "g prom-env semihosting semihosting-config old-param xen-attach xen-domid-restrict".split()
)

# Options that QEMU keeps in an option group: the group, and whether a first value may stand alone.
GROUPED: Final = {
    "action": ("action", False),
    "add-fd": ("add-fd", False),
    "chardev": ("chardev", True),
    "drive": ("drive", False),
    "fsdev": ("fsdev", True),
    "fw_cfg": ("fw_cfg", True),
    "icount": ("icount", True),
    "iscsi": ("iscsi", False),
    "m": ("memory", True),
    "mon": ("mon", True),
    "net": ("net", True),
    "nic": ("nic", True),
    "numa": ("numa", True),
    "rtc": ("rtc", False),
    "sandbox": ("sandbox", True),
}

# Options that only set a property of the machine: its name, and the value of a flag.
MACHINE_PROPERTIES: Final = {
    "append": ("append", ""),
    "bios": ("firmware", ""),
    "dtb": ("dtb", ""),
    "enable-kvm": ("accel", "kvm"),
    "initrd": ("initrd", ""),
    "kernel": ("kernel", ""),
    "no-fd-bootchk": ("fd-bootchk", "off"),
    "nographic": ("graphics", "off"),
    "shim": ("shim", ""),
    "usb": ("usb", "on"),
    "usbdevice": ("usb", "on"),
}

# Options for a drive, and the members of -drive that they stand for.
DRIVES: Final = {
    **{f"hd{letter}": {"index": str(number), "media": "disk"} for number, letter in enumerate("abcd")},
    "cdrom": {"index": "2", "media": "cdrom"},
    "fda": {"if": "floppy", "index": "0"},
    "fdb": {"if": "floppy", "index": "1"},
    "mtdblock": {"if": "mtd"},
    "pflash": {"if": "pflash"},
    "sd": {"if": "sd"},
}

# Options without meaning for a machine that runs nothing; some of them are checked all the same.
IGNORED: Final = frozenset(
    "D L acpitable d debugcon dfilter dump-vmstate echr enable-sync-profile fsdev full-screen fw_cfg gdb icount iscsi"
    " jitdump k loadvm mem-prealloc net nic only-migratable option-rom overcommit perfmap plugin run-with s sandbox"
    " seed smbios snapshot tpmdev trace virtfs win2k-hack xen-domid".split()
)
