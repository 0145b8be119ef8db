"""What options do to the parser that few machines are started with; the others are in ``handlers``."""

from __future__ import annotations

import pwd
from typing import TYPE_CHECKING, Final

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.options import keyval, numbers, structs, types
from qmpd.options.numbers import MalformedError, OutOfRangeError
from qmpd.options.report import StartupExit
from qmpd.options.words import HELP_WORDS

if TYPE_CHECKING:
    from qmpd.options.parser import Handler, Parser

SOUND_CARDS: Final = {
    "ac97": "Intel 82801AA AC97 Audio",
    "adlib": "Yamaha YM3812 (OPL2)",
    "cs4231a": "CS4231A",
    "es1370": "ENSONIQ AudioPCI ES1370",
    "gus": "Gravis Ultrasound GF1",
    "hda": "Intel HD Audio",
    "sb16": "Creative Sound Blaster 16",
    "virtio": "Virtio Sound",
}
_SHARED_BY_VIRTFS: Final = ("writeout", "fsdriver", "path", "security_model", "socket", "sock_fd")
_NOBODY: Final = (1 << 32) - 1
"""The number that is no user's and no group's."""


def take_acpitable(parser: Parser, argument: str) -> None:
    from qmpd.options import acpitable

    warning = acpitable.check(parser.add("acpi", True, argument))
    if warning:
        parser.report.warning(parser.origin, warning)


def take_smbios(parser: Parser, argument: str) -> None:
    from qmpd.options import smbios

    opts = parser.add("smbios", False, argument)
    smbios.check_table(opts)
    uuid = opts.get("uuid")
    if uuid is not None:
        parser.uuid = uuid.lower()


def take_audio(parser: Parser, argument: str) -> None:
    tree, wants_help = keyval.parse(argument, "driver")
    if wants_help or tree.get("driver") in HELP_WORDS:
        parser.help.recorded("-audiodev help")
        raise StartupExit(0)
    tree.setdefault("id", "audiodev0")
    model = tree.pop("model", None)
    if model in HELP_WORDS:
        parser.help.sound_cards(SOUND_CARDS)
        raise StartupExit(0)
    values = structs.read(tree, types.AUDIODEV, structs.STRINGS)
    types.check_audiodev(values)
    if not isinstance(model, str):
        parser.default_audiodevs.append(values)
        return
    parser.audiodevs.append(parser.typed(values))
    if parser.sound_card is not None:
        raise errors.sound.cards_repeated()
    if model not in SOUND_CARDS:
        parser.report.error(parser.origin, errors.sound.card_unknown(model))
        parser.help.sound_cards(SOUND_CARDS)
        raise StartupExit(1)
    parser.sound_card = (model, values["id"])


def take_virtfs(parser: Parser, argument: str) -> None:
    opts = parser.add("virtfs", True, argument)
    tag = opts.get("mount_tag")
    if opts.get("fsdriver") is None or tag is None:
        raise errors.startup.virtfs_usage()
    name = opts.id or tag
    try:
        shared = parser.store.create(parser.group("fsdev"), name, parser.origin)
    except QemuError:
        raise errors.sharing.id_refused(tag) from None
    shared.pairs += [(member, value) for member in _SHARED_BY_VIRTFS if (value := opts.get(member)) is not None]
    shared.pairs.append(("readonly", "on" if opts.get_bool("readonly", False) else "off"))
    multidevs = opts.get("multidevs")
    if multidevs is not None:
        shared.pairs.append(("multidevs", multidevs))
    device = parser.store.create(parser.group("device"), None, parser.origin)
    device.pairs += [("driver", "virtio-9p-pci"), ("fsdev", name), ("mount_tag", tag)]


def take_tpmdev(parser: Parser, argument: str) -> None:
    if argument == "help":
        parser.report.plain(errors.tpm.TYPES)
        raise StartupExit(1)
    parser.add("tpmdev", True, argument)


def take_run_with(parser: Parser, argument: str) -> None:
    opts = parser.add("run-with", False, argument)
    parser.chroot = opts.get("chroot") or parser.chroot
    user = opts.get("user")
    if user is None:
        return
    parser.user = _user(user)
    if parser.user is None:
        raise errors.startup.user_unknown(argument)


def _user(text: str) -> int | None:
    """The number of the user that a name or ``UID:GID`` stands for."""
    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        pass
    user, colon, group = text.partition(":")
    try:
        found = [numbers.parse_uint64(number) for number in (user, group)]
    except (MalformedError, OutOfRangeError):
        return None
    return found[0] if colon and max(found) < _NOBODY else None


HANDLERS: Final[dict[str, Handler]] = {
    "acpitable": take_acpitable,
    "audio": take_audio,
    "run-with": take_run_with,
    "smbios": take_smbios,
    "tpmdev": take_tpmdev,
    "virtfs": take_virtfs,
}
