"""What QEMU says of USB."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/usb/bus.c


def port_not_found(port: str, bus: str) -> QemuError:
    return QemuError(f"usb port {port} (bus {bus}) not found (in use?)")


def ports_exhausted(product: str) -> QemuError:
    return QemuError(f"tried to attach usb device {product} to a bus with no free ports")


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
