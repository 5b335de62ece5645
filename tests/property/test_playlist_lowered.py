# SPDX-License-Identifier: Apache-2.0
"""Playlists of a thin line: the lowered segment stands in for the full one and gives way to it, by the same rules, and no number ever changes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.media.playlist import items_of, render
from kua.media.timeline import Day, Film, Lowered, Span
from tests.property.test_playlist_render import END, OPEN, days, digests, played


@st.composite
def lowered_days(draw: st.DrawFn) -> Day:
    """A day in which some segments were lowered, some of them to the statement alone."""
    day, run = draw(days()), "11111111"
    for number, item in enumerate(day.items):
        rung = draw(st.sampled_from(["", "", "small", "slow", "still", "none"])) if isinstance(item, Film) else ""
        if rung == "" or not isinstance(item, Film):
            run = f"{number + 1:07x}f"
        elif rung == "none" or (rung == "still" and draw(st.booleans())):
            day.items[number] = replace(item, lowered=Lowered(rung))
        else:
            day.items[number] = replace(item, lowered=Lowered(rung, run, item.slot, f"{number:063x}e", 9, "e" * 64, 4))
    return day


def lives(day: Day) -> set[str]:
    """Every lowered segment of the day."""
    return {item.lowered.sha256 for item in day.items if isinstance(item, Film) and item.lowered is not None and item.lowered.run}


def some(data: st.DataObject, of: set[str]) -> set[str]:
    return {digest for digest in sorted(of) if data.draw(st.booleans())}


@given(lowered_days(), st.data())
def test_the_full_film_wins_then_the_lowered_one_then_a_hole_that_says_why(day: Day, data: st.DataObject) -> None:
    there, small = some(data, digests(day)), some(data, lives(day))
    films = {item.leaf: item for item in day.items if isinstance(item, Film)}
    for item in items_of(day, there, END, small):
        if not item.run:
            continue
        film = films[int(item.uri.rpartition("=")[2])]
        lowered = film.lowered
        if film.sha256 in there:
            assert (item.present, item.rung, item.map_uri) == (True, "", film.init_name)
        elif lowered is not None and lowered.sha256 in small:
            assert (item.present, item.rung, item.map_uri) == (True, lowered.rung, lowered.init_name)
            assert item.uri.startswith(f"live/{lowered.run}-{film.slot}.m4s?")
        else:
            assert (item.present, item.rung) == (False, lowered.rung if lowered else "")


@given(lowered_days(), st.data())
def test_no_discontinuity_number_changes_when_the_full_film_comes(day: Day, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, 12))
    lists = [
        [
            (line.number, line.time)
            for line in played(render(items_of(day, some(data, digests(day)), END, some(data, lives(day))), first, ended=False))
        ]
        for _ in range(3)
    ]
    assert lists[0] == lists[1] == lists[2]


@given(lowered_days(), st.data())
def test_media_of_two_runs_never_follow_each_other_without_a_break(day: Day, data: st.DataObject) -> None:
    """Nor without the head of their own run."""
    text = render(items_of(day, some(data, digests(day)), END, some(data, lives(day))), 0, ended=False)
    before = None
    for line in played(text):
        if line.hole:
            continue
        run = line.uri.rpartition("-")[0]
        assert line.map_uri == f"{run}-init.mp4"
        if before is not None and before.uri.rpartition("-")[0] != run:
            assert line.number > before.number
        before = line


@given(lowered_days(), st.data())
def test_what_is_withdrawn_is_not_shown_lowered_either(day: Day, data: st.DataObject) -> None:
    t0 = data.draw(st.integers(OPEN, OPEN + 60_000))
    day.withdrawn.append(Span(0, Instant(t0), data.draw(st.none() | st.just(Instant(t0 + 6_000))), "art. 1"))
    gone = {item.t0 for item in day.items if day.is_withdrawn(item)}
    for item in items_of(day, set(), END, lives(day)):
        if item.run and item.t0 in gone:
            assert (item.present, item.rung) == (False, "")


@given(days())
def test_a_day_on_a_good_line_has_the_list_that_it_always_had(day: Day) -> None:
    assert items_of(day, digests(day), END, {"e" * 64}) == items_of(day, digests(day), END)
    assert "KUA" not in render(items_of(day, set(), END), 0, ended=False)
