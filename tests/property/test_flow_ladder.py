# SPDX-License-Identifier: Apache-2.0
"""A busy computer takes fewer pictures, comes back when it is calm, and does not swing between two rates."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.ladder import LEAST, MOST_PATIENCE, PATIENCE, SPAN, Ladder, Step, rungs_of, sizes_of


def run(ladder: Ladder, seconds: int, cost: float, begin: int = 0, full: float | None = None) -> list[tuple[int, Step]]:
    """Let every picture cost `cost` milliseconds (`full` at 10 a second) for so long; return the steps with their times."""
    steps, now, free = [], float(begin), float(begin)
    while now < begin + seconds * 1000:
        began = max(now, free)
        free = began + (full if full is not None and ladder.fps == 10 else cost)
        step = ladder.worked(Millis(int(began)), Millis(int(free)))
        if step is not None:
            steps.append((int(free), step))
        now = max(now + 1000 / ladder.fps, free)
    return steps


def test_a_computer_with_time_keeps_the_rate() -> None:
    assert run(Ladder(10), 3_600, 40) == []


def test_a_slow_computer_ends_at_a_rate_that_it_can_keep() -> None:
    ladder = Ladder(10)
    run(ladder, 600, 200)
    assert 200 * ladder.fps <= 1_000
    assert ladder.fps >= 3


def test_it_goes_no_lower_than_the_last_rung() -> None:
    ladder = Ladder(25)
    run(ladder, 600, 5_000)
    assert ladder.fps == LEAST


def test_it_comes_back_to_the_full_rate_after_a_calm_time() -> None:
    ladder = Ladder(10)
    run(ladder, 60, 200)
    low = ladder.fps
    steps = run(ladder, 3_600, 20, 100_000)
    assert low < 10
    assert ladder.fps == 10
    assert all(step.reason == "calm" for _, step in steps)
    assert steps[0][0] >= 100_000 + PATIENCE


def test_load_at_the_edge_does_not_make_it_swing() -> None:
    """At the lower rate there seems to be room for the upper one, at the upper one there is none: each vain step up doubles the wait."""
    ladder = Ladder(10)
    steps = run(ladder, 6 * 3_600, 50, full=130)
    ups = [at for at, step in steps if step.reason == "calm"]
    gaps = [later - earlier for earlier, later in zip(ups, ups[1:], strict=False)]
    assert 5 < len(ups) < 35
    assert gaps[-1] >= MOST_PATIENCE / 2


def test_sizes_are_of_the_full_shape_and_whole_squares_wide() -> None:
    assert sizes_of(1280, 720) == ((1280, 720), (960, 540), (640, 360))
    assert sizes_of(768, 576) == ((768, 576), (576, 432), (384, 288))
    assert sizes_of(320, 180) == ((320, 180), (240, 136))
    assert sizes_of(160, 90) == ((160, 90),)


@given(st.integers(16, 4096), st.integers(16, 2160))
def test_every_size_is_smaller_than_the_one_before_even_and_of_the_same_shape(half: int, tall: int) -> None:
    full = (2 * half, 2 * tall)
    sizes = sizes_of(*full)
    assert sizes[0] == full
    for (wide, high), (narrow, low) in zip(sizes, sizes[1:], strict=False):
        assert narrow < wide
        assert low <= high
        assert narrow % 16 == low % 2 == 0
        assert abs(low - full[1] * narrow / full[0]) <= 1


def test_the_size_goes_only_when_the_rate_is_used_up_and_comes_back_first() -> None:
    sizes = sizes_of(1280, 720)
    ladder = Ladder(10, sizes)
    steps = [step for _, step in run(ladder, 120, 2_000)]
    assert [step.size for step in steps] == [sizes[0]] * len(rungs_of(10)[1:]) + list(sizes[1:])
    assert {step.fps for step in steps if step.size != sizes[0]} == {LEAST}
    back = [step for _, step in run(ladder, 7_200, 5, 200_000)]
    assert [step.size for step in back[:2]] == [sizes[1], sizes[0]]
    assert (ladder.fps, ladder.size) == (10, sizes[0])


def test_a_smaller_picture_is_not_given_up_while_the_larger_one_would_be_too_much() -> None:
    ladder = Ladder(2, sizes_of(1280, 720))
    run(ladder, 8, 480)
    assert ladder.size == (960, 540)
    assert run(ladder, 3_600, 480 * 9 // 16, 20_000) == []


@settings(max_examples=60, deadline=None)
@given(fps=st.integers(2, 60), spans=st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 20_000)), max_size=80))
def test_rate_and_size_are_always_a_rung_and_change_by_one_at_most_once_a_span(fps: int, spans: list[tuple[int, int]]) -> None:
    sizes = sizes_of(1280, 720)
    ladder, now, last = Ladder(fps, sizes), 0, None
    rungs = [*((rate, sizes[0]) for rate in rungs_of(fps)), *((LEAST, size) for size in sizes[1:])]
    for busy, idle in spans:
        before = rungs.index((ladder.fps, ladder.size))
        step = ladder.worked(Millis(now), Millis(now + busy))
        now += busy
        after = rungs.index((ladder.fps, ladder.size))
        assert abs(after - before) == (step is not None)
        if step is not None:
            assert (step.fps, step.size) == (ladder.fps, ladder.size)
            assert step.reason == ("busy" if after > before else "calm")
            assert last is None or now - last >= SPAN
            last = now
        now += idle
    assert rungs == sorted(set(rungs), reverse=True)
