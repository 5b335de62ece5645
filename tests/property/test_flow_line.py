# SPDX-License-Identifier: Apache-2.0
"""What is measured of a line, what a part of it is, and who may ask a server: sums on a clock that is moved by hand."""

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.gate import LONGEST, Gate
from kua.flow.meter import FIRST_CHUNK, GROWTH, LEAST_CHUNK, MOST_CHUNK, SPAN, TELLING, Meter


def at(seconds: float) -> Millis:
    return Millis(int(seconds * 1000))


def test_the_rate_of_two_lanes_that_send_at_once_is_that_of_the_line() -> None:
    meter = Meter()
    meter.carried(8_000, at(0), at(2))
    meter.carried(8_000, at(0), at(2))
    assert meter.rate(at(2)) == 64_000
    meter.carried(16_000, at(10), at(12))  # the pause before it says nothing
    assert meter.rate(at(12)) == 64_000


def test_nothing_is_known_of_a_line_that_carried_nothing_of_late_or_only_crumbs() -> None:
    meter = Meter()
    assert meter.rate(at(0)) is None
    meter.carried(TELLING - 1, at(0), at(1))
    assert meter.rate(at(1)) is None
    meter.carried(TELLING, at(0), at(1))
    assert meter.rate(at(1)) == TELLING * 8
    assert meter.rate(Millis(1_000 + SPAN + 1)) is None
    assert meter.chunk(Millis(1_000 + SPAN + 1)) == FIRST_CHUNK


@given(st.lists(st.tuples(st.integers(1, 10_000_000), st.integers(0, 5_000), st.integers(0, 60_000)), max_size=40))
def test_a_part_is_two_seconds_of_the_line_within_bounds_and_grows_step_by_step(parts: list[tuple[int, int, int]]) -> None:
    meter, now, largest = Meter(), 0, 0
    for size, pause, lasts in parts:
        now += pause
        meter.carried(size, Millis(now), Millis(now + lasts))
        now += lasts
        largest = max(largest, size)
        chunk, rate = meter.chunk(Millis(now)), meter.rate(Millis(now))
        assert LEAST_CHUNK <= chunk <= max(LEAST_CHUNK, min(MOST_CHUNK, GROWTH * largest))
        if rate is not None:
            assert chunk <= max(LEAST_CHUNK, rate * 2 // 8)


def test_a_first_part_that_a_buffer_swallowed_does_not_make_the_next_one_a_whole_film() -> None:
    meter = Meter()
    meter.carried(FIRST_CHUNK, at(0), Millis(2))
    assert meter.chunk(at(1)) == GROWTH * FIRST_CHUNK


@given(st.integers(4, 5_000), st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=400))
def test_no_more_are_answered_than_were_declared(rate: int, asks: list[tuple[int, bool]]) -> None:
    gate, now, answered, film_answered = Gate(rate), 0, 0, 0
    for pause, film in asks:
        now += pause
        wait = gate.wait(Millis(now), film=film)
        assert 0 <= wait <= LONGEST
        answered += wait == 0
        film_answered += film and wait == 0
        assert answered <= rate * (now / 1000 + 0.25) + 2
        assert film_answered <= 0.76 * rate * (now / 1000 + 0.25) + 2


def test_those_who_are_turned_away_are_told_times_of_their_own_at_the_rate_of_the_server() -> None:
    gate = Gate(100)
    waits = sorted(wait for wait in (gate.wait(Millis(0), film=False) for _ in range(1_000)) if wait)
    assert len(waits) >= 970
    for second in range(1, 9):
        assert sum(second * 1000 <= wait < (second + 1) * 1000 for wait in waits) <= 101


def test_film_leaves_room_for_statements() -> None:
    gate = Gate(100)
    film = sum(gate.wait(Millis(now), film=True) == 0 for now in range(0, 10_000, 2))
    statements = Gate(100)
    both = [
        (statements.wait(Millis(now), film=True) == 0, now % 50 == 0 and statements.wait(Millis(now), film=False) == 0)
        for now in range(0, 10_000, 2)
    ]
    assert 700 <= film <= 790
    assert sum(said for _, said in both) == 200
