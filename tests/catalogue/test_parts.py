"""The catalogue's file: rows under headings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qmpd.catalogue.parts import CatalogueFormatError, PartFile, write_parts

ROWS: dict[str, list[Any]] = {
    "first": [["a", 1, None], ["ab", 'quoted "part: x"'], ["é", [1.5, {"k": True}]]],
    "empty": [],
    "pool": [{"name": "x"}, {"name": "y"}],
}


@pytest.fixture(name="file")
def file_fixture(tmp_path: Path) -> PartFile:
    path = tmp_path / "test.catalogue"
    write_parts(path, {"target": "x86_64"}, ROWS)
    return PartFile(path)


def test_the_header_comes_back(file: PartFile) -> None:
    assert file.header["target"] == "x86_64"


def test_a_row_is_found_by_its_whole_key(file: PartFile) -> None:
    assert file.part("first").get("a") == [1, None]
    assert file.part("first").get("ab") == ['quoted "part: x"']
    assert file.part("first").get("é") == [[1.5, {"k": True}]]


@pytest.mark.parametrize("key", ["", "b", 'ab","', "x"])
def test_a_key_that_is_not_there_is_not_found(file: PartFile, key: str) -> None:
    assert file.part("first").get(key) is None


@pytest.mark.parametrize("part", list(ROWS))
def test_all_rows_come_back_in_order(file: PartFile, part: str) -> None:
    assert file.part(part).rows() == ROWS[part]


def test_a_part_that_is_not_there_has_no_rows(file: PartFile) -> None:
    assert file.part("nonesuch").rows() == []
    assert file.part("nonesuch").get("a") is None


def test_a_mended_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "mended.catalogue"
    path.write_text('{"catalogue":1}\n"part: a"\n["k",1]\n["new",2]\n"part: b"\n["k",3]\n')
    assert PartFile(path).part("a").get("new") == [2]
    assert PartFile(path).part("b").get("k") == [3]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '"catalogue"', "not JSON", '{"catalogue":0}'])
def test_another_file_is_not_taken_for_a_catalogue(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text)
    with pytest.raises(CatalogueFormatError):
        PartFile(path)
