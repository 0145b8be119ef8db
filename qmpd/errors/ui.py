"""Displays, keyboards and mice."""

from __future__ import annotations

from qmpd.errors import ErrorClass, QemuError

# system/vl.c, ui/ui-qmp-cmds.c, ui/spice-module.c, ui/vnc.c


def no_opengl(display: str) -> QemuError:
    return QemuError(f"OpenGL is not supported by display backend '{display}'")


def window_not_closed() -> QemuError:
    return QemuError("window-close is only valid for GTK and SDL, ignoring option")


NO_TERMINAL = "We need a terminal output"  # ui/curses.c


def password_not_set() -> QemuError:
    return QemuError("Could not set password")


def password_expiry_not_set() -> QemuError:
    return QemuError("Could not set password expire time")


def connected_must_be_keep() -> QemuError:
    return QemuError("parameter 'connected' must be 'keep' when 'protocol' is 'vnc'")


def time_not_taken(value: str) -> QemuError:
    return QemuError(f"Parameter 'time' doesn't take value '{value}'")


def spice_not_in_use() -> QemuError:
    return QemuError("SPICE is not in use", ErrorClass.DEVICE_NOT_ACTIVE)


def vnc_display_missing() -> QemuError:
    return QemuError("Can not find vnc display")


def password_expected_after_vnc() -> QemuError:
    return QemuError("Expected 'password' after 'vnc'")


def vnc_without_tls() -> QemuError:
    return QemuError("vnc tls is not enabled")


def vnc_port_missing() -> QemuError:
    return QemuError("no vnc port specified")


def vnc_port_empty() -> QemuError:
    return QemuError("vnc port cannot be empty")


def vnc_port_malformed(text: str) -> QemuError:
    return QemuError(f"can't convert to a number: {text}")


def vnc_port_out_of_range(text: str) -> QemuError:
    return QemuError(f"port {text} out of range")


def vnc_password_redundant() -> QemuError:
    return QemuError("'password' flag is redundant with 'password-secret'")


def vnc_rights_without(option: str, what: str) -> QemuError:
    return QemuError(f"'{option}' provided but {what} is not enabled")


def vnc_sharing_unknown() -> QemuError:
    return QemuError("unknown vnc share= option")


def head_without_device() -> QemuError:
    return QemuError("'head' must be specified together with 'device'")


def console_not_bound(name: str, head: int) -> QemuError:
    return QemuError(f"Device {name} (head {head}) is not bound to a QemuConsole")


def console_missing() -> QemuError:
    return QemuError("There is no console to take a screendump from")


def picture_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"failed to open file '{path}': {reason}")


# ui/input.c, ui/input-linux.c, audio/audio.c


def machine_not_running() -> QemuError:
    return QemuError("VM not running")


def no_input_handler(kind: str) -> QemuError:
    return QemuError(f"Input handler not found for event type {kind}")


def not_evdev(path: str) -> QemuError:
    return QemuError(f"{path}: is not an evdev device")


def mouse_not_found(index: int) -> QemuError:
    return QemuError(f"Mouse at index '{index}' not found")


def not_a_mouse(name: str) -> QemuError:
    return QemuError(f"Input device '{name}' is not a mouse")


def audiodev_not_found(name: str) -> QemuError:
    return QemuError(f"audiodev '{name}' not found")
