# SPDX-License-Identifier: Apache-2.0
"""The page of what is not seen tells the table of its own election, whatever stands in it, and promises nothing of a word that it does not know."""

from dataclasses import replace
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from markupsafe import escape

from kua.law.hiding import DEFAULT, TREATMENTS, table_json
from kua.web.kit.pages import Words
from kua.web.site.app import build_site
from kua.web.site.unseen import PHASES, rows_of
from kua.words.sealed import notice
from kua.words.speak import LANGUAGES, catalogue
from tests.golden.site_fixture import fixture
from tests.rigs.trustees import twelve

SAY = Words("en")
NAMES = {phase: phase for phase in PHASES}
CERTAIN = "hidden, at least as coarsely as the signed file says"


def how(table: Any, zone: str) -> list[str]:
    """For each phase, what the page says of `zone`."""
    cells = next(row.cells for row in rows_of(table, NAMES, SAY) if row.zone == zone)
    return [cell.how for cell in cells for _ in range(cell.span)]


def test_an_election_without_a_table_is_told_by_the_default_of_the_program() -> None:
    assert rows_of({}, NAMES, SAY) == rows_of(table_json(DEFAULT), NAMES, SAY)
    assert set(how({}, "booth")) == {"filled with one colour, before any program looks at it"}


def test_only_the_voting_is_without_colour() -> None:
    assert ["without colour" in each for each in how({}, "rest")] == [phase == "voting" for phase in PHASES]


def test_another_table_is_told_as_it_stands() -> None:
    table = table_json(DEFAULT)
    table["count"] = {**table["count"], "rest": "coarse_grey"}
    assert "without colour" in how(table, "rest")[PHASES.index("count")]


@pytest.mark.parametrize("broken", [{"voting": {"rest": "a_word_of_tomorrow"}}, {"voting": 3}, {"voting": {}}])
def test_a_word_that_the_page_does_not_know_is_promised_no_more_than_what_is_certain(broken: dict[str, object]) -> None:
    assert how(broken, "rest")[PHASES.index("voting")] == CERTAIN


def test_every_treatment_but_the_liveness_codes_has_words() -> None:
    for word in set(TREATMENTS) - {"code"}:
        assert how({phase: {"rest": word} for phase in PHASES}, "rest")[0] != CERTAIN, word


def test_neighbouring_phases_that_are_shown_alike_stand_in_one_cell() -> None:
    alike, other = {"rest": "coarse"}, {"rest": "coarse_grey"}
    table = {"opening": alike, "voting": other, "count": alike, "protocol": alike}
    cells = next(row.cells for row in rows_of(table, NAMES, SAY) if row.zone == "rest")
    assert [(cell.when, cell.span) for cell in cells] == [("opening", 1), ("voting", 1), ("count, protocol", 2)]
    whole = next(row.cells for row in rows_of(table, NAMES, SAY) if row.zone == "booth")
    assert [(cell.when, cell.span) for cell in whole] == [("Always", 4)]


async def shown(language: str, *, sealed: bool) -> str:
    """The page as the site serves it, for an election that keeps a sealed film or none."""
    index = fixture()
    held = replace(index, file=replace(index.file, sealed=twelve().sealing if sealed else None))
    async with AsyncClient(transport=ASGITransport(build_site(held)), base_url="http://site") as reader:
        return (await reader.get(f"/{language}/unseen")).text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_says_whether_a_sealed_film_is_kept_in_the_words_of_the_door(language: str) -> None:
    say = catalogue(language).gettext
    none, kept = await shown(language, sealed=False), await shown(language, sealed=True)
    for page, sealing, other in ((none, None, twelve().sealing), (kept, twelve().sealing, None)):
        assert all(str(escape(paragraph)) in page for paragraph in notice(sealing, say))
        assert not any(str(escape(paragraph)) in page for paragraph in notice(other, say))


async def test_a_page_of_an_election_with_a_sealed_film_does_not_say_that_there_is_no_sharp_copy() -> None:
    assert "There is no sharp copy" in await shown("en", sealed=False)
    kept = await shown("en", sealed=True)
    assert "There is no sharp copy" not in kept
    assert "kept nowhere" not in kept
    assert "no single office can open it" in kept
