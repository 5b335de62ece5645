# SPDX-License-Identifier: Apache-2.0
"""A busy computer takes fewer pictures, comes back when it is calm, and does not swing between two rates."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.ladder import LEAST, MOST_PATIENCE, PATIENCE, SPAN, Ladder, Step, rungs_of


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


@settings(max_examples=60, deadline=None)
@given(fps=st.integers(2, 60), spans=st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 20_000)), max_size=80))
def test_the_rate_is_always_a_rung_and_changes_by_one_at_most_once_a_span(fps: int, spans: list[tuple[int, int]]) -> None:
    ladder, rungs, now, last = Ladder(fps), rungs_of(fps), 0, None
    for busy, idle in spans:
        before = rungs.index(ladder.fps)
        step = ladder.worked(Millis(now), Millis(now + busy))
        now += busy
        after = rungs.index(ladder.fps)
        assert abs(after - before) == (step is not None)
        if step is not None:
            assert step.fps == ladder.fps
            assert step.reason == ("busy" if after > before else "calm")
            assert last is None or now - last >= SPAN
            last = now
        now += idle
    assert list(rungs) == sorted(set(rungs), reverse=True)
