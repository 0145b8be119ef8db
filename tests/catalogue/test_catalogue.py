"""The facts of QEMU 10.0 on x86_64 that code will ask the catalogue for."""

from __future__ import annotations

from pathlib import Path

import pytest

import qmpd.catalogue
from qmpd.catalogue import Catalogue, PciFunction
from qmpd.errors import QemuError

from .samples import device_add_refusals

SHIPPED = Path(qmpd.catalogue.__file__).with_name("10.0-x86_64.catalogue")


@pytest.fixture(name="catalogue")
def catalogue_fixture() -> Catalogue:
    return Catalogue.open()


def test_the_same_catalogue_is_shared_by_all_who_open_it() -> None:
    assert Catalogue.open() is Catalogue.open("10.0-x86_64") is Catalogue.open(str(SHIPPED))


def test_a_catalogue_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Catalogue.open("1.0-pdp11")


def test_the_version_needs_no_more_than_the_first_line(tmp_path: Path) -> None:
    first = tmp_path / "first.catalogue"
    first.write_bytes(SHIPPED.read_bytes().partition(b"\n")[0])
    opened = Catalogue.open(str(first))
    assert opened.version["qemu"] == {"major": 10, "minor": 0, "micro": 2}
    assert opened.package == "Debian 1:10.0.2+ds-2+deb13u1~bpo12+1"
    assert opened.target == "x86_64"
    assert not opened.has_type("pc-dimm")


def test_the_shipped_file_is_compact() -> None:
    assert SHIPPED.stat().st_size < 1_200_000


# types


@pytest.mark.parametrize(
    ("name", "ancestor"),
    [
        ("pc-dimm", "memory-device"),
        ("nvdimm", "pc-dimm"),
        ("nvdimm", "memory-device"),
        ("virtio-mem-pci", "pci-device"),
        ("virtio-mem-pci", "conventional-pci-device"),
        ("memory-backend-ram", "user-creatable"),
        ("pc-q35-10.0-machine", "hotplug-handler"),
        ("memory-device", "interface"),
        ("pc-dimm", "pc-dimm"),
    ],
)
def test_a_type_is_what_it_descends_from_or_implements(catalogue: Catalogue, name: str, ancestor: str) -> None:
    assert catalogue.is_a(name, ancestor)


@pytest.mark.parametrize(
    ("name", "ancestor"),
    [("pc-dimm", "nvdimm"), ("pc-dimm", "hotplug-handler"), ("nonesuch", "nonesuch"), ("pc-dimm", "nonesuch")],
)
def test_a_type_is_nothing_else(catalogue: Catalogue, name: str, ancestor: str) -> None:
    assert not catalogue.is_a(name, ancestor)


def test_a_type_with_several_interfaces_is_not_plainly_an_interface(catalogue: Catalogue) -> None:
    assert not catalogue.is_a("pc-dimm", "interface")


def test_a_device_type_is_known_with_its_bus_and_description(catalogue: Catalogue) -> None:
    info = catalogue.type_info("pcie-root-port")
    assert (info.parent, info.abstract, info.bus) == ("pcie-root-port-base", False, "PCI")
    assert info.desc == "PCI Express Root Port"
    assert info.user_creatable
    assert info.hotpluggable


def test_a_type_without_a_bus_says_so(catalogue: Catalogue) -> None:
    assert catalogue.type_info("pc-dimm").bus is None


def test_a_dynamic_system_bus_device_knows_the_machines_that_take_it(catalogue: Catalogue) -> None:
    assert catalogue.type_info("intel-iommu").machines == ("q35",)


def test_an_unknown_type_has_no_facts(catalogue: Catalogue) -> None:
    assert not catalogue.has_type("nonesuch")
    with pytest.raises(KeyError):
        catalogue.type_info("nonesuch")


def test_an_alias_of_a_device_leads_to_its_type(catalogue: Catalogue) -> None:
    assert catalogue.device_type("virtio-balloon") == "virtio-balloon-pci"
    assert catalogue.device_type("pc-dimm") == "pc-dimm"
    assert catalogue.device_type("nonesuch") is None


def test_a_type_that_qemu_dies_of_describing_has_no_properties(catalogue: Catalogue) -> None:
    assert catalogue.qom_properties("memory-region-portio-list").value == []


def test_types_with_the_same_property_share_its_description(catalogue: Catalogue) -> None:
    dimm, nvdimm = (
        next(entry for entry in catalogue.device_properties(name).value if entry["name"] == "memdev")
        for name in ("pc-dimm", "nvdimm")
    )
    assert dimm is nvdimm


# what device_add says first about each type


def test_only_the_types_that_users_may_create_are_pluggable(catalogue: Catalogue) -> None:
    refused = {
        name
        for _, name, _, text in device_add_refusals()
        if text == "Parameter 'driver' expects a pluggable device type"
    }
    concrete = [entry["name"] for entry in catalogue.types("device").value]
    assert refused == {name for name in concrete if not catalogue.type_info(name).user_creatable}


def test_what_does_not_support_hot_plugging_is_known_not_to(catalogue: Catalogue) -> None:
    for _, name, _, text in device_add_refusals():
        if text == f"Device '{name}' does not support hotplugging":
            assert catalogue.type_info(name).hotpluggable is False, name


