# SPDX-License-Identifier: Apache-2.0
"""A reader finds a station however the name is spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.web.site.search import Finder, folded
from tests.golden.site_fixture import election

FINDER = Finder(election())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Қызылорда", "Кызылорда"), ("Қызылорда", "kyzylorda"), ("Qyzylorda", "Кызылорда"), ("Шымкент", "Shymkent"), ("Жезқазған", "Жезказган"),
        ("Жезқазған", "Zhezkazgan"), ("Өскемен", "Oskemen"), ("Үшарал", "Ушарал"), ("Ұзынағаш", "Узынагаш"), ("Һ", "х"), ("Хромтау", "Khromtau"),
        ("Ёлка", "елка"), ("Щучинск", "Shuchinsk"), ("Әйтеке би", "Айтеке би"), ("Іле", "Иле"), ("Йод", "иод"), ("Алматы", "ALMATY"), ("Шәкен", "Şäken"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(alphabet="абвгдежзиклмнопрстуфхцчшэюяәғқңөұүһі -0123456789", max_size=40))
def test_case_never_matters(text: str) -> None:
    assert folded(text.upper()) == folded(text)


def numbers(query: str) -> list[str]:
    return [station.id for station in FINDER.find(query)[0]]


def test_a_number_is_found_first() -> None:
    assert numbers("10-245")[0] == "10-245"
    assert numbers("245")[0] == "10-245"
    assert numbers("10 245")[0] == "10-245"


def test_a_region_brings_all_its_stations() -> None:
    assert set(numbers("kyzylorda")) == {"43-012", "43-013"}
    assert set(numbers("Қызылорда облысы")) == {"43-012", "43-013"}


def test_every_word_must_be_there() -> None:
    assert numbers("abai 45") == ["10-245"]
    assert numbers("abai nowhere") == []


def test_the_limit_cuts_the_list_and_not_the_number() -> None:
    found, total = FINDER.find("abai", limit=2)
    assert (len(found), total) == (2, 9)


@given(st.text(max_size=200))
def test_no_query_breaks_the_search(query: str) -> None:
    found, total = FINDER.find(query)
    assert len(found) <= total
