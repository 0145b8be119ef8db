"""Automatic addresses of network cards, as QEMU 10.0.2 gives them."""

from __future__ import annotations

import pytest

from qmpd.model.macs import Macs, normal_mac


def test_cards_get_the_lowest_free_addresses() -> None:
    macs = Macs()
    assert [macs.take(""), macs.take("00:00:00:00:00:00")] == ["52:54:00:12:34:56", "52:54:00:12:34:57"]


def test_an_address_that_was_told_is_not_given_away() -> None:
    macs = Macs()
    macs.take("52:54:00:12:34:56")
    assert macs.take("") == "52:54:00:12:34:57"


def test_an_address_is_free_once_all_cards_that_had_it_are_gone() -> None:
    macs = Macs()
    macs.take("52:54:00:12:34:56")
    macs.take("52:54:00:12:34:56")
    macs.give_back("52:54:00:12:34:56")
    assert macs.take("") == "52:54:00:12:34:57"
    macs.give_back("52:54:00:12:34:56")
    assert macs.take("") == "52:54:00:12:34:56"


def test_other_addresses_are_taken_as_they_are() -> None:
    macs = Macs()
    assert macs.take("02:00:00:00:00:01") == "02:00:00:00:00:01"
    macs.give_back("02:00:00:00:00:01")
    assert macs.take("") == "52:54:00:12:34:56"


@pytest.mark.parametrize(
    "text", ["", "x", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567", "5254.0012.3456"]
)
def test_other_texts_are_no_address(text: str) -> None:
    assert normal_mac(text) is None


def test_an_address_is_shown_in_small_letters_with_colons() -> None:
    assert normal_mac("52-54:00-AB:cd:Ef") == "52:54:00:ab:cd:ef"
