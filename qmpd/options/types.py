"""The QAPI types that only the command line takes, as tables: what Debian's build of QEMU 10.0.2 has."""
# ruff: noqa: SIM905  # lists of words read better as words

from __future__ import annotations

from typing import Final

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
_AUDIO_NONE: Final = Struct(_optional(timer_period="uint32"))
AUDIODEV: Final = Struct(
    (("id", "str", True), ("driver", AUDIO_DRIVERS, True)),
    "driver",
    lambda driver: _AUDIO_NONE if driver == "none" else Struct((), open=True),
)

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
