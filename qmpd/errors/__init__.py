"""QEMU's error texts: each stands in this package once, under the QEMU file that it comes from.

A text is a function that returns the error; the caller raises it. Nothing here decides when an error is due. What many
rooms say stands here: values, names, objects and devices. The rest has a module for each subject, which is read when
the first of its texts is due: ``errors.memory.no_device_memory()``.
"""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qmpd.errors import accelerator as accelerator
    from qmpd.errors import blkdebug as blkdebug
    from qmpd.errors import block as block
    from qmpd.errors import char as char
    from qmpd.errors import cpu as cpu
    from qmpd.errors import cxl as cxl
    from qmpd.errors import device as device
    from qmpd.errors import exports as exports
    from qmpd.errors import extras as extras
    from qmpd.errors import faults as faults
    from qmpd.errors import firmware as firmware
    from qmpd.errors import hmp as hmp
    from qmpd.errors import hostmem as hostmem
    from qmpd.errors import hostmem_file as hostmem_file
    from qmpd.errors import hyperv as hyperv
    from qmpd.errors import icount as icount
    from qmpd.errors import image as image
    from qmpd.errors import images as images
    from qmpd.errors import jobs as jobs
    from qmpd.errors import machine as machine
    from qmpd.errors import memory as memory
    from qmpd.errors import migration as migration
    from qmpd.errors import net as net
    from qmpd.errors import numa as numa
    from qmpd.errors import options as options
    from qmpd.errors import pci as pci
    from qmpd.errors import qmp as qmp
    from qmpd.errors import qtest as qtest
    from qmpd.errors import rare as rare
    from qmpd.errors import run_state as run_state
    from qmpd.errors import sharing as sharing
    from qmpd.errors import sockets as sockets
    from qmpd.errors import sound as sound
    from qmpd.errors import startup as startup
    from qmpd.errors import tpm as tpm
    from qmpd.errors import ui as ui
    from qmpd.errors import usb as usb
    from qmpd.errors import user_objects as user_objects
    from qmpd.errors import vhost as vhost
    from qmpd.errors import virtio as virtio


