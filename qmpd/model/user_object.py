"""Objects that users create with ``object-add`` or ``-object``: what all of them have (qom/object_interfaces.c)."""

from __future__ import annotations

from typing import ClassVar

from qmpd.model.qom import Object


class UserObject(Object):
    """An object below ``/objects``."""

    type_name = "user-object"
    interfaces: ClassVar[tuple[str, ...]] = ("user-creatable",)

    @property
    def in_use(self) -> bool:
        """Whether something needs the object, so that it cannot be deleted."""
        return False

    def complete(self) -> None:
        """Take effect, once all properties are set. Raises QEMU's text; the object is then given up."""
