"""The network."""

from __future__ import annotations

from qmpd.errors import ErrorClass, QemuError

# hw/net/virtio-net.c


def duplex_refused() -> QemuError:
    return QemuError("'duplex' must be 'half' or 'full'")


def speed_refused() -> QemuError:
    return QemuError("'speed' must be between 0 and INT_MAX")


def receive_queue_size_refused(size: int, least: int, most: int) -> QemuError:
    return QemuError(f"Invalid rx_queue_size (= {size}), must be a power of 2 between {least} and {most}.")


def send_queue_size_refused(size: int, least: int, most: int) -> QemuError:
    return QemuError(f"Invalid tx_queue_size (= {size}), must be a power of 2 between {least} and {most}")


# net/: the network


def netdev_kind_missing(kind: str) -> QemuError:
    return QemuError(f"network backend '{kind}' is not compiled into this binary")


def netdev_name_taken(name: str) -> QemuError:
    return QemuError(f"Duplicate ID '{name}'")


def netdev_not_found(name: str) -> QemuError:
    return QemuError(f"netdev '{name}' not found")


def net_hubport_unsupported() -> QemuError:
    return QemuError("network backend 'hubport' is only supported with -netdev/-nic")


def not_a_netdev(name: str) -> QemuError:
    return QemuError(f"Device '{name}' is not a netdev")


def nic_slots_exhausted() -> QemuError:
    return QemuError("no more on-board/default NIC slots available")


def too_many_nics() -> QemuError:
    return QemuError("too many NICs")


def mac_malformed() -> QemuError:
    return QemuError("invalid syntax for ethernet address")


def nic_multicast() -> QemuError:
    return QemuError("NIC cannot have multicast MAC address")


def net_nic_multicast() -> QemuError:
    return QemuError("NIC cannot have multicast MAC address (odd 1st byte)")


def vectors_refused(number: int) -> QemuError:
    return QemuError(f"invalid # of vectors: {number}")


def isa_cards_exhausted() -> QemuError:
    return QemuError("maximum number of ISA NE2000 devices exceeded")


def net_client_not_a_nic(name: str) -> QemuError:
    return QemuError(f"net client({name}) isn't a NIC")


def nic_without_rx_filter(name: str) -> QemuError:
    return QemuError(f"net client({name}) doesn't support rx-filter querying")


def net_client_unknown(name: str) -> QemuError:
    return QemuError(f"invalid net client name: {name}")


def slirp_unparsed(what: str) -> QemuError:
    return QemuError(f"Failed to parse {what}")


def slirp_mask_length() -> QemuError:
    return QemuError("Invalid netmask provided (must be in range 4-32)")


def slirp_ipv4_disabled() -> QemuError:
    return QemuError("IPv4 disabled but netmask/host/dns provided")


def slirp_ipv6_disabled() -> QemuError:
    return QemuError("IPv6 disabled but prefix/host6/dns6 provided")


def slirp_disabled() -> QemuError:
    return QemuError("IPv4 and IPv6 disabled")


def slirp_outside(what: str) -> QemuError:
    return QemuError(f"{what} doesn't belong to network")


def slirp_addresses_equal(one: str, other: str) -> QemuError:
    return QemuError(f"{one} must be different from {other}")


def slirp_domain_empty() -> QemuError:
    return QemuError("'domainname' parameter cannot be empty")


def slirp_forward_refused(side: str, rule: str) -> QemuError:
    return QemuError(f"Invalid {side} forwarding rule {rule}")


def slirp_forward_conflicts(rule: str) -> QemuError:
    return QemuError(f"Conflicting/invalid host:port in guest forwarding rule '{rule}'")


def slirp_forward_not_opened(port: int) -> QemuError:
    return QemuError(f"Could not open guest forwarding device 'guestfwd.tcp.{port}'")


def tap_options_with_fd() -> QemuError:
    return QemuError(
        "ifname=, script=, downscript=, vnet_hdr=, helper=, queues=, fds=, and vhostfds= are invalid with fd="
    )


def tap_options_with_fds() -> QemuError:
    return QemuError("ifname=, script=, downscript=, vnet_hdr=, helper=, queues=, and vhostfd= are invalid with fds=")


def tap_options_with_helper() -> QemuError:
    return QemuError("ifname=, script=, downscript=, vnet_hdr=, queues=, and vhostfds= are invalid with helper=")


