# SPDX-License-Identifier: Apache-2.0
"""Who vouches for the station's clock: the centre's word holds for the clock that it was given for, not for one that was set since."""

import time

import pytest

from kua.adapters import clock as room
from kua.adapters.clock import SystemClock


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A computer without NTP whose wall clock is ahead by `wall[0]` milliseconds."""
    ahead, real = [0], time.time_ns
    monkeypatch.setattr(room, "_synchronised", lambda: False)
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead[0] * 1_000_000)
    return ahead


def test_a_centre_whose_time_agrees_vouches(wall: list[int]) -> None:
    """And one whose time does not, does not."""
    clock = SystemClock()
    assert clock.trust() == "none"
    clock.centre_says(clock.now(), clock.now())
    assert clock.trust() == "centre"
    wall[0] = -10_000
    clock.centre_says(type(clock.now())(clock.now() + 10_000), clock.now())
    assert clock.trust() == "none"


@pytest.mark.parametrize("step", [90_000, -90_000])
def test_a_clock_that_is_set_loses_the_centres_word(wall: list[int], step: int) -> None:
    """Until the centre is asked again."""
    clock = SystemClock()
    clock.centre_says(clock.now(), clock.now())
    wall[0] = step
    assert clock.trust() == "none"
    clock.centre_says(clock.now(), clock.now())
    assert clock.trust() == "centre"
