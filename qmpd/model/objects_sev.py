"""Guests whose memory the host cannot read (target/i386/sev.c). They are kept and shown; no machine runs as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.model import base64_text
from qmpd.model.objects_plain import PlainObject, kept
from qmpd.model.qom import BOOL, ON_OFF_AUTO, STRING, UINT32, UINT64, Property

if TYPE_CHECKING:
    from qmpd.errors import QemuError
    from qmpd.model.machine import Machine
    from qmpd.model.user_object import UserObject

_ID_AUTH_BYTES = 4096


class SevCommon(PlainObject):
    type_name = "sev-common"
    interfaces = (*PlainObject.interfaces, "x86-confidential-guest", "confidential-guest-support")
    own_properties: ClassVar[tuple[Property, ...]] = (kept("sev-device", STRING), kept("kernel-hashes", BOOL))
    defaults: ClassVar[dict[str, Any]] = {
        "sev-device": "/dev/sev",
        "kernel-hashes": False,
        "reduced-phys-bits": 0,
        "cbitpos": 0,
    }


_INSTANCE = (kept("reduced-phys-bits", UINT32), kept("cbitpos", UINT32))


class SevGuest(SevCommon):
    """With SEV or SEV-ES."""

    type_name = "sev-guest"
    own_properties = (
        kept("legacy-vm-type", ON_OFF_AUTO),
        kept("dh-cert-file", STRING),
        kept("session-file", STRING),
        kept("policy", UINT32),
        kept("handle", UINT32),
        *_INSTANCE,
    )
    defaults: ClassVar[dict[str, Any]] = {**SevCommon.defaults, "legacy-vm-type": "auto", "policy": 1, "handle": 0}


def _encoded(name: str, fits: Callable[[int], bool], refused: Callable[[int], QemuError]) -> Property:
    """Bytes in Base64, of a length that ``fits``. As in QEMU even what is refused is what then can be read."""

    def set_it(obj: SevSnpGuest, value: object, typed: bool) -> None:
        obj.values[name] = STRING.read(value, name, typed)
        length = len(base64_text.decode(obj.values[name]))
        if not fits(length):
            raise refused(length)

    return Property(name, "string", lambda obj: obj.values.get(name, ""), set_it)


def _exactly(size: int) -> tuple[Callable[[int], bool], Callable[[int], QemuError]]:
    return size.__eq__, lambda length: errors.user_objects.sev_length_wrong(length, size)


class SevSnpGuest(SevCommon):
    """With SEV-SNP."""

    type_name = "sev-snp-guest"
    own_properties = (
        _encoded("host-data", *_exactly(32)),
        _encoded("id-block", *_exactly(96)),
        kept("author-key-enabled", BOOL),
        kept("policy", UINT64),
        _encoded("id-auth", _ID_AUTH_BYTES.__ge__, errors.user_objects.sev_authentication_too_long),
        _encoded("guest-visible-workarounds", (16).__eq__, errors.user_objects.sev_workarounds_wrong),
        kept("vcek-disabled", BOOL),
        *_INSTANCE,
    )
    defaults: ClassVar[dict[str, Any]] = {
        **SevCommon.defaults,
        "author-key-enabled": False,
        "policy": 0x30000,
        "vcek-disabled": False,
    }


TYPES: dict[str, Callable[[Machine], UserObject]] = {kind.type_name: kind for kind in (SevGuest, SevSnpGuest)}
