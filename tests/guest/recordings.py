"""What cannot be seen in each recording: see ``Script`` in ``replay.py``."""

from __future__ import annotations

from typing import Any

from tests.guest.replay import Script


def _do(action: str) -> dict[str, Any]:
    return {"execute": "x-qmpd-guest-do", "arguments": {"action": action}}


def _set(**members: Any) -> dict[str, Any]:
    return {
        "execute": "x-qmpd-guest-set",
        "arguments": {name.replace("_", "-"): value for name, value in members.items()},
    }


SCRIPTS = {
    "01a-dimm-plug-q35": Script(),
    "01b-dimm-plug-guest-leaves-offline": Script(),
    "01c-dimm-plug-guest-rejects": Script(),
    "01d-dimm-plug-unplug-i440fx": Script(),
    "01e-dimm-guest-without-acpi": Script(),
    "02a-dimm-unplug-accepted": Script(),
    "02b-dimm-unplug-busy-pages": Script(),
    "02c-dimm-unplug-double-del-back-to-back": Script(unseen=frozenset({3})),
    "03a-dimm-unplug-refused-unmovable": Script(),
    "03b-dimm-unplug-refused-hotplug-disabled": Script(
        inside={"echo 0": _set(hot_remove=False), "echo 1": _set(hot_remove=True)}
    ),
    "03c-dimm-unplug-no-room-for-migration": Script(),
    "03d-dimm-unplug-refused-one-of-two": Script(),
    "03e-dimm-unplug-refused-then-accepted": Script(unseen=frozenset({3})),
    "03f-dimm-pending-blocks-others": Script(),
    "04a-dimm-before-guest-runs": Script(off=True, boot=5),
    "04b-dimm-firmware-only": Script(behaviour="firmware"),
    "04c-dimm-during-boot": Script(off=True, boot=5),
    "04d-dimm-pending-then-reset-pc": Script(boot=4),
    "04d-dimm-pending-then-reset-q35": Script(boot=4),
    "04e-dimm-pending-survives-reset": Script(boot=4),
    "04f-dimm-pending-and-guest-reboots": Script(boot=4),
    "05-dimm-stop-cont": Script(),
    "06-dimm-eight-at-once": Script(unseen=frozenset({2, 4, 5, 7, 9, 11, 12})),
    "12a-powerdown-ignored": Script(),
    "12b-powerdown-obeyed": Script(),
    "12b-powerdown-obeyed-no-shutdown": Script(),
    "12c-guest-poweroff": Script(inside={"poweroff": _do("power-off")}),
    "12c-guest-poweroff-no-shutdown": Script(inside={"poweroff": _do("power-off")}),
    "12d-guest-reboot": Script(inside={"reboot": _do("reboot")}),
    "12d-guest-reboot-no-reboot": Script(inside={"reboot": _do("reboot")}),
    "12d-guest-reboot-no-reboot-no-shutdown": Script(inside={"reboot": _do("reboot")}),
    "12e-system_reset-no-reboot": Script(),
    **{
        f"12f-panic-{flavour}": Script(inside={"sysrq": _do("panic")})
        for flavour in (
            "no-pvpanic",
            "pvpanic-default",
            "pvpanic-exit-failure",
            "pvpanic-none",
            "pvpanic-pause",
            "pvpanic-shutdown-no-shutdown",
        )
    },
    "12g-quit": Script(),
    "12g-quit-paused-no-shutdown": Script(),
    "12h-sigterm": Script(),
    "12i-suspend-wakeup": Script(inside={"echo mem": _do("suspend")}),
    "12j-set-action": Script(),
    "12k-prelaunch-and-resets": Script(off=True, boot=5),
    "13a-dimm-cold-plugged-pc": Script(off=True, boot=5),
    "13a-dimm-cold-plugged-q35": Script(off=True, boot=5),
}
