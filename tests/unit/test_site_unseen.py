# SPDX-License-Identifier: Apache-2.0
"""The page of what is not seen tells the table of its own election, whatever stands in it, and promises nothing of a word that it does not know."""

import pytest

from kua.core.election import Election
from kua.law.hiding import DEFAULT, TREATMENTS, table_json
from kua.web.kit.pages import Words
from kua.web.site.unseen import PHASES, columns_of, rows_of
from tests.golden.site_fixture import election

SAY = Words("en")
NAMES = {phase: phase for phase in PHASES}


def how(table: object, zone: str) -> tuple[str, ...]:
    return next(row.how for row in rows_of(table, SAY) if row.zone == zone)  # type: ignore[arg-type]


def test_an_election_without_a_table_is_told_by_the_default_of_the_program() -> None:
    assert isinstance(election(), Election)
    assert rows_of({}, SAY) == rows_of(table_json(DEFAULT), SAY)
    assert set(how({}, "booth")) == {"filled with one colour, before any program looks at it"}


def test_only_the_voting_is_without_colour() -> None:
    assert ["without colour" in each for each in how({}, "rest")] == [phase == "voting" for phase in PHASES]


def test_another_table_is_told_as_it_stands() -> None:
    table = table_json(DEFAULT)
    table["count"]["rest"] = "coarse_grey"
    assert "without colour" in how(table, "rest")[PHASES.index("count")]


@pytest.mark.parametrize("broken", [{"voting": {"rest": "a_word_of_tomorrow"}}, {"voting": 3}, {"voting": {}}])
def test_a_word_that_the_page_does_not_know_is_promised_no_more_than_what_is_certain(broken: dict[str, object]) -> None:
    assert how(broken, "rest")[PHASES.index("voting")] == "hidden, at least as coarsely as the signed file says"


def test_every_treatment_but_the_liveness_codes_has_words() -> None:
    certain = "hidden, at least as coarsely as the signed file says"
    for word in set(TREATMENTS) - {"code"}:
        assert how({phase: {"rest": word} for phase in PHASES}, "rest")[0] != certain, word


def test_phases_that_are_shown_alike_stand_in_one_column() -> None:
    alike, other = {"rest": "coarse"}, {"rest": "coarse_grey"}
    heads, rows = columns_of(rows_of({"opening": alike, "voting": other, "count": alike, "protocol": alike}, SAY), NAMES)
    assert heads == ("opening", "voting", "count, protocol")
    assert {len(row.how) for row in rows} == {3}
