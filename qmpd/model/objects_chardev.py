"""User objects that work over character devices: ciphers elsewhere, tests, and what compares the packets of machines.

Nothing goes over the devices; they are taken, and given back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.model.net_filter import positive
from qmpd.model.objects_plain import ChardevUser, CryptodevBackend, kept
from qmpd.model.qom import BOOL, STRING, Property, link

if TYPE_CHECKING:
    from qmpd.model.chardev import ChardevNode
    from qmpd.model.machine import Machine
    from qmpd.model.user_object import UserObject


class CryptodevVhostUser(CryptodevBackend, ChardevUser):
    """A process that knows ciphers. None that answers is modelled (backends/cryptodev-vhost-user.c)."""

    type_name = "cryptodev-vhost-user"
    own_properties = (kept("chardev", STRING, fixed=errors.user_objects.property_no_longer_settable),)
    client_type = "vhost-user"

    def check(self) -> None:
        node = self.take_chardev(self.values["chardev"], listens=True)
        if node.is_open:
            failure = errors.user_objects.cryptodev_silent()
            self.machine.give_up(failure)
            raise failure
        self.clients = self.values["queues"]


_LINK = "qtest"


def _set_qtest_chardev(qtest: Qtest, value: object, typed: bool) -> None:
    name = STRING.read(value, "chardev", typed)
    if qtest.completed:
        raise errors.user_objects.property_not_settable_now("chardev")
    if qtest.machine.find_chardev(name) is None:
        raise errors.user_objects.qtest_chardev_missing(name)
    qtest.values["chardev"] = name


class Qtest(ChardevUser):
    """A door for tests, at which nobody answers here (system/qtest.c). The machine links to it."""

    type_name = "qtest"
    own_properties = (
        Property("chardev", "string", lambda qtest: qtest.values["chardev"], _set_qtest_chardev),
        kept("log", STRING, fixed=errors.user_objects.property_not_settable_now),
    )

    def check(self) -> None:
        machine = self.machine
        if machine.config.qtest is not None or _LINK in machine.properties:
            raise errors.user_objects.qtest_taken()
        self.take_chardev(self.values["chardev"], listens=True)
        machine.add_property(Property(_LINK, "link<qtest>", lambda _: self.path, None, True, lambda _: self))

    def unparent(self) -> None:
        super().unparent()
        if self.completed:
            self.machine.remove_property(_LINK)


class ColoCompare(ChardevUser):
    """It compares the packets of two machines (net/colo-compare.c)."""

    type_name = "colo-compare"
    own_properties = (
        kept("vnet_hdr_support", BOOL),
        link("iothread", "iothread"),
        positive("compare_timeout", errors.net.value_not_positive, "uint64"),
        positive("max_queue_size", errors.net.value_not_positive),
        kept("notify_dev", STRING),
        kept("outdev", STRING),
        positive("expired_scan_cycle", errors.net.value_not_positive),
        kept("primary_in", STRING),
        kept("secondary_in", STRING),
    )
    defaults: ClassVar[dict[str, Any]] = {
        "vnet_hdr_support": False,
        "compare_timeout": 3000,
        "max_queue_size": 1024,
        "expired_scan_cycle": 1000,
    }
    iothread: UserObject | None = None

    def check(self) -> None:
        names = [self.values[name] for name in ("primary_in", "secondary_in", "outdev")]
        if self.iothread is None:
            raise errors.net.compare_lacks_property()
        if len(set(names)) < len(names):
            raise errors.net.compare_devices_equal()
        for name, listens in zip(names, (True, True, False), strict=True):
            self._take(name, listens=listens)
        if "notify_dev" in self.values:
            self._take(self.values["notify_dev"], listens=True)

    def _take(self, name: str, *, listens: bool) -> None:
        node: ChardevNode | None = self.machine.find_chardev(name)
        if node is not None and node.backend != "socket":
            raise errors.net.compare_device_not_reconnectable(name)
        self.take_chardev(name, listens=listens)


TYPES: dict[str, Callable[[Machine], UserObject]] = {
    kind.type_name: kind for kind in (CryptodevVhostUser, Qtest, ColoCompare)
}
