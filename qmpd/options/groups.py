"""QEMU's option groups as data: what ``-m``, ``-chardev`` and the others take in the older of its two grammars.

A description is a list of names, each with ``:b`` (on/off), ``:n`` (number), ``:z`` (size) or nothing (string); an
empty one takes anything. Facts of QEMU 10.0.2, as query-command-line-options tells them and system/vl.c.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from qmpd.named import NamedTuple

_THROTTLE: Final = " ".join(
    f"throttling.{unit}-{what}{rest}:n"
    for unit in ("iops", "bps")
    for what in ("total", "read", "write")
    for rest in ("", "-max", "-max-length")
)

_FSDEV: Final = "fsdriver path security_model writeout multidevs readonly:b socket sock_fd:n fmode:n dmode:n"

_CHARDEV: Final = (
    "backend path input-path host port fd localaddr localport to:n ipv4:b ipv6:b wait:b server:b delay:b nodelay:b"
    " reconnect:n reconnect-ms:n telnet:b tn3270:b tls-creds tls-authz websocket:b width:n height:n cols:n rows:n mux:b"
    " signal:b name debug:n size:z chardev chardevs.0 chardevs.1 chardevs.2 chardevs.3 append:b logfile logappend:b"
    " mouse:b clipboard:b tight:b abstract:b"
)

_VNC: Final = (
    "vnc websocket tls-creds share display head:n connections:n to:n ipv4:b ipv6:b password:b password-secret reverse:b"
    " lock-key-sync:b key-delay-ms:n sasl:b tls-authz sasl-authz lossy:b non-adaptive:b audiodev power-control:b"
)

# name: (key of a first value that stands alone, whether all uses make one, description)
_TABLE: Final = {
    "accel": ("accel", False, ""),
    "acpi": ("data", False, ""),
    "action": ("", True, "shutdown reboot panic watchdog"),
    "add-fd": ("", False, "fd:n set:n opaque"),
    "boot-opts": ("order", True, "order once menu:b splash splash-time:n reboot-timeout:n strict:b"),
    "chardev": ("backend", False, _CHARDEV),
    "device": ("driver", False, ""),
    "drive": ("", False, ""),
    "fsdev": ("fsdriver", False, f"{_FSDEV} throttling.iops-size:n {_THROTTLE}"),
    "fw_cfg": ("name", False, "name file string gen_id"),
    "global": ("", False, "driver property value"),
    "icount": ("shift", True, "shift align:b sleep:b rr rrfile rrsnapshot"),
    "iscsi": ("", False, "user password password-secret header-digest initiator-name timeout:n"),
    "memory": ("size", True, "size:z slots:n maxmem:z"),
    "mon": ("chardev", False, "mode chardev pretty:b"),
    "msg": ("", False, "timestamp:b guest-name:b"),
    "name": ("guest", True, "guest process debug-threads:b"),
    "net": ("type", False, ""),
    "netdev": ("type", False, ""),
    "nic": ("type", False, ""),
    "numa": ("type", False, ""),
    "object": ("qom-type", False, ""),
    "option-rom": ("romfile", False, "bootindex:n romfile"),
    "overcommit": ("", False, "mem-lock cpu-pm:b"),
    "plugin": ("file", False, ""),
    "rtc": ("", True, "base clock driftfix"),
    "run-with": ("", False, "async-teardown:b chroot user"),
    "sandbox": ("enable", False, "enable:b obsolete elevateprivileges spawn resourcecontrol"),
    "smbios": ("", False, ""),
    "smp-opts": (
        "cpus",
        True,
        "cpus:n drawers:n books:n sockets:n dies:n clusters:n modules:n cores:n threads:n maxcpus:n",
    ),
    "tpmdev": ("type", False, ""),
    "trace": ("enable", False, "enable events file"),
    "virtfs": ("fsdriver", False, f"{_FSDEV} mount_tag"),
    "vnc": ("vnc", False, _VNC),
}

TYPE_NAMES: Final = {"": "str", "b": "bool (on/off)", "n": "num", "z": "size"}


class Group(NamedTuple):
    """``types`` maps a member to its letter and is empty where anything goes."""

    name: str
    implied_key: str
    merged: bool
    types: dict[str, str]


@cache
def group(name: str) -> Group | None:
    """The option group ``name``, or None where QEMU knows no such group."""
    entry = _TABLE.get(name)
    if entry is None:
        return None
    implied_key, merged, description = entry
    return Group(name, implied_key, merged, types(description))


def types(description: str) -> dict[str, str]:
    """The members that a description lists, with their letters."""
    return {key: letter for key, _, letter in (member.partition(":") for member in description.split())}
