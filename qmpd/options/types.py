"""The QAPI types that only the command line takes, as tables: what Debian's build of QEMU 10.0.2 has."""
# ruff: noqa: SIM905  # lists of words read better as words

from __future__ import annotations

from typing import Any, Final

from qmpd import errors
from qmpd.options.structs import Kind, ListOf, Struct


def _optional(**members: Kind) -> tuple[tuple[str, Kind, bool], ...]:
    return tuple((name.replace("_", "-"), kind, False) for name, kind in members.items())


# qapi/machine.json: the machine's own properties

MEMORY: Final = Struct(_optional(size="size", max_size="size", slots="uint64"))
SMP: Final = Struct(
    tuple(
        (name, "int", False)
        for name in ("cpus drawers books sockets dies clusters modules cores threads maxcpus".split())
    )
)
SGX_EPC: Final = ListOf(Struct((("memdev", "str", True), ("node", "int", True))))
BOOT: Final = Struct(
    _optional(
        order="str", once="str", menu="bool", splash="str", splash_time="int", reboot_timeout="int", strict="bool"
    )
)

# qapi/compat.json

_INPUT = ("accept", "reject", "crash")
_OUTPUT = ("accept", "hide")
COMPAT: Final = Struct(
    _optional(deprecated_input=_INPUT, deprecated_output=_OUTPUT, unstable_input=_INPUT, unstable_output=_OUTPUT)
)

# qapi/ui.json, qapi/audio.json, qapi/migration.json: what Debian's build has

DISPLAYS: Final = {
    "default": Struct(()),
    "none": Struct(()),
    "gtk": Struct(_optional(grab_on_hover="bool", zoom_to_fit="bool", show_tabs="bool", show_menubar="bool")),
    "sdl": Struct(_optional(grab_mod=("lctrl-lalt", "lshift-lctrl-lalt", "rctrl"))),
    "egl-headless": Struct(_optional(rendernode="str")),
    "curses": Struct(_optional(charset="str")),
    "spice-app": Struct(()),
    "dbus": Struct(_optional(rendernode="str", addr="str", p2p="bool", audiodev="str")),
}
DISPLAY: Final = Struct(
    (
        ("type", tuple(DISPLAYS), True),
        *_optional(full_screen="bool", window_close="bool", show_cursor="bool", gl=("off", "on", "core", "es")),
    ),
    "type",
    DISPLAYS.__getitem__,
)

AUDIO_DRIVERS = ("none", "alsa", "dbus", "jack", "oss", "pa", "pipewire", "sdl", "spice", "wav")
AUDIO_FORMATS = ("u8", "s8", "u16", "s16", "u32", "s32", "f32")
_STREAM: Final = _optional(
    mixing_engine="bool",
    fixed_settings="bool",
    frequency="uint32",
    channels="uint32",
    voices="uint32",
    format=AUDIO_FORMATS,
    buffer_length="uint32",
)
_ALSA: Final = _optional(dev="str", period_length="uint32", try_poll="bool")
_OSS: Final = _optional(dev="str", buffer_count="uint32", try_poll="bool")


def _audio(*members: tuple[str, Kind, bool], stream: tuple[tuple[str, Kind, bool], ...] = ()) -> Struct:
    """What a driver takes: for either direction, and for both."""
    return Struct((*((name, Struct((*_STREAM, *stream)), False) for name in ("in", "out")), *members))


_AUDIO: Final = {
    "none": _audio(),
    "alsa": _audio(*_optional(threshold="uint32"), stream=_ALSA),
    "oss": _audio(
        *_optional(try_mmap="bool", exclusive="bool", dsp_policy="uint32"),
        stream=_OSS,
    ),
    "wav": _audio(*_optional(path="str")),
}
AUDIODEV: Final = Struct(
    (("id", "str", True), ("driver", AUDIO_DRIVERS, True), ("timer-period", "uint32", False)),
    "driver",
    lambda driver: _AUDIO.get(driver) or Struct((), open=True),
)


def check_audiodev(values: dict[str, Any]) -> None:
    """Raise QEMU's text where settings of a back end contradict each other (audio/audio.c, audio_validate_opts())."""
    for direction in ("in", "out"):
        given = values.get(direction, {})
        mixes = given.get("mixing-engine", True)
        fixed = given.get("fixed-settings", mixes)
        if not fixed and given.keys() & {"frequency", "channels", "format"}:
            raise errors.sound.format_not_fixed()
        if fixed and not mixes:
            raise errors.sound.fixed_without_mixing()


_ANYTHING: Final = Struct((), open=True)
MIGRATION_CHANNEL: Final = Struct((("channel-type", ("main", "cpr"), True), ("addr", _ANYTHING, True)))

# qapi/run-state.json: set-action

ACTION: Final = Struct(
    _optional(
        reboot=("reset", "shutdown"),
        shutdown=("poweroff", "pause"),
        panic=("pause", "shutdown", "exit-failure", "none"),
        watchdog=("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"),
    )
)

# monitor/monitor.c, qapi/control.json: -mon

MONITOR: Final = Struct((*_optional(id="str", mode=("readline", "control"), pretty="bool"), ("chardev", "str", True)))
