# SPDX-License-Identifier: Apache-2.0
"""What is sent live over a thin line: less at once, more only after a calm time, never to and fro, and the statements alone over a dead line."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.thin import FIRST, MOST_PATIENCE, NEEDS, OVER, PATIENCE, ROOM, RUNGS, START, UNKNOWN, Rung, Thin, Weight, bears

FILM = 800_000
rates = st.integers(0, 4_000_000)
films = st.integers(1, 4_000_000)
cameras = st.integers(1, 4)


def run(thin: Thin, rate: int | None, seconds: int, start: int = 0, film: int = FILM) -> list[Rung]:
    """The rung after each second."""
    return [thin.measured(rate, film, Millis((start + second) * 1000)) for second in range(seconds)]


@given(rates, rates, films, cameras)
def test_a_quicker_line_bears_no_less(one: int, other: int, film: int, count: int) -> None:
    slower, quicker = sorted((one, other))
    assert RUNGS.index(bears(quicker, film, count)) <= RUNGS.index(bears(slower, film, count))


@given(rates, rates, films)
def test_a_steady_line_ends_in_a_rung_that_only_rises_with_its_rate(one: int, other: int, film: int) -> None:
    ends = [run(Thin(1, Millis(0)), rate, 200, film=film)[-1] for rate in sorted((one, other))]
    assert RUNGS.index(ends[1]) <= RUNGS.index(ends[0])


@given(rates, films, cameras)
def test_no_rung_is_kept_that_the_line_does_not_bear(rate: int, film: int, count: int) -> None:
    thin = Thin(count, Millis(0))
    for rung in run(thin, rate, 200, film=film):
        assert RUNGS.index(rung) >= RUNGS.index(bears(rate, film, count))


@given(st.lists(st.none() | rates, max_size=60))
def test_whatever_came_before_a_dead_line_gets_statements_alone_at_once(before: list[int | None]) -> None:
    thin = Thin(1, Millis(0))
    for second, rate in enumerate(before):
        thin.measured(rate, FILM, Millis(second * 1000))
    assert thin.measured(0, FILM, Millis(len(before) * 1000)) == "none"


@given(st.lists(st.none() | rates, min_size=2, max_size=400))
def test_it_never_flaps(line: list[int | None]) -> None:
    thin, ups, before = Thin(1, Millis(0)), [], START
    for second, rate in enumerate(line):
        rung = thin.measured(rate, FILM, Millis(second * 1000))
        if RUNGS.index(rung) < RUNGS.index(before):
            ups.append(second * 1000)
        before = rung
    assert all(later - earlier > PATIENCE for earlier, later in pairwise(ups))
    assert all(first >= FIRST for first in ups[:1])


@given(st.integers(8, 2_000))
def test_a_line_that_goes_up_and_down_is_trusted_less_each_time(turns: int) -> None:
    """The film fits for as long as it takes to be believed, then does not, again and again: of so many turns only a few are followed."""
    thin, ups, before, now = Thin(1, Millis(0)), 0, START, 0
    for _ in range(turns):
        for rate in [2_000_000] * 40 + [100_000] * 2:
            now += 1000
            rung = thin.measured(rate, FILM, Millis(now))
            ups += RUNGS.index(rung) < RUNGS.index(before)
            before = rung
    assert ups <= 2


def test_a_line_that_was_never_measured_begins_with_small_pictures_and_ends_with_none() -> None:
    rungs = run(Thin(1, Millis(0)), None, 100)
    assert rungs[0] == START == "small"
    assert rungs.index("none") * 1000 == UNKNOWN
    assert set(rungs[UNKNOWN // 1000 :]) == {"none"}


def test_a_good_line_gets_the_full_film_after_one_calm_time() -> None:
    rungs = run(Thin(1, Millis(0)), 5_000_000, 60)
    assert rungs.index("full") * 1000 == FIRST
    assert set(rungs) == {START, "full"}


def test_after_an_outage_the_way_up_is_one_step_to_what_the_slowest_moment_bears() -> None:
    thin = Thin(1, Millis(0))
    assert run(thin, 0, 5)[-1] == "none"
    slowest = int(NEEDS["small"] * ROOM) + 1
    rungs = [thin.measured(slowest if second == 9 else 5_000_000, FILM, Millis((5 + second) * 1000)) for second in range(40)]
    assert list(dict.fromkeys(rungs)) == ["none", "small"]


def test_the_rung_of_each_line_of_the_issue() -> None:
    assert [bears(rate, FILM) for rate in (2_000, 16_000, 64_000, 256_000, 1_000_000)] == ["none", "still", "slow", "small", "full"]
    assert bears(int(FILM * OVER) - 1, FILM) == "small"


def test_patience_ends_somewhere() -> None:
    thin, now = Thin(1, Millis(0)), 0
    for _ in range(30):
        for rate in [2_000_000] * (MOST_PATIENCE // 1000 + 2) + [1_000]:
            now += 1000
            rung = thin.measured(rate, FILM, Millis(now))
        assert rung == "none"
        assert thin._patience <= MOST_PATIENCE


def test_the_weight_of_a_film_is_that_of_its_last_minute() -> None:
    weight = Weight(640_000)
    assert weight.bits == 640_000
    for _ in range(40):
        weight.add(100_000, Millis(4_000))
    for _ in range(15):
        weight.add(50_000, Millis(4_000))
    assert weight.bits == 100_000
