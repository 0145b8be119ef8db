"""What a catalogue answers is, byte for byte, what a real QEMU was recorded to answer."""

from __future__ import annotations

from typing import Any

import pytest

from qmpd.catalogue import Catalogue
from qmpd.errors import QemuError
from qmpd.frozen import Frozen
from qmpd.wire.encode import encode_message

from .samples import Sample, samples


def answer(catalogue: Catalogue, sample: Sample) -> Any:
    arguments = sample.arguments
    match sample.command:
        case "query-version":
            return catalogue.version
        case "query-target":
            return {"arch": catalogue.target}
        case "query-machines":
            return catalogue.machines()
        case "query-command-line-options":
            return catalogue.command_line_options()
        case "query-cpu-definitions":
            return catalogue.cpu_definitions(sample.machine)
        case "qom-list-types":
            return catalogue.types(arguments.get("implements"), arguments.get("abstract"))
        case "device-list-properties":
            return catalogue.device_properties(arguments["typename"])
        case "qom-list-properties":
            return catalogue.qom_properties(arguments["typename"])
    tree = catalogue.tree(sample.machine)
    assert tree
    assert sample.command == "qom-list"
    found = tree.get(arguments["path"])
    assert found
    return Frozen([{"name": name, "type": kind} for name, kind in found.entries.items()])


def reply(catalogue: Catalogue, sample: Sample) -> dict[str, Any]:
    try:
        return {"return": answer(catalogue, sample)}
    except QemuError as error:
        return {"error": {"class": error.error_class.value, "desc": error.desc}}


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_a_reply_has_the_bytes_that_qemu_sent(sample: Sample) -> None:
    assert encode_message(reply(Catalogue.open(), sample)) == sample.reply


def test_a_refusal_is_raised_afresh_each_time() -> None:
    catalogue = Catalogue.open()
    raised = []
    for _ in range(2):
        with pytest.raises(QemuError) as caught:
            catalogue.device_properties("memory-backend-ram")
        raised.append(caught.value)
    assert raised[0] is not raised[1]
    assert raised[0].desc == raised[1].desc == "Parameter 'typename' expects a non-abstract device type"
