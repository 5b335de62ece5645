# SPDX-License-Identifier: Apache-2.0
"""A quota never lets more through than its bucket and its rate, and never keeps anybody waiting for longer than what was taken costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.quota import Quota

STEPS = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 4_000)), max_size=60)


@given(st.integers(1, 10_000), st.integers(1, 10_000), STEPS)
def test_what_is_let_through_is_at_most_the_bucket_the_rate_and_the_last_piece(rate: int, most: int, steps: list[tuple[int, int]]) -> None:
    quota, now, through, largest = Quota(rate, most), 0, 0, 0
    for pause, amount in steps:
        now += pause
        if quota.wait(Millis(now)) == 0:
            quota.spend(amount, Millis(now))
            through, largest = through + amount, max(largest, amount)
    assert through <= most + rate * now / 1000 + largest


@given(st.integers(1, 10_000), st.integers(1, 10_000), STEPS)
def test_whoever_waits_as_long_as_told_is_let_through_and_a_millisecond_earlier_is_not(rate: int, most: int, steps: list[tuple[int, int]]) -> None:
    quota, now = Quota(rate, most), 0
    for pause, amount in steps:
        now += pause
        quota.spend(amount, Millis(now))
        wait = quota.wait(Millis(now))
        if wait:
            assert quota.wait(Millis(now + wait - 1)) == 1
            now += wait
        assert quota.wait(Millis(now)) == 0


@given(STEPS)
def test_a_clock_that_goes_back_gives_nothing_away(steps: list[tuple[int, int]]) -> None:
    quota = Quota(10, 10)
    quota.spend(100, Millis(50_000))
    for back, _ in steps:
        assert quota.wait(Millis(50_000 - back)) == quota.wait(Millis(50_000)) > 0


@pytest.mark.parametrize(("rate", "most"), [(0, 1), (1, 0), (-1, 5)])
def test_a_quota_of_nothing_is_a_mistake(rate: int, most: int) -> None:
    with pytest.raises(ValueError, match=r"\("):
        Quota(rate, most)
