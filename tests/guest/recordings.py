"""What cannot be seen in each recording: see ``Script`` in ``replay.py``."""

from __future__ import annotations

from typing import Any

from tests.guest.replay import Script


def _do(action: str) -> dict[str, Any]:
    return {"execute": "x-qmpd-guest-do", "arguments": {"action": action}}


def _driver(action: str, driver: str) -> dict[str, Any]:
    return {"execute": "x-qmpd-guest-do", "arguments": {"action": f"{action}-driver", "driver": driver}}


def _set(**members: Any) -> dict[str, Any]:
    return {
        "execute": "x-qmpd-guest-set",
        "arguments": {name.replace("_", "-"): value for name, value in members.items()},
    }


MIB = 1 << 20
RELOAD_MEM = {
    "insmod virtio_mem": _driver("load", "virtio-mem"),
    "driver removed while memory is plugged": _driver("load", "virtio-mem"),
    "rmmod virtio_mem": _driver("unload", "virtio-mem"),
}
RELOAD_BALLOON = {
    "insmod virtio_balloon": _driver("load", "virtio-balloon"),
    "rmmod virtio_balloon": _driver("unload", "virtio-balloon"),
}
PINNED = {
    "execute": "x-qmpd-guest-rule-add",
    "arguments": {
        "on": "virtio-mem-shrink",
        "name": "pinned",
        # what the kernel holds of each 128 MiB is not in the recording, but follows from how it goes on
        "floor": [8 * MIB, 120 * MIB, 126 * MIB, 126 * MIB, 26 * MIB],
    },
}
FREED = {"execute": "x-qmpd-guest-rule-remove", "arguments": {"name": "pinned"}}

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
    "07a-virtio-mem-grow-shrink": Script(),
    "07b-virtio-mem-event-throttle": Script(),
    "07c-virtio-mem-no-driver": Script(inside=RELOAD_MEM),
    "07d-virtio-mem-reset": Script(inside={"reboot": _do("reboot")}, boot=4),
    "07e-virtio-mem-shrink-not-reachable": Script(inside={"kernel allocates": PINNED, "kernel frees": FREED}),
    "07f-virtio-mem-block-sizes": Script(),
    "07g-virtio-mem-unplugged-inaccessible": Script(),
    "07h-virtio-mem-dynamic-memslots": Script(),
    "07i-virtio-mem-guest-leaves-offline": Script(
        inside={"admin onlines": _do("online"), "admin sets": _set(auto_online=True)}
    ),
    "07j-virtio-mem-stop-cont": Script(),
    "07k-virtio-mem-late-throttled-events": Script(boot=4),
    "07l-virtio-mem-driver-reload": Script(inside=RELOAD_MEM),
    "08a-virtio-mem-pcie-native-hotplug": Script(),
    "08b-virtio-mem-q35-acpi-hotplug": Script(),
    "08c-virtio-mem-i440fx": Script(),
    "08d-virtio-mem-no-os-i440fx": Script(behaviour="firmware"),
    "08d-virtio-mem-no-os-q35-acpi": Script(behaviour="firmware"),
    "08d-virtio-mem-no-os-q35-native": Script(behaviour="firmware"),
    "08e-virtio-mem-native-stop-reset": Script(boot=4),
    "08f-other-pci-device-native-hotplug": Script(),
    "08g-other-pci-device-acpi-reset-i440fx": Script(behaviour="firmware"),
    "08g-other-pci-device-acpi-reset-q35": Script(behaviour="firmware"),
    "08h-other-pci-device-acpi-reset-ok-i440fx": Script(behaviour="firmware"),
    "08h-other-pci-device-acpi-reset-ok-q35": Script(behaviour="firmware"),
    "08i-virtio-mem-pending-then-reset-linux-q35-acpi": Script(),
    "08j-virtio-mem-del-during-boot-i440fx": Script(off=True, boot=4),
    "08j-virtio-mem-del-during-boot-q35-acpi": Script(off=True, boot=4),
    "08j-virtio-mem-del-during-boot-q35-native": Script(off=True, boot=4),
    "08k-virtio-mem-native-pending-after-reset": Script(boot=4),
    "09-virtio-pmem": Script(boot=4),
    "09b-virtio-pmem-no-driver": Script(),
    "10-nvdimm": Script(),
    "10b-nvdimm-machine-off": Script(),
    "11a-balloon": Script(inside=RELOAD_BALLOON, boot=4),
    "11b-balloon-and-memory-devices": Script(),
    "11c-balloon-none": Script(),
    "11d-balloon-no-driver": Script(inside=RELOAD_BALLOON),
    # while Linux moves pages of the balloon out of the DIMM, it gives back less than a MiB at a time
    "11e-balloon-inflated-and-dimm": Script(near=2 * MIB),
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
    "13b-virtio-mem-cold-plugged": Script(off=True, boot=5),
    "13c-dimm-numa": Script(off=True, boot=5),
    "14a-cpu-plug-unplug-i440fx": Script(),
    "14a-cpu-plug-unplug-q35": Script(unseen=frozenset({3})),
}