def __getattr__(name: str) -> Any:
    """The module ``name`` of this package, imported at its first use."""
    try:
        return import_module(f"qmpd.errors.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"module 'qmpd.errors' has no attribute '{name}'") from None


class ErrorClass(StrEnum):
    """The values of ``error.class`` on the wire (qapi/error.json)."""

    GENERIC = "GenericError"
    COMMAND_NOT_FOUND = "CommandNotFound"
    DEVICE_NOT_ACTIVE = "DeviceNotActive"
    DEVICE_NOT_FOUND = "DeviceNotFound"
    KVM_MISSING_CAP = "KVMMissingCap"


class QemuError(Exception):
    """What QEMU answers instead of a result: a text for people and a class for programs.

    ``hint`` is what QEMU prints below the text on a terminal; it never travels over QMP. Some texts are ``plain``:
    nothing stands in front of them there.
    """

    plain = False

    def __init__(self, desc: str, error_class: ErrorClass = ErrorClass.GENERIC, hint: str = "") -> None:
        super().__init__(desc)
        self.desc = desc
        self.error_class = error_class
        self.hint = hint


class StartupError(Exception):
    """What ends the program before there is a machine: one error, or several lines of them about one thing.

    ``origin`` is the option that QEMU names in front.
    """

    def __init__(self, origin: str, *errors: QemuError) -> None:
        super().__init__(origin, *errors)
        self.origin = origin
        self.errors = errors


class NotYet(Exception):
    """What a command needs is still to come: nothing has changed, and it is to be run again later."""


# Ours alone: QEMU has no such text


def internal_fault() -> QemuError:
    return QemuError("An internal error prevented this command from completing")


# include/qapi/qmp/qerror.h, qapi/qobject-input-visitor.c: values of the wrong shape


def missing_parameter(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is missing")


def unexpected_parameter(name: str) -> QemuError:
    return QemuError(f"Parameter '{name}' is unexpected")


def invalid_parameter_type(name: str, expected: str) -> QemuError:
    return QemuError(f"Invalid parameter type for '{name}', expected: {expected}")


def invalid_parameter_value(name: str, expected: str) -> QemuError:
    return QemuError(f"Parameter '{name}' expects {expected}")


def enum_value_unknown(name: str, value: str) -> QemuError:
    return QemuError(f"Parameter '{name}' does not accept value '{value}'")


# qom/object.c, system/qdev-monitor.c: names that lead nowhere


def device_not_found(name: str) -> QemuError:
    return QemuError(f"Device '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


def class_not_found(name: str) -> QemuError:
    return QemuError(f"Class '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


# qom/object.c, qom/qom-qmp-cmds.c, qom/object_interfaces.c: objects and their properties


def duplicate_property(name: str, type_name: str) -> QemuError:
    return QemuError(f"attempt to add duplicate property '{name}' to object (type '{type_name}')")


def property_not_found(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' not found")


def property_not_readable(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' is not readable")


def property_not_writable(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' is not writable")


def path_ambiguous(path: str) -> QemuError:
    return QemuError(f"Path '{path}' is ambiguous")


def path_not_unique(path: str) -> QemuError:
    return QemuError(f"Path '{path}' does not uniquely identify an object")


def invalid_object_type(type_name: str) -> QemuError:
    return QemuError(f"invalid object type: {type_name}")


def object_not_found(name: str) -> QemuError:
    return QemuError(f"object '{name}' not found")


def object_in_use(name: str) -> QemuError:
    return QemuError(f"object '{name}' is in use, can not be deleted")


# hw/core/qdev.c, hw/core/qdev-properties.c, hw/core/qdev-hotplug.c, system/qdev-monitor.c: devices


def _device_words(device_id: str | None, type_name: str) -> str:
    who = f"device '{device_id}'" if device_id is not None else "anonymous device"
    return f"{who} (type '{type_name}')"


def set_after_realize(name: str, device_id: str | None, type_name: str) -> QemuError:
    return QemuError(f"Attempt to set property '{name}' on {_device_words(device_id, type_name)} after it was realized")


def set_link_after_realize(name: str, device_id: str | None, type_name: str) -> QemuError:
    shown = "(null)" if device_id is None else device_id
    return QemuError(
        f"Attempt to set link property '{name}' on device '{shown}' (type '{type_name}') after it was realized"
    )


def not_a_device_model(name: str) -> QemuError:
    return QemuError(f"'{name}' is not a valid device model name")


def device_id_taken(device_id: str) -> QemuError:
    return QemuError(f"Duplicate device ID '{device_id}'")


def bus_not_found(path: str) -> QemuError:
    return QemuError(f"Bus '{path}' not found")


def wrong_bus(driver: str, bus_type: str) -> QemuError:
    return QemuError(f"Device '{driver}' can't go on {bus_type} bus")


def no_bus_for(bus_type: str, driver: str) -> QemuError:
    return QemuError(f"No '{bus_type}' bus found for device '{driver}'")


def device_not_hotpluggable(type_name: str) -> QemuError:
    return QemuError(f"Device '{type_name}' does not support hotplugging")


def bus_not_hotpluggable(bus: str) -> QemuError:
    return QemuError(f"Bus '{bus}' does not support hotplugging")


def machine_cannot_hotplug(type_name: str) -> QemuError:
    return QemuError(f"Device '{type_name}' can not be hotplugged on this machine")


def not_a_device(path: str) -> QemuError:
    return QemuError(f"{path} is not a device")


def boot_cpu_unpluggable() -> QemuError:
    return QemuError("Boot CPU is unpluggable")


# Ours alone: where QEMU 10.0.2 aborts or leaves half a device behind (docs/differences.md)


def realized_by_device_add(device_id: str | None, type_name: str) -> QemuError:
    return QemuError(f"qmpd realizes {_device_words(device_id, type_name)} itself: leave out 'realized'")


def unrealize_unsupported(device_id: str | None, type_name: str) -> QemuError:
    return QemuError(f"qmpd does not unrealize {_device_words(device_id, type_name)}: use device_del")


def not_modelled(what: str) -> QemuError:
    return QemuError(f"qmpd does not model {what}")
