"""What USB devices of single types check before they are attached. Each check raises QEMU's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from qmpd import errors

if TYPE_CHECKING:
    from qmpd.model.usb import UsbDevice

_FILTER_LIMITS = (0xFF, 0xFFFF, 0xFFFF, 0xFFFF)
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))")
_LONG_MAX = (1 << 63) - 1
_INT_BITS = 32
_HOST_RANGES = (("vendorid", 0xFFFF), ("productid", 0xFFFF), ("hostaddr", 127))
_HOST_DEVICES = "/dev/bus/usb/"
_HOST_KEYS = "/dev/hidraw"


def _int(text: str) -> int | None:
    """What C makes of the whole ``text`` as an integer with any base; None if it is none."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    digits = match[1].lower()
    octal = digits.lstrip("+-").startswith("0") and "x" not in digits
    number = max(-_LONG_MAX - 1, min(int(digits, 8 if octal else 0), _LONG_MAX))
    half = 1 << _INT_BITS - 1
    return (number + half) % (1 << _INT_BITS) - half


def _is_rule(text: str) -> bool:
    """Whether ``text`` is class, vendor, product, version and a word on what fits them, as usbredir has it."""
    parts = [part for part in text.split(":") if part]
    numbers = [number for part in parts if (number := _int(part)) is not None]
    return len(parts) == len(numbers) == len(_FILTER_LIMITS) + 1 and all(
        -1 <= number <= most for number, most in zip(numbers, _FILTER_LIMITS, strict=False)
    )


def _redir(device: UsbDevice) -> None:
    rules = device.values.get("filter", "")
    if not all(_is_rule(rule) for rule in rules.split("|") if rule):
        raise errors.invalid_parameter_value("filter", "a usb device filter string")


def _mtp(device: UsbDevice) -> None:
    root, files = device.values.get("rootdir", ""), device.machine.host.files
    if not root.startswith("/"):
        raise errors.usb.root_missing()
    try:
        files.check_directory(root)
    except NotADirectoryError:
        pass
    except OSError:
        raise errors.usb.root_not_readable() from None
    if "desc" not in device.values:
        device.values["desc"] = root.rstrip("/").rpartition("/")[2] or "/"


def _open(device: UsbDevice, path: str) -> None:
    try:
        device.machine.host.files.open(path, writable=True)
    except OSError as error:
        raise errors.usb.file_not_opened(path, error.strerror or "") from None


def _host(device: UsbDevice) -> None:
    """What is there, and nothing that is looked for, must be a device of the host."""
    for name, most in _HOST_RANGES:
        if device.value(name) > most:
            raise errors.usb.host_number_refused(name)
    path, bus, address = device.values.get("hostdevice"), device.value("hostbus"), device.value("hostaddr")
    if path is not None:
        _open(device, path)
        if not path.startswith(_HOST_DEVICES):
            raise errors.usb.host_device_not_opened(path)
    elif bus and address and not any(device.values.get(name) for name in ("vendorid", "productid", "hostport")):
        try:
            device.machine.host.files.open(f"{_HOST_DEVICES}{bus:03}/{address:03}", writable=True)
        except OSError:
            raise errors.usb.host_device_missing(bus, address) from None


def _key(device: UsbDevice) -> None:
    path = device.values.get("hidraw")
    if path is not None:
        _open(device, path)
        if not path.startswith(_HOST_KEYS):
            raise errors.usb.not_a_key(device.type)


RULES: dict[str, Callable[[UsbDevice], None]] = {
    "usb-redir": _redir,
    "usb-mtp": _mtp,
    "usb-host": _host,
    "u2f-passthru": _key,
}


def check_capture(device: UsbDevice, path: str) -> None:
    """Whether a record of the traffic could be written to ``path``."""
    files = device.machine.host.files
    try:
        files.open(path, writable=True)
    except FileNotFoundError:
        try:
            files.check_directory(path.rpartition("/")[0] or ("/" if path.startswith("/") else "."))
        except OSError:
            raise errors.usb.capture_not_opened(path) from None
    except OSError:
        raise errors.usb.capture_not_opened(path) from None
