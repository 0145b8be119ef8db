"""What QEMU says of USB."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/usb/bus.c


def port_not_found(port: str, bus: str) -> QemuError:
    return QemuError(f"usb port {port} (bus {bus}) not found (in use?)")


def ports_exhausted(product: str) -> QemuError:
    return QemuError(f"tried to attach usb device {product} to a bus with no free ports")


def capture_not_opened(path: str) -> QemuError:
    return QemuError(f"open {path} failed")


def speed_mismatch(product: str, speeds: str, bus: str, port: str, offered: str) -> QemuError:
    return QemuError(
        f'Warning: speed mismatch trying to attach usb device "{product}" ({speeds} speed)'
        f' to bus "{bus}", port "{port}" ({offered} speed)'
    )


def bus_not_found(name: str) -> QemuError:
    return QemuError(f"USB bus '{name}' not found")


def bus_takes_no_companion(name: str) -> QemuError:
    return QemuError(f"Can't use USB bus '{name}' as masterbus, it doesn't support companion controllers")


# hw/usb/dev-hub.c, hw/usb/dev-hid.c


def hub_ports_refused(count: int, most: int) -> QemuError:
    return QemuError(f"num_ports ({count}) out of range (1..{most})")


def hubs_too_deep() -> QemuError:
    return QemuError("usb hub chain too deep")


def version_refused(version: int) -> QemuError:
    return QemuError(f"Invalid usb version {version} for usb hid device")


# hw/usb/hcd-ehci.c, hw/usb/hcd-ohci.c


def first_port_refused(last: int) -> QemuError:
    return QemuError(f"firstport must be between 0 and {last}")


def companion_taken(first: int, last: int, port: int) -> QemuError:
    return QemuError(
        f"firstport {first} asks for ports {first}-{last}, but port {port} has a companion assigned already"
    )


def ohci_ports_refused(count: int, most: int) -> QemuError:
    return QemuError(f"OHCI num-ports={count} is too big (limit is {most} ports)")


# hw/usb/dev-mtp.c, hw/usb/host-libusb.c, hw/usb/u2f-passthru.c, util/osdep.c


def root_missing() -> QemuError:
    return QemuError("usb-mtp: rootdir must be configured and be an absolute path")


def root_not_readable() -> QemuError:
    return QemuError("usb-mtp: rootdir does not exist/not readable")


def host_number_refused(name: str) -> QemuError:
    return QemuError(f"{name} out of range")


def host_device_not_opened(path: str) -> QemuError:
    return QemuError(f"failed to open host usb device {path}")


def host_device_missing(bus: int, address: int) -> QemuError:
    return QemuError(f"failed to find host usb device {bus}:{address}")


def not_a_key(device_type: str) -> QemuError:
    return QemuError(f"{device_type}: Passed hidraw does not represent a U2F HID device")


def file_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"Could not open '{path}': {reason}")