def test_the_bus_that_device_add_misses_is_the_type_s(catalogue: Catalogue) -> None:
    missed = {name: text for _, name, _, text in device_add_refusals() if text.startswith("No '")}
    assert missed
    for name, text in missed.items():
        assert text == f"No '{catalogue.type_info(name).bus}' bus found for device '{name}'"


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_system_bus_devices_are_refused_where_the_machine_does_not_take_them(
    catalogue: Catalogue, machine: str
) -> None:
    text = "Parameter 'driver' expects a dynamic sysbus device type for the machine"
    refused = {name for asked, name, _, answer in device_add_refusals() if asked == machine and answer == text}
    on_system_bus = [entry["name"] for entry in catalogue.types("sys-bus-device").value]
    infos = [catalogue.type_info(name) for name in on_system_bus]
    assert refused == {info.name for info in infos if info.user_creatable and machine not in info.machines}


# machines and CPUs


def test_a_machine_is_found_by_name_and_by_alias(catalogue: Catalogue) -> None:
    machine = catalogue.machine("q35")
    assert machine
    assert machine == catalogue.machine("pc-q35-10.0")
    assert (machine.name, machine.alias, machine.cpu_max) == ("pc-q35-10.0", "q35", 4096)
    assert (machine.default_cpu_type, machine.default_ram_id) == ("qemu64-x86_64-cpu", "pc.ram")
    assert not machine.is_default


def test_the_default_machine_is_pc(catalogue: Catalogue) -> None:
    machine = catalogue.machine("pc")
    assert machine
    assert machine.is_default


def test_an_unknown_machine_is_not_found(catalogue: Catalogue) -> None:
    assert catalogue.machine("pc-q35-99.0") is None


def test_a_plain_cpu_name_means_another_version_on_microvm(catalogue: Catalogue) -> None:
    def meaning(machine: str) -> object:
        return next(cpu["alias-of"] for cpu in catalogue.cpu_definitions(machine).value if cpu["name"] == "Westmere")

    assert meaning("q35") == "Westmere-v1"
    assert meaning("microvm") == "Westmere-v2"


def test_old_machines_differ_from_the_newest_only_where_they_were_made_to(catalogue: Catalogue) -> None:
    assert catalogue.compat_defaults("pc-q35-9.2") == {
        "virtio-mem-pci": {"vectors": 0},
        "virtio-balloon-pci": {"vectors": 0},
    }
    assert catalogue.compat_defaults("pc-q35-8.0")["virtio-mem-pci"]["unplugged-inaccessible"] == "off"
    assert catalogue.compat_defaults("pc-q35-10.0") == {}
    assert catalogue.compat_defaults("microvm") == {}


# object trees


def test_a_tree_tells_type_and_values_of_an_object(catalogue: Catalogue) -> None:
    tree = catalogue.tree("q35")
    assert tree
    machine = tree.get("/machine")
    assert machine
    assert machine.type == machine.value("type") == "pc-q35-10.0-machine"
    assert machine.value("memory") == {"size": 128 * 1024 * 1024}
    assert machine.value("q35") == "/machine/q35"
    assert machine.value("nvdimm") is False


def test_a_tree_lists_every_child_that_an_object_has(catalogue: Catalogue) -> None:
    for machine in ("q35", "pc", "microvm", "none", "isapc"):
        tree = catalogue.tree(machine)
        assert tree
        paths = list(tree.paths())
        children = [
            f"{path.rstrip('/')}/{name}"
            for path in paths
            if (found := tree.get(path))
            for name, kind in found.entries.items()
            if kind.startswith("child<")
        ]
        assert sorted(["/", *children]) == sorted(paths)


def test_versions_of_a_machine_share_a_tree(catalogue: Catalogue) -> None:
    assert catalogue.tree("pc-q35-9.2") is catalogue.tree("q35")


def test_a_machine_or_path_without_a_record_has_none(catalogue: Catalogue) -> None:
    assert catalogue.tree("x-remote") is None
    tree = catalogue.tree("none")
    assert tree
    assert tree.get("/machine/q35") is None


def test_a_value_that_qemu_refuses_is_refused(catalogue: Catalogue) -> None:
    tree = catalogue.tree("q35")
    cpu = tree and tree.get("/machine/unattached/device[0]")
    assert cpu
    with pytest.raises(QemuError, match="No crash occurred"):
        cpu.value("crash-information")


def test_the_time_of_day_was_not_recorded(catalogue: Catalogue) -> None:
    tree = catalogue.tree("q35")
    machine = tree and tree.get("/machine")
    assert machine
    with pytest.raises(KeyError):
        machine.value("rtc-time")


def test_pci_functions_are_where_qemu_puts_them(catalogue: Catalogue) -> None:
    bus = "/machine/q35/pcie.0"
    assert catalogue.pci_functions("q35") == (
        PciFunction(bus, 0, 0, "mch", "/machine/q35/mch"),
        PciFunction(bus, 31, 0, "ICH9-LPC", "/machine/unattached/device[2]"),
        PciFunction(bus, 31, 2, "ich9-ahci", "/machine/unattached/device[12]"),
        PciFunction(bus, 31, 3, "ICH9-SMB", "/machine/unattached/device[13]"),
    )
    assert catalogue.pci_functions("microvm") == ()
