"""Parts of a machine that few have and nobody models here; each has a few words about its absence."""

from __future__ import annotations

from qmpd.errors import ErrorClass, QemuError

# hw/net/rocker/rocker.c


def rocker_not_found(name: str) -> QemuError:
    return QemuError(f"rocker {name} not found")


# hw/virtio/virtio-qmp.c


def virtio_not_realized(path: str) -> QemuError:
    return QemuError(f"Path {path} is not a realized VirtIODevice")


def not_virtio(path: str, words: str = "VirtIODevice") -> QemuError:
    return QemuError(f"Path {path} is not a {words}")


def no_virtio_devices() -> QemuError:
    return QemuError("No virtio devices found")


# replay/replay-debugging.c


def replay_break_only_in_play_mode() -> QemuError:
    return QemuError("setting the breakpoint is allowed only in play mode")


def replay_breakpoints_only_in_play_mode() -> QemuError:
    return QemuError("replay breakpoints are allowed only in play mode")


def replay_disabled() -> QemuError:
    return QemuError("replay must be enabled to seek")


# trace/qmp.c


def trace_event_unknown(name: str) -> QemuError:
    return QemuError(f'unknown event "{name}"')


# target/i386/sev.c, hw/i386/kvm/xen_evtchn.c, hw/acpi/vmgenid.c


def sev_needs_kvm() -> QemuError:
    return QemuError("KVM not enabled")


def sev_measurement_missing() -> QemuError:
    return QemuError("SEV launch measurement is not available")


def sev_guest_disabled() -> QemuError:
    return QemuError("SEV not enabled for guest")


def sev_disabled() -> QemuError:
    return QemuError("SEV is not enabled")


def xen_channels_disabled() -> QemuError:
    return QemuError("Xen event channel emulation not enabled")


def generation_id_missing() -> QemuError:
    return QemuError("VM Generation ID device not found")


# dump/dump.c, dump/win_dump.c


def dump_while_migrating() -> QemuError:
    return QemuError("Dump not allowed during incoming migration.")


def dump_with_filter() -> QemuError:
    return QemuError("kdump-compressed format doesn't support paging or filter")


def dump_format_unavailable(name: str) -> QemuError:
    return QemuError(f"{name} is not available now")


def dump_protocol_unknown() -> QemuError:
    return QemuError("parameter 'protocol' must start with 'file:' or 'fd:'")


def dump_formats_exclusive() -> QemuError:
    return QemuError("only one of '-z|-l|-s|-w' can be set")


def dump_length_zero() -> QemuError:
    return QemuError("parameter 'length' expects a non-zero size")


# hw/core/nmi.c, system/cpus.c, system/device_tree-stub.c, hw/usb/bus.c


def nmi_unsupported() -> QemuError:
    return QemuError("machine does not provide NMIs")


def memory_not_there(addr: int, size: int) -> QemuError:
    return QemuError(f"Invalid addr 0x{addr:016x}/size {size} specified")


def no_device_tree() -> QemuError:
    return QemuError(
        "This machine doesn't have an FDT",
        hint="(Perhaps it doesn't support FDT at all, or perhaps you need to provide an FDT with the -fdt option?)",
    )


def usb_disabled() -> QemuError:
    return QemuError("USB support not enabled")


def command_line_option_unknown(name: str) -> QemuError:
    return QemuError(f"invalid option name: {name}")


# accel/tcg/monitor.c


def only_with_tcg(subject: str) -> QemuError:
    what = {"jit": "JIT information", "opcount": "Opcode count information"}[subject]
    return QemuError(f"{what} is only available with accel=tcg")


# system/bootdevice.c, hw/i386/pc.c, util/qsp.c, util/log.c


def boot_order_unsupported() -> QemuError:
    return QemuError("no function defined to set boot device list for this architecture")


def boot_device_invalid(letter: str) -> QemuError:
    return QemuError(f"Invalid boot device '{letter}'")


def boot_device_repeated(letter: str) -> QemuError:
    return QemuError(f"Boot device '{letter}' was given twice")


def boot_devices_too_many() -> QemuError:
    return QemuError("Too many boot devices for PC")


def boot_device_unknown_to_pc(letter: str) -> QemuError:
    return QemuError(f"Invalid boot device for PC: '{letter}'")


def sync_profile_option_invalid(option: str) -> QemuError:
    return QemuError(f"invalid parameter '{option}', expecting 'on', 'off', or 'reset'")


def log_file_not_opened(path: str, reason: str) -> QemuError:
    return QemuError(f"Error opening logfile {path}: {reason}")


# hw/pci/pci-hmp-cmds.c


def aer_device_missing(name: str) -> QemuError:
    return QemuError(f"device '{name}' not found")


def aer_device_not_express(name: str) -> QemuError:
    return QemuError(f"device '{name}' is not a PCIe device")


def aer_status_invalid(text: str) -> QemuError:
    return QemuError(f"invalid error status value '{text}'")


def aer_refused() -> QemuError:
    return QemuError("failed to inject error: Invalid argument")


def aer_correctable_named() -> QemuError:
    return QemuError("-c is only valid with numeric error status")


# backends/, hw/i386/sgx.c, hw/hyperv/hv-balloon.c, util/yank.c


def sgx_without_epc() -> QemuError:
    return QemuError("No EPC regions defined, SGX not available")


def sgx_needs_pc() -> QemuError:
    return QemuError("SGX is only supported on PC machines")


def sgx_not_in_kvm() -> QemuError:
    return QemuError("Could not open '/dev/sgx_vepc': No such file or directory")


def yank_instance_not_found() -> QemuError:
    return QemuError("Instance not found", ErrorClass.DEVICE_NOT_FOUND)
