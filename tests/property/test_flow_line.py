# SPDX-License-Identifier: Apache-2.0
"""What is measured of a line, what a part of it is, and who may ask a server: sums on a clock that is moved by hand."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.gate import LONGEST, PROMISES, SHARE, Gate
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


@given(st.integers(1, 5_000), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5), st.booleans()), max_size=400))
def test_no_more_are_answered_than_were_declared(rate: int, asks: list[tuple[int, int, bool]]) -> None:
    gate, now = Gate(rate), 0
    answered: Counter[bool] = Counter()
    for pause, who, film in asks:
        now += pause
        wait = gate.wait(Millis(now), str(who), film=film)
        assert 0 <= wait <= LONGEST
        answered[film] += wait == 0
        assert answered[film] <= SHARE * rate * (now / 1000 + 1.25) + 2


def test_whoever_is_sent_away_is_told_a_time_of_his_own_and_it_is_kept_for_him() -> None:
    gate = Gate(100)
    waits = {str(number): gate.wait(Millis(0), str(number), film=False) for number in range(1_000)}
    later = {who: wait for who, wait in waits.items() if wait}
    assert len(later) >= 980
    for second in range(1, 9):
        assert sum(second * 1000 <= wait < (second + 1) * 1000 for wait in later.values()) <= 100 * SHARE + 1
    for who, wait in later.items():
        assert gate.wait(wait, "newcomer", film=False) > 0
        assert gate.wait(wait, who, film=False) == 0


def test_asking_again_gives_nobody_a_better_place() -> None:
    gate = Gate(10)
    for _ in range(20):
        gate.wait(Millis(0), "other", film=True)
    first = [gate.wait(Millis(0), "greedy", film=True) for _ in range(50)]
    assert len(set(first)) <= PROMISES
    assert gate.wait(Millis(0), "next", film=True) - max(first) < 1_000


def test_film_leaves_room_for_statements() -> None:
    gate = Gate(100)
    for now in range(0, 10_000, 5):
        gate.wait(Millis(now), f"film{now}", film=True)
        if now % 50 == 0:
            assert gate.wait(Millis(now), f"log{now}", film=False) == 0


def test_after_an_answer_the_next_place_is_told_only_where_there_is_a_crowd() -> None:
    gate = Gate(100)
    assert gate.wait(Millis(0), "a", film=True) == gate.after(Millis(50), "a") == 0
    for number in range(50):
        gate.wait(Millis(60), str(number), film=True)
    wait = gate.after(Millis(60), "a")
    assert wait >= 1_000
    assert gate.wait(Millis(60 + wait), "a", film=True) == 0
