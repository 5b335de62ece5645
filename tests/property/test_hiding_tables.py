# SPDX-License-Identifier: Apache-2.0
"""Any hiding table that is accepted keeps the secrecy of the vote, whoever wrote it; and what a station makes of it never shows more."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.errors import Rejected
from kua.core.titles import Titles
from kua.law.hiding import (
    AUDIENCES,
    DEFAULT,
    PHASES,
    SMALL,
    TREATMENTS,
    ZONES,
    audience_of,
    is_small,
    level_for,
    read_table,
    row_for,
    table_digest,
    table_for,
    table_json,
)
from kua.law.profile import Clause, Profile
from kua.sight.hider import Hider
from kua.sight.mosaic import FILL
from tests.rigs.desks import HEIGHT, WIDTH, Scene, empty_room, luma, paint, picture, room, shape

words = st.sampled_from([*TREATMENTS, "sharp", "", "Fill"])
tables = st.fixed_dictionaries(
    {phase: st.fixed_dictionaries({**dict.fromkeys(ZONES, words), "audience": st.sampled_from([*AUDIENCES, "all"])}) for phase in PHASES}
)
changes = st.lists(
    st.tuples(st.sampled_from(PHASES), st.sampled_from([*ZONES, "audience", "roof"]), st.sampled_from([*TREATMENTS, *AUDIENCES, "sharp"])),
    max_size=4,
)
BOOTH, LIST = (64, 64, 160, 176), (400, 64, 496, 160)


def changed(edits: list[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """Return the default with some cells changed."""
    table = {phase: dict(row) for phase, row in DEFAULT.items()}
    for phase, zone, word in edits:
        table[phase][zone] = word
    return table


def profile(below: object = 50) -> Profile:
    """Return a profile with a threshold."""
    titles = Titles("x", "x", "x")
    clauses = {
        name: Clause(name, f"art. {name}", titles, "https://example.kz", "2026-01-01", False, value)
        for name, value in ((SMALL, below), ("public_voting", {}), ("public_phases", []))
    }
    return Profile("x", titles, clauses)


def accepted(table: object) -> bool:
    """Whether the reader takes a table."""
    try:
        read_table(table)
    except Rejected:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(table=st.one_of(tables, changes.map(changed)))
def test_a_table_is_refused_or_keeps_every_promise(table: dict[str, dict[str, str]]) -> None:
    if not accepted(table):
        return
    for phase, row in table.items():
        assert row["booth"] == row["screen"] == "fill", phase
        assert row["list"] in ("unreadable", "fill"), phase
        assert set(row.values()) <= {*TREATMENTS, *AUDIENCES}, phase
        assert row["rest"] in ("coarse", "coarse_grey", "silhouette"), phase
    voting = {row for zone, row in table["voting"].items() if zone in ZONES}
    assert not voting & {"coarse", "paper", "piles"}


@settings(max_examples=12, deadline=None)
@given(edits=changes, phase=st.sampled_from(PHASES))
def test_no_accepted_table_shows_a_booth_or_a_list_and_none_gives_voting_a_colour(edits: list[tuple[str, str, str]], phase: str) -> None:
    table = changed(edits)
    if not accepted(table):
        return
    hider = Hider(None, room(), table, phase, zones={"booth": (shape(*BOOTH),), "list": (shape(*LIST),)})
    scene = Scene()
    dice = np.random.default_rng(len(edits))
    for area in (BOOTH, LIST):
        part = (slice(area[1], area[3]), slice(area[0], area[2]))
        scene.yuv[:HEIGHT][part] = dice.integers(0, 256, (area[3] - area[1], area[2] - area[0]))
    paint(scene.yuv, 256, 96, 320, 240, (180, 90, 200))
    for number in range(8):
        safe = hider.watch(picture(scene.yuv if number > 3 else empty_room(), 200 * number, number), lambda _picture: [], lambda: 0)
    assert safe.reason is None
    assert (luma(safe, *BOOTH) == FILL[0]).all()
    cells = luma(safe, *LIST).reshape(12, 8, 12, 8).transpose(0, 2, 1, 3).reshape(144, 64)
    assert (np.ptp(cells, axis=1) == 0).all()
    if phase == "voting":
        small = safe.yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
        hidden = safe.hidden.repeat(4, 0).repeat(4, 1)
        assert all((plane[hidden] == 128).all() for plane in small)


@pytest.mark.parametrize(
    ("phase", "zone", "word", "code"),
    [
        ("voting", "rest", "coarse", "policy.table"),
        ("voting", "box", "coarse", "policy.voting"),
        ("voting", "show", "paper", "policy.voting"),
        ("voting", "count", "piles", "policy.voting"),
        ("count", "issue", "coarse_grey", "policy.table"),
        ("count", "box", "silhouette", "policy.table"),
        ("count", "show", "code", "policy.table"),
        ("opening", "list", "coarse", "policy.table"),
        ("storage", "booth", "unreadable", "policy.booth"),
        ("storage", "audience", "everybody", "policy.table"),
        ("storage", "roof", "fill", "policy.table"),
        ("count", "rest", "fill", "policy.table"),
    ],
)
def test_a_table_that_shows_more_than_the_law_allows_is_refused(phase: str, zone: str, word: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_table(changed([(phase, zone, word)]))
    assert caught.value.code == code


def test_the_default_is_accepted_and_read_back_as_it_was_written() -> None:
    assert read_table(table_json(DEFAULT)) == DEFAULT
    assert table_digest(read_table(table_json(DEFAULT))) == table_digest(DEFAULT)


def test_a_table_without_an_audience_leaves_it_to_the_profile_and_an_unknown_word_is_nobody() -> None:
    assert accepted({phase: {zone: how for zone, how in row.items() if zone != "audience"} for phase, row in DEFAULT.items()})
    assert audience_of({}, "voting") == "public"
    assert audience_of({"voting": {"audience": "friends"}}, "voting") == "none"
    assert {phase: audience_of(DEFAULT, phase) for phase in PHASES} == {**dict.fromkeys(PHASES, "public"), "storage": "control"}


@given(voters=st.integers(0, 200), phase=st.sampled_from(PHASES), signed=st.booleans())
def test_small_precincts_and_unsigned_ones_are_at_h3_and_no_table_is_made_weaker(voters: int, phase: str, signed: bool) -> None:
    shown = level_for(DEFAULT, phase, voters, profile(), second_signed=signed)
    wanted = "H3" if not signed or (phase == "voting" and voters < 50) else "H1" if phase == "voting" else "H2"
    assert shown.level == wanted
    assert shown.article == (
        "art. silhouettes_below" if signed and wanted == "H3" else f"art. public_{'voting' if phase == 'voting' else 'phases'}"
    )
    row = table_for(DEFAULT, voters, profile(), second_signed=signed)[phase]
    assert ("silhouette" in row.values()) == (wanted == "H3")
    assert {zone: how for zone, how in row.items() if how in ("fill", "unreadable")} == {
        zone: how for zone, how in DEFAULT[phase].items() if how in ("fill", "unreadable")
    }
    assert accepted(table_for(DEFAULT, voters, profile(), second_signed=signed))


def test_without_a_profile_nobody_can_say_that_a_station_is_large() -> None:
    table = table_for(DEFAULT, 10_000, None)
    assert table["voting"]["rest"] == "silhouette"
    assert table["count"] == DEFAULT["count"]


def test_a_threshold_that_is_no_number_is_refused_and_a_profile_without_one_has_none() -> None:
    assert not is_small(1, Profile("x", Titles("x", "x", "x"), {}))
    for below in ("50", True, -1, None):
        with pytest.raises(Rejected, match=r"profile\.value"):
            is_small(1, profile(below))


def test_the_count_is_hidden_as_voting_until_two_people_have_signed() -> None:
    assert [row_for(phase, count_signed=False) for phase in PHASES] == ["rehearsal", "opening", "voting", "voting", "voting", "storage"]
    assert [row_for(phase, count_signed=True) for phase in PHASES] == list(PHASES)
