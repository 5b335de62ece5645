# SPDX-License-Identifier: Apache-2.0
"""The light of a day hides nothing for good and shows nobody."""

from typing import Any

import numpy as np
import pytest

from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from tests.redteam.test_people_who_are_hard_to_see import HEIGHT, WIDTH, open_share, person, sensed, wall


def lit(bgr: Any, number: int, left: float, right: float) -> Any:
    """A picture under light that falls from so bright at the left border to so bright at the right one."""
    yuv = sensed(bgr, number)
    luma = yuv[:HEIGHT].astype(float)
    yuv[:HEIGHT] = np.clip(luma * np.linspace(left, right, WIDTH)[None, :], 16, 235)
    return yuv


def eye() -> Hider:
    return Hider(None, learn_room([RawFrame(Instant(500 * n), WIDTH, HEIGHT, sensed(wall(), n)) for n in range(12)]), DEFAULT, "voting")


def test_lamps_of_one_side_that_are_switched_off_hide_nothing_and_show_nobody() -> None:
    watching, empty, there = eye(), wall(), wall()
    person(there, 420, 330, 160)
    for number in range(20):
        sides = (1.0, 1.0) if number < 10 else (1.0, 0.72)
        safe = watching.step(RawFrame(Instant(1_000 * number), WIDTH, HEIGHT, lit(empty, number, *sides)))
    assert safe.reason is None
    assert safe.hidden.mean() < 0.05
    for number in range(20, 24):
        safe = watching.step(RawFrame(Instant(1_000 * number), WIDTH, HEIGHT, lit(there, number, 1.0, 0.72)))
    assert open_share(safe, 420, 330 - 160 + 22, 17, 22) == 0


def test_brightness_follows_only_where_nothing_was_hidden_for_ten_minutes() -> None:
    watching, there = eye(), wall()
    person(there, 300, 330, 150)
    for number in range(180):
        safe = watching.step(RawFrame(Instant(5_000 * number), WIDTH, HEIGHT, sensed(there if number > 3 else wall(), number % 7)))
    drift = watching._comparer._drift  # type: ignore[union-attr]
    assert open_share(safe, 300, 330 - 150 + 21, 17, 21) == 0
    # Where the figure stands the room follows its neighbours, which do no more than flicker, and never the figure.
    assert float(np.abs(drift[(330 - 150) // 4 : 330 // 4, 270 // 4 : 330 // 4]).max()) < 3
    assert drift.any()


def test_a_morning_of_changing_light() -> None:
    from benchmarks.bench_day import lived

    shares, heads = lived(1.4, 20)
    assert max(shares) < 0.05
    assert not heads


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_a_whole_day_of_changing_light_shows_nobody_and_does_not_hide_the_room() -> None:
    from benchmarks.bench_day import HOURS, lived

    shares, heads = lived(HOURS)
    assert min(heads) >= 0.5
    assert max(shares) < 0.05
