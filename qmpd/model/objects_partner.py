"""User objects that need a partner outside: a helper, another machine's screen, a message bus, a key, a CAN interface.

They connect, and say what QEMU says if nobody is there. What goes over the connection afterwards is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.model import dbus_address
from qmpd.model.hostmem_host import Line, UnresolvedError
from qmpd.model.objects_plain import PlainObject, kept
from qmpd.model.objects_security import SecretCommon
from qmpd.model.qom import INT32, STRING, Property, link
from qmpd.options.numbers import MalformedError, OutOfRangeError, parse_int64

if TYPE_CHECKING:
    from qmpd.model.machine import Machine
    from qmpd.model.user_object import UserObject

_LONGEST_PATH = 108
_LARGEST_ORIGIN = (1 << 15) - 1
_LONGEST_INTERFACE = 15
_FEATURES = 4  #: bytes with which a helper tells what it can do, and is told what is wanted


class Partnered(PlainObject):
    """``line`` is the connection, None until there is one."""

    line: Line | None = None

    def unparent(self) -> None:
        super().unparent()
        if self.line is not None:
            self.line.close()


class PrManagerHelper(Partnered):
    """A process that may make persistent reservations (scsi/pr-manager-helper.c)."""

    type_name = "pr-manager-helper"
    own_properties = (kept("path", STRING),)

    def check(self) -> None:
        path = self.values["path"]
        if len(path.encode("utf-8", "surrogatepass")) > _LONGEST_PATH:
            raise errors.sockets.socket_path_too_long(path)
        try:
            line = self.machine.host.outside().connect_unix(path)
        except OSError as error:
            raise errors.sockets.socket_connect_failed(path, error.strerror or "") from None
        self.line = line
        try:
            self._greet(line)
        except OSError as error:
            self._tell(connected=False)
            raise errors.sockets.channel_unreadable(error.strerror or "") from None
        self._tell(connected=True)

    def _greet(self, line: Line) -> None:
        received = 0
        while received < _FEATURES:
            part = len(line.recv(_FEATURES - received))
            if not part:
                self._tell(connected=False)
                raise errors.sockets.channel_ended()
            received += part
        line.sendall(bytes(_FEATURES))

    def _tell(self, *, connected: bool) -> None:
        self.machine.emit("PR_MANAGER_STATUS_CHANGED", {"id": self.name, "connected": connected})


def _measure(name: str, default: int) -> Property:
    """A number that is written as a string."""

    def set_it(barrier: InputBarrier, value: object, typed: bool) -> None:
        try:
            number = parse_int64(STRING.read(value, name, typed))
        except (MalformedError, OutOfRangeError):
            number = -1
        if not 0 <= number <= _LARGEST_ORIGIN:
            raise errors.user_objects.barrier_value_out_of_range(name, _LARGEST_ORIGIN)
        barrier.values[name] = str(number)

    return Property(name, "string", lambda barrier: barrier.values.get(name, str(default)), set_it)


def _set_name(barrier: InputBarrier, value: object, typed: bool) -> None:
    name = STRING.read(value, "name", typed)
    if "name" in barrier.values:
        raise errors.user_objects.barrier_name_set()
    barrier.values["name"] = name


class InputBarrier(Partnered):
    """The keyboard and mouse of another machine (ui/input-barrier.c)."""

    type_name = "input-barrier"
    own_properties = (
        _measure("height", 1080),
        kept("server", STRING),
        Property("name", "string", lambda barrier: barrier.values["name"], _set_name),
        _measure("x-origin", 0),
        kept("port", STRING),
        _measure("width", 1920),
        _measure("y-origin", 0),
    )
    defaults: ClassVar[dict[str, Any]] = {"server": "localhost", "port": "24800"}

    def check(self) -> None:
        host, port = self.values["server"], self.values["port"]
        try:
            self.line = self.machine.host.outside().connect_inet(host, port)
        except UnresolvedError as error:
            raise errors.sockets.inet_resolution_failed(host, port, error.strerror or "") from None
        except OSError as error:
            raise errors.sockets.socket_connect_failed(f"{host}:{port}", error.strerror or "") from None


class DbusVmstate(PlainObject):
    """State of other processes, which come by a message bus. A bus that is there is not modelled
    (backends/dbus-vmstate.c).
    """

    type_name = "dbus-vmstate"
    own_properties = (kept("id-list", STRING), kept("addr", STRING))

    def check(self) -> None:
        if "addr" not in self.values:
            raise errors.missing_parameter("addr")
        dbus_address.connect(self.machine.host.outside(), self.values["addr"]).close()
        raise errors.not_modelled("message buses")


def _set_serial(secret: SecretKeyring, value: object, typed: bool) -> None:
    serial = INT32.read(value, "serial", typed)
    if not serial:
        raise errors.user_objects.secret_serial_zero()
    secret.values["serial"] = serial


class SecretKeyring(SecretCommon):
    """A key of the kernel's (crypto/secret_keyring.c)."""

    type_name = "secret_keyring"
    own_properties = (Property("serial", "int32_t", lambda secret: secret.values["serial"], _set_serial),)

    def load(self) -> tuple[int, str]:
        serial = self.values["serial"]
        try:
            data = self.machine.host.outside().read_key(serial)
        except OSError as error:
            raise errors.user_objects.secret_key_unreadable(serial, error.strerror or "") from None
        return len(data), data.decode("latin-1")


def _set_interface(can: CanHostSocketcan, value: object, typed: bool) -> None:
    name = STRING.read(value, "if", typed)
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_INTERFACE:
        raise errors.user_objects.can_interface_too_long(_LONGEST_INTERFACE)
    if can.completed:
        raise errors.user_objects.can_connected()
    can.values["if"] = name


class CanHostSocketcan(Partnered):
    """A CAN interface of the host on a bus of the machine (net/can/can_socketcan.c)."""

    type_name = "can-host-socketcan"
    own_properties = (
        link("canbus", "can-bus"),
        Property("if", "string", lambda can: can.values["if"], _set_interface),
    )
    canbus: UserObject | None = None

    def check(self) -> None:
        if self.canbus is None:
            raise errors.user_objects.can_bus_missing()
        try:
            self.line = self.machine.host.outside().open_can(self.values["if"])
        except OSError as error:
            if error.filename is None:
                raise errors.user_objects.can_socket_failed(error.strerror or "") from None
            raise errors.user_objects.can_interface_missing(self.values["if"], error.strerror or "") from None


TYPES: dict[str, Callable[[Machine], UserObject]] = {
    kind.type_name: kind for kind in (PrManagerHelper, InputBarrier, DbusVmstate, SecretKeyring, CanHostSocketcan)
}