def tap_fds_uneven() -> QemuError:
    return QemuError("The number of fds passed does not match the number of vhostfds passed")


def tap_vhostfds_alone() -> QemuError:
    return QemuError("vhostfds= is invalid if fds= wasn't specified")


def bridge_helper_failed() -> QemuError:
    return QemuError("bridge helper failed")


def netdev_fd_unusable(name: str, fd: int) -> QemuError:
    return QemuError(f"{name}: Can't use file descriptor {fd}: Bad file descriptor")


def net_socket_ambiguous() -> QemuError:
    return QemuError("exactly one of listen=, connect=, mcast= or udp= is required")


def net_socket_localaddr_alone() -> QemuError:
    return QemuError("localaddr= is only valid with mcast= or udp=")


def net_socket_udp_lacks_localaddr() -> QemuError:
    return QemuError("localaddr= is mandatory with udp=")


def net_address_without_port(address: str) -> QemuError:
    return QemuError(f"host address '{address}' doesn't contain ':' separating host from port")


def stream_reconnect_in_server() -> QemuError:
    return QemuError("'reconnect' and 'reconnect-ms' options are incompatible with socket in server mode")


def dgram_lacks_local() -> QemuError:
    return QemuError("dgram requires local= parameter")


def dgram_lacks_remote() -> QemuError:
    return QemuError("type=inet or type=unix requires remote parameter")


def dgram_remote_with_fd() -> QemuError:
    return QemuError("don't set remote with local.fd")


def dgram_types_differ() -> QemuError:
    return QemuError("remote and local types must be the same")


def dgram_type_unsupported() -> QemuError:
    return QemuError("only support inet or fd type for local")


def vhost_user_chardev_missing(name: str) -> QemuError:
    return QemuError(f'chardev "{name}" not found')


def vdpa_lacks_device() -> QemuError:
    return QemuError("vhost-vdpa: neither vhostdev= nor vhostfd= was specified")


def vdpa_device_and_fd() -> QemuError:
    return QemuError("vhost-vdpa: vhostdev= and vhostfd= are mutually exclusive")


def vdpa_fd_unparsed(reason: QemuError) -> QemuError:
    return QemuError(f"vhost-vdpa: unable to parse vhostfd: {reason.desc}")


def vde_open_failed() -> QemuError:
    return QemuError("Could not open vde: No such file or directory")


# net/filter*.c, net/dump.c


def filter_word_refused(name: str, first: str, second: str) -> QemuError:
    """``name`` is ``status`` or ``insert``."""
    return QemuError(f"Invalid value for netfilter {name}, should be '{first}' or '{second}'")


def value_not_positive(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' requires a positive value")


def filter_outdev_missing(name: str) -> QemuError:
    return QemuError(f"OUT Device '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


def filter_indev_missing(name: str) -> QemuError:
    return QemuError(f"IN Device '{name}' not found", ErrorClass.DEVICE_NOT_FOUND)


def redirector_lacks_device() -> QemuError:
    return QemuError("filter redirector needs 'indev' or 'outdev' at least one property set")


def redirector_devices_equal() -> QemuError:
    return QemuError("'indev' and 'outdev' could not be same for filter redirector")


def dump_unopened(path: str, reason: str) -> QemuError:
    return QemuError(f"net dump: can't open {path}: {reason}")


def dump_length_refused(type_name: str, name: str) -> QemuError:
    return QemuError(f"Property '{type_name}.{name}' doesn't take value '0'")


def filter_multiqueue() -> QemuError:
    return QemuError("multiqueue is not supported")


def filter_vhost() -> QemuError:
    return QemuError("Vhost is not supported")


def filter_missing(name: str) -> QemuError:
    return QemuError(f"filter '{name}' not found")


def filter_elsewhere(name: str) -> QemuError:
    return QemuError(f"filter '{name}' belongs to a different netdev")


# net/colo-compare.c


def compare_lacks_property() -> QemuError:
    return QemuError("colo compare needs 'primary_in' ,'secondary_in','outdev','iothread' property set")


def compare_devices_equal() -> QemuError:
    return QemuError("'indev' and 'outdev' could not be same for compare module")


def compare_device_not_reconnectable(name: str) -> QemuError:
    return QemuError(f'chardev "{name}" is not reconnectable')
